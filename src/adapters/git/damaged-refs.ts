/**
 * A ref of ours that git can neither read nor write: a power cut has left its file without content, or a worker has put something else there.
 *
 * Owns: the run's own branch and its rescue refs, mended; what stands in the way of a branch. Does not own: worktrees (damaged-worktree).
 *
 * Invariants: 1. What has content is moved aside, never removed. 2. No other ref that git can read is touched.
 */
import { randomBytes } from 'node:crypto';
import { type Dirent, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { blocker } from '../../model/blocker.ts';
import type { Blocker } from '../../model/error.ts';
import { isThereBlank } from './damaged-worktree.ts';
import { shown } from './git-environment.ts';
import { entryAt, replaceFile, smallTextOf } from './git-files.ts';
import { commitOf, type GitContext, inRepository, moveAside } from './worktree.ts';

/** Branches in the way of another one that are named at once. */
const BRANCHES_NAMED = 20;

/** A ref that only Pawl makes does not stand half-written: it is as if it had never been made. */
export function dropBlankRef({ commonDir }: GitContext, ref: string): void {
  const file = join(commonDir, ref);
  if (isThereBlank(file)) rmSync(file);
}

/**
 * The run's branch has a commit again, if its file has lost it or is gone: the last one that its own log names, else `known`; with neither it is
 * as if the branch had never been made.
 */
export async function mendBranch(git: GitContext, branch: string, known: string | null): Promise<void> {
  const ref = `refs/heads/${branch}`;
  const file = join(git.commonDir, ref);
  if (!isThereBlank(file)) {
    if (known === null || (await commitOf(git, ref)) !== null) return;
    const made = (await lastLogged(git, ref)) ?? known;
    const make = ['update-ref', '--no-deref', '-m', 'pawl: branch of a run', ref, made, ''];
    // Somebody else has made it, or a branch that stands in its way: that is for those who ask for it next.
    await git.run(inRepository(git, make, { answers: [0, 128] }));
    return;
  }
  const commit = (await lastLogged(git, ref)) ?? known;
  if (commit === null) return rmSync(file);
  // Not by git, which refuses to lock such a ref; and not beside it, where git would take the new file for a branch.
  const made = join(git.commonDir, `pawl-ref-${randomBytes(6).toString('hex')}`);
  replaceFile(made, `${commit}\n`, 0o644);
  renameSync(made, file);
}

/** Short names of branches that keep `branch` from being made, at most `BRANCHES_NAMED`: git keeps them as files, so that `a` and `a/b` cannot both be. */
export async function branchesInWay(git: GitContext, branch: string): Promise<string[]> {
  const below = `refs/heads/${branch}/`;
  const list = ['for-each-ref', `--count=${BRANCHES_NAMED}`, '--format=%(refname)', below];
  const names = (await git.run(inRepository(git, list, { isRead: true }))).text.split('\n').filter((ref) => ref !== '');
  for (const ref of refsAbove(branch)) if ((await commitOf(git, ref)) !== null) names.push(ref);
  return names.map((ref) => ref.slice('refs/heads/'.length)).slice(0, BRANCHES_NAMED);
}

/** The blocker where these branches keep `branch` from being made. */
export function branchInWay(branch: string, inWay: readonly string[]): Blocker {
  const names = inWay.map((name) => shown(name));
  return blocker('PAWL_WORKSPACE_BRANCH_IN_WAY', { branch: shown(branch), names }, inWay);
}

/** The names above that of the branch, which none may have with it. */
function refsAbove(branch: string): string[] {
  const parts = branch.split('/').slice(0, -1);
  return parts.map((_, n) => `refs/heads/${parts.slice(0, n + 1).join('/')}`);
}

/**
 * Where git keeps a branch that was made before, its lock and its log, lies nothing that git cannot read: it is moved to `keptFolder`. Nothing is
 * moved while another branch is in the way.
 */
export async function clearBranchPlace(git: GitContext, branch: string, keptFolder: string): Promise<void> {
  const ref = `refs/heads/${branch}`;
  const inGit = (path: string): string => join(git.commonDir, path);
  const above = refsAbove(branch);
  const strays = [
    ...above.filter((path) => isNoFolder(inGit(path))),
    ...[ref].filter((path) => isUnreadableRef(inGit(path))),
    ...[`${ref}.lock`].filter((path) => isFilledFolder(inGit(path))),
    ...above.map((path) => `logs/${path}`).filter((path) => isNoFolder(inGit(path))),
    ...[`logs/${ref}`].filter((path) => isFilledFolder(inGit(path))),
  ];
  if (strays.length === 0 || (await branchesInWay(git, branch)).length > 0) return;
  // Not by their paths, of which one could be a folder of another.
  for (const path of strays) moveAside(inGit(path), keptFolder, keptName(path));
}

function keptName(path: string): string {
  if (path.startsWith('logs')) return 'branch.log';
  return path.endsWith('.lock') ? 'branch.lock' : 'branch';
}

/** True for what is there and is not a folder, nor leads to one. */
function isNoFolder(path: string): boolean {
  return entryAt(path)?.isDirectory() === false && statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true;
}

/** True for a folder that holds more than folders: git itself removes those. */
function isFilledFolder(path: string): boolean {
  return (
    entryAt(path)?.isDirectory() === true &&
    readdirSync(path, { recursive: true, withFileTypes: true }).some(isNoDirectory)
  );
}

function isNoDirectory(entry: Dirent): boolean {
  return !entry.isDirectory();
}

/** True for what says something, and neither names a commit nor another ref. */
function isUnreadableRef(path: string): boolean {
  if (isFilledFolder(path)) return true;
  const entry = entryAt(path);
  if (entry === undefined || entry.isDirectory() || entry.isSymbolicLink() || isThereBlank(path)) return false;
  return !/^(ref: |[0-9a-f]{40})/.test(smallTextOf(path) ?? '');
}

/** The commit that the log of `ref` was led to last, if it can be read. */
async function lastLogged(git: GitContext, ref: string): Promise<string | null> {
  const log = smallTextOf(join(git.commonDir, 'logs', ref)) ?? '';
  const [, last = null] = /^[0-9a-f]{40,64} ([0-9a-f]{40,64}) /.exec(log.trimEnd().split('\n').at(-1) ?? '') ?? [];
  return last === null ? null : commitOf(git, last);
}
