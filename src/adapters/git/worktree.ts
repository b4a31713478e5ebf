/**
 * A linked worktree as git administers it: a folder, its `.git` link, and its own folder under `.git/worktrees`.
 *
 * Owns: finding it by its path, the shape of calls inside of it, who holds a branch, mending its link.
 * Does not own: making it (workspace), its content (worktree-tree, rescue).
 *
 * Invariants: 1. A worktree is ours only if the repository's own administration says so; what its `.git` claims is never believed.
 * 2. `git worktree prune` is never run: it would touch the user's other worktrees (L8).
 */
import { cpSync, lstatSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { blockerError } from '../../blockers/blocker-error.ts';
import { blocker } from '../../model/blocker.ts';
import { systemCode } from '../../model/error.ts';
import { shown } from './git-environment.ts';
import { linkIn, namesIn, pathIn, replaceFile, smallTextOf, textOf } from './git-files.ts';
import type { GitCall, GitRun } from './run-git.ts';

/** The repository that a call is about, and the way to call git in it. */
export interface GitContext {
  readonly repository: string;
  readonly commonDir: string;
  readonly run: GitRun;
  /** What was written on the disks of some paths is on them for good. */
  readonly syncDisks: (paths: readonly string[]) => Promise<void>;
}

/** A linked worktree: its folder and git's own folder for it. */
export interface Worktree {
  readonly path: string;
  /** `<common>/worktrees/<id>`: HEAD and index of this worktree. */
  readonly adminDir: string;
  /** The repository's git folder, by the repository's own word: what the administration says of it is never believed. */
  readonly commonDir: string;
}

/** What a call may say besides its words and its place. */
export type CallExtra = Partial<Pick<GitCall, 'env' | 'input' | 'answers' | 'isRead' | 'onBytes'>>;

/** A call that concerns the repository and no files. */
export function inRepository(git: GitContext, args: readonly string[], extra: CallExtra = {}): GitCall {
  return { args, cwd: git.repository, gitDir: git.commonDir, workTree: null, ...extra };
}

/** A call inside of a worktree. */
export function inWorktree(worktree: Worktree, args: readonly string[], extra: CallExtra = {}): GitCall {
  const { path, adminDir } = worktree;
  return { args, cwd: path, gitDir: adminDir, workTree: path, ...extra, env: { ...commonOf(worktree), ...extra.env } };
}

/** For git the file `commondir` of the administration would say it, which a worker can write. */
function commonOf({ commonDir }: Worktree): Record<string, string> {
  return { GIT_COMMON_DIR: commonDir };
}

/** A call that concerns a worktree's HEAD and refs: it works even when the folder itself is gone. */
export function inAdministration(
  git: GitContext,
  worktree: Worktree,
  args: readonly string[],
  extra: CallExtra = {},
): GitCall {
  const env = { ...commonOf(worktree), ...extra.env };
  return { args, cwd: git.repository, gitDir: worktree.adminDir, workTree: null, ...extra, env };
}

/** Longer than any path that a system takes: a file that should hold a path may hold anything. */
const PATH_CHARS_MAX = 4_096;

/** The path with every part of it resolved that can be, so that two names of one place compare equal. */
export function canonicalPath(path: string): string {
  const absolute = resolve(path);
  if (absolute.length > PATH_CHARS_MAX) return absolute;
  try {
    return realpathSync(absolute);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    // Not there, or not to be looked at: what is above it says where it would be.
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(canonicalPath(parent), basename(absolute));
  }
}

/** What was found where a worktree belongs. */
export type FolderLook = 'absent' | 'empty' | 'linkOnly' | 'full' | 'other';

/** What stands at `path`: `linkOnly` is a folder with a `.git` file and nothing else, `other` is not a folder. */
export function lookAtFolder(path: string): FolderLook {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'absent';
  if (!stat.isDirectory()) return 'other';
  const names = readdirSync(path);
  if (names.length === 0) return 'empty';
  return names.length === 1 && names[0] === '.git' && lstatSync(join(path, '.git')).isFile() ? 'linkOnly' : 'full';
}

/** Git's folders for the worktrees of a repository, sorted. */
export function adminDirs(commonDir: string): readonly string[] {
  const folder = join(commonDir, 'worktrees');
  return namesIn(folder).map((name) => join(folder, name));
}

/** The folder that a registration names, whether or not anything is there; null where it names none. */
export function registeredPlace(adminDir: string): string | null {
  const link = pathIn(join(adminDir, 'gitdir'));
  return link ? canonicalPath(dirname(resolve(adminDir, link))) : null;
}

/**
 * The worktree that the repository has registered at `path`, whole or half-made; null when there is none. A link at `path` is no worktree:
 * what it leads to is somebody else's.
 */
export function findWorktree(commonDir: string, path: string): Worktree | null {
  if (lookAtFolder(path) === 'other') return null;
  const wanted = canonicalPath(path);
  for (const adminDir of adminDirs(commonDir)) {
    if (registeredPlace(adminDir) === wanted) return { path: wanted, adminDir, commonDir };
  }
  return null;
}

/** The worktree at `path`. Throws PAWL_WORKSPACE_FOREIGN when the repository knows none there. */
export function openWorktree(git: GitContext, path: string): Worktree {
  const worktree = findWorktree(git.commonDir, path);
  if (worktree !== null && lookAtFolder(path) !== 'absent' && isAdministered(worktree)) return worktree;
  const params = { reason: 'unknown', path: shown(path), repository: shown(git.repository) } as const;
  throw blockerError(blocker('PAWL_WORKSPACE_FOREIGN', params, [path]), { subject: path, kind: 'needsHuman' });
}

/** True when the worktree's administration leads to the repository: git finds its refs by that file alone, which a worker can write. */
function isAdministered({ adminDir, commonDir }: Worktree): boolean {
  const named = pathIn(join(adminDir, 'commondir'));
  return named !== null && canonicalPath(resolve(adminDir, named)) === canonicalPath(commonDir);
}

/** The worktree's administration leads to the repository. */
export function mendAdministration(worktree: Worktree): void {
  if (isAdministered(worktree)) return;
  replaceFile(join(worktree.adminDir, 'commondir'), '../..\n', 0o644);
}

/** True when the folder's `.git` leads to its registered place, and that to the repository. */
export function isLinkWhole(worktree: Worktree): boolean {
  if (!isAdministered(worktree)) return false;
  const link = join(worktree.path, '.git');
  const stat = lstatSync(link, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) return false;
  const claim = linkIn(link);
  return claim !== null && canonicalPath(resolve(worktree.path, claim)) === canonicalPath(worktree.adminDir);
}

/** The folder is there and its `.git` leads to its registered place; what stood in the way is moved to `keptFolder`. */
export function mendLink(worktree: Worktree, keptFolder: string): void {
  mkdirSync(worktree.path, { recursive: true });
  mendAdministration(worktree);
  if (isLinkWhole(worktree)) return;
  const link = join(worktree.path, '.git');
  const stat = lstatSync(link, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isFile()) moveAside(link, keptFolder, 'git');
  // Not through a temporary file: killed half-way it is mended again, where a temporary file would be left among the user's.
  writeFileSync(link, `gitdir: ${worktree.adminDir}\n`);
}

/** Where what stands in the way of a worktree, and what no commit can hold of it, is kept. */
export function keptBeside(worktree: string): string {
  return `${worktree}.kept`;
}

/** Where in such a folder that is kept which stood in the place of the branch, or of files of the worktree's administration. */
export function straysIn(keptFolder: string): string {
  return join(keptFolder, 'in-the-way');
}

/** Moves `path` into `keptFolder` under `name`, or `name-2`, … when that is taken. Returns where it is now. */
export function moveAside(path: string, keptFolder: string, name: string): string {
  for (let n = 1; ; n += 1) {
    const target = join(keptFolder, n === 1 ? name : `${name}-${n}`);
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) continue;
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    move(path, target);
    return target;
  }
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    // The registry may be on another disk than the repository.
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    rmSync(from, { recursive: true, force: true });
  }
}

/** The commit that `name` means; null when it means none. */
export async function commitOf(git: GitContext, name: string, worktree?: Worktree): Promise<string | null> {
  const args = ['rev-parse', '--verify', '--quiet', `${name}^{commit}`];
  const extra = { answers: [0, 1, 128], isRead: true };
  const output = await git.run(
    worktree ? inAdministration(git, worktree, args, extra) : inRepository(git, args, extra),
  );
  return output.exitCode === 0 ? output.text.trim() : null;
}

/** The tree of a commit. */
export async function treeOf(git: GitContext, commit: string): Promise<string> {
  const output = await git.run(inRepository(git, ['rev-parse', '--verify', `${commit}^{tree}`], { isRead: true }));
  return output.text.trim();
}

/** True when `commit` is `ancestor` or descends from it. */
export async function isDescended(git: GitContext, ancestor: string, commit: string): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', ancestor, commit];
  return (await git.run(inRepository(git, args, { answers: [0, 1], isRead: true }))).exitCode === 0;
}

/** The full name of the ref that a worktree's HEAD names; null when it is detached or damaged. */
export async function headRef(git: GitContext, worktree: Worktree): Promise<string | null> {
  const args = ['symbolic-ref', '-q', 'HEAD'];
  const output = await git.run(inAdministration(git, worktree, args, { answers: [0, 1, 128], isRead: true }));
  return output.exitCode === 0 ? output.text.trim() : null;
}

/** Where, outside of `except`, a branch is checked out or being rebased. */
export async function branchHolders(git: GitContext, branch: string, except: string): Promise<string[]> {
  const ref = `refs/heads/${branch}`;
  const holders: string[] = [];
  let path = '';
  for (const line of await worktreeLines(git)) {
    if (line.startsWith('worktree ')) path = line.slice('worktree '.length);
    if (line === `branch ${ref}`) holders.push(path);
  }
  // Git lists no branch for the main worktree where `core.bare` says that there is none, which a worker can write.
  const isMains = textOf(join(git.commonDir, 'HEAD'))?.trim() === `ref: ${ref}`;
  if (isMains && !holders.includes(git.repository)) holders.push(git.repository);
  for (const dir of [git.commonDir, ...adminDirs(git.commonDir)]) {
    const isRebased = ['rebase-merge', 'rebase-apply'].some(
      (name) => textOf(join(dir, name, 'head-name'))?.trim() === ref,
    );
    const link = pathIn(join(dir, 'gitdir'));
    if (isRebased) holders.push(link ? dirname(resolve(dir, link)) : git.repository);
  }
  const own = canonicalPath(except);
  return holders.filter((holder) => canonicalPath(holder) !== own);
}

/** What git says of the worktrees that it has registered. */
async function worktreeLines(git: GitContext): Promise<readonly string[]> {
  const list = ['worktree', 'list', '--porcelain'];
  const { exitCode, text } = await git.run(inRepository(git, [...list, '-z'], { answers: [0, 129], isRead: true }));
  if (exitCode === 0) return text.split('\0');
  // Before 2.36 git knows no -z: there a path with a line end is cut short.
  return (await git.run(inRepository(git, list, { isRead: true }))).text.split('\n');
}

/** HEAD of the worktree stands at its commit, on no branch; its files and index are as they were. */
export async function detach(git: GitContext, worktree: Worktree): Promise<void> {
  mendAdministration(worktree);
  const head = await commitOf(git, 'HEAD', worktree);
  if (head === null || (await headRef(git, worktree)) === null) return;
  const args = ['update-ref', '--no-deref', '-m', 'pawl: release the branch', 'HEAD', head];
  await git.run(inAdministration(git, worktree, args));
}

/** Those of the worktrees at `paths` whose HEAD names a branch, read without starting git. A link at a path is no worktree, see `findWorktree`. */
export function holdingBranches({ commonDir }: GitContext, paths: readonly string[]): Worktree[] {
  const holders = adminDirs(commonDir).flatMap((adminDir) => {
    const path = registeredPlace(adminDir);
    const isHolding = path !== null && smallTextOf(join(adminDir, 'HEAD'))?.startsWith('ref: ') === true;
    return isHolding ? [{ path, adminDir, commonDir }] : [];
  });
  // Of many runs that have ended few still hold a branch.
  if (holders.length === 0) return [];
  const wanted = new Set(paths.filter((path) => lookAtFolder(path) !== 'other').map(canonicalPath));
  return holders.filter(({ path }) => wanted.has(path));
}
