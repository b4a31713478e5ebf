/**
 * A worktree of ours whose administration is damaged: by a power cut (files without content, names that are gone), or by a worker that has written
 * into it.
 *
 * Owns: telling that it is ours all the same, and its administration mended. Does not own: what it holds (rescue, workspace), its branch
 * (damaged-refs).
 *
 * Invariants: 1. It is ours by its place and its name together, and by its mark or its own link: a folder whose link leads elsewhere, or that has
 * a repository of its own, is a stranger's where the administration does not name it. 2. Only what says nothing, or leads where nothing leads
 * back, is written anew or removed; what git expects to be a file and is none is moved aside.
 *
 * A cut takes the content of files that were not synced, more often than their names, and git syncs nothing of what `worktree add` writes.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { settleIndex } from './checkout.ts';
import { entryAt, isHead, linkIn, replaceFile, smallTextOf } from './git-files.ts';
import {
  adminDirs,
  canonicalPath,
  type FolderLook,
  findWorktree,
  type GitContext,
  lookAtFolder,
  mendAdministration,
  moveAside,
  registeredPlace,
  type Worktree,
} from './worktree.ts';
import { markOf } from './worktree-marks.ts';

/** What git keeps as files in the administration of a worktree; of anything else in their place it could read nothing, and write nothing there. */
const ADMIN_FILES = ['HEAD', 'ORIG_HEAD', 'index', 'gitdir', 'commondir'];

/** How the ids of runs begin, after which their worktrees are named. */
const RUN_ID_BEGIN = 'run_';

/** True for a file that does not exist, or that says nothing: empty, or the zeros that some file systems leave in place of content. */
function isBlank(path: string): boolean {
  return fileLook(path) !== 'other';
}

/** True for a file that is there and says nothing. */
export function isThereBlank(path: string): boolean {
  return fileLook(path) === 'blank';
}

function fileLook(path: string): 'absent' | 'blank' | 'other' {
  const entry = entryAt(path);
  if (entry === undefined) return 'absent';
  if (!entry.isFile()) return 'other';
  const text = entry.size === 0 ? '' : smallTextOf(path);
  return text !== null && /^[\0\s]*$/.test(text) ? 'blank' : 'other';
}

/** The worktree that is registered at `path`, else the one of that run there whose registration was damaged; null when there is none. */
export function findOwnWorktree(commonDir: string, path: string, runId: string): Worktree | null {
  const known = findWorktree(commonDir, path);
  if (known !== null || lookAtFolder(path) === 'other') return known;
  const own = canonicalPath(path);
  const link = linkAt(own);
  if (link === 'foreign') return null;
  for (const adminDir of ownNames(commonDir, own)) {
    const isLinked = link === adminDir && lookAtFolder(path) === 'full';
    const isMarked = markOf({ adminDir })?.runId === runId && (link === 'blank' || link === adminDir);
    // With both it is ours even where it names a copy, which leads to it as well.
    const isOurs = isAdrift(adminDir) ? isLinked || isMarked : isLinked && isMarked;
    if (isOurs) return { path: own, adminDir, commonDir };
  }
  return null;
}

/**
 * The place of a worktree of `runId` that was made at `path` and is registered no more (`git worktree remove`, `prune`), with a folder of files
 * there that has no link, or one that says nothing: the registration to make anew for it. Null where the folder is a link, has a repository or a
 * link of its own, or where the registration under its name is another run's. Changes nothing.
 */
export function findUnregistered(commonDir: string, path: string, runId: string): Worktree | null {
  if (lookAtFolder(path) !== 'full' || !isBlank(join(path, '.git'))) return null;
  const own = canonicalPath(path);
  const names = ownNames(commonDir, own);
  const adrift = names.filter(isAdrift);
  const isOurs = (adminDir: string): boolean => markOf({ adminDir })?.runId === runId;
  if (adrift.some((adminDir) => markOf({ adminDir }) !== null && !isOurs(adminDir))) return null;
  const isFree = (adminDir: string): boolean => !existsSync(adminDir) || isOrphan(adminDir);
  const folder = join(canonicalPath(commonDir), 'worktrees');
  const numbered = ['', ...names.map((_, n) => n + 1)].map((n) => join(folder, `${basename(own)}${n}`));
  const adminDir = adrift.find(isOurs) ?? numbered.find(isFree);
  return adminDir === undefined ? null : { path: own, adminDir, commonDir };
}

/** True for a folder that holds nothing but what a cut `worktree add` for that path has left of the link. */
export function isLinkLeftOver(commonDir: string, path: string, folder: FolderLook): boolean {
  if (folder !== 'linkOnly') return false;
  const own = canonicalPath(path);
  const link = linkAt(own);
  return link === 'blank' || ownNames(commonDir, own).some((adminDir) => adminDir === link);
}

/** Registrations that a killed or cut `worktree add` for `path` has left without a path in them: their name alone says whose they are. */
export function removeOrphans(commonDir: string, path: string): void {
  for (const adminDir of ownNames(commonDir, canonicalPath(path))) {
    if (isOrphan(adminDir)) rmSync(adminDir, { recursive: true, force: true });
  }
}

/** True for a registration that names no folder which leads back to it. */
function isAdrift(adminDir: string): boolean {
  const place = registeredPlace(adminDir);
  const claim = place === null ? null : linkIn(join(place, '.git'));
  return place === null || claim === null || canonicalPath(resolve(place, claim)) !== canonicalPath(adminDir);
}

function isOrphan(adminDir: string): boolean {
  return isBlank(join(adminDir, 'gitdir')) && isBlank(join(adminDir, 'index')) && markOf({ adminDir }) === null;
}

/**
 * No worktree of a run has a `commondir` without content: `git worktree` ends at the first one that it meets, whoever's turn it is. What belongs
 * there is the same in every worktree.
 */
export function mendCommonDirs(commonDir: string): void {
  for (const adminDir of adminDirs(canonicalPath(commonDir))) {
    const file = join(adminDir, 'commondir');
    const isOurs = markOf({ adminDir }) !== null || basename(adminDir).startsWith(RUN_ID_BEGIN);
    if (isOurs && isThereBlank(file)) replaceFile(file, '../..\n', 0o644);
  }
}

/**
 * The administration leads to the worktree and to the repository, and git can read it. `head`: the commit for a HEAD that says nothing. What stood
 * in the place of a file is moved to `keptFolder`.
 */
export async function mendRegistration(
  git: GitContext,
  worktree: Worktree,
  head: string | null,
  keptFolder: string,
): Promise<void> {
  const { adminDir, path } = worktree;
  for (const folder of [dirname(adminDir), adminDir]) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isFile()) moveAside(folder, keptFolder, basename(folder));
  }
  mkdirSync(adminDir, { recursive: true });
  for (const name of ADMIN_FILES) moveStray(join(adminDir, name), keptFolder, name);
  if (registeredPlace(adminDir) !== canonicalPath(path))
    replaceFile(join(adminDir, 'gitdir'), `${join(path, '.git')}\n`, 0o644);
  mendAdministration(worktree);
  if (head !== null && !isHead(join(adminDir, 'HEAD'))) replaceFile(join(adminDir, 'HEAD'), `${head}\n`, 0o644);
  const index = join(adminDir, 'index');
  if (!isThereBlank(index)) return;
  rmSync(index);
  // Without entries every file would be an untracked one.
  if (head !== null) await settleIndex(git, worktree, head);
}

/** Nothing but a regular file is at `path`: anything else is moved to `keptFolder` under `name`. */
function moveStray(path: string, keptFolder: string, name: string): void {
  if (fileLook(path) === 'other' && !lstatSync(path).isFile()) moveAside(path, keptFolder, name);
}

/** Where the link in a folder leads: to that place, nowhere because it says nothing (or is not there), or to what is none of ours. */
function linkAt(path: string): string | 'blank' | 'foreign' {
  const link = join(path, '.git');
  const stat = lstatSync(link, { throwIfNoEntry: false });
  if (stat === undefined) return existsSync(path) && readdirSync(path).length > 0 ? 'foreign' : 'blank';
  if (!stat.isFile()) return 'foreign';
  if (isBlank(link)) return 'blank';
  const claim = linkIn(link);
  return claim === null ? 'foreign' : canonicalPath(resolve(path, claim));
}

/** Registrations as git names them for a worktree at `path`, the one that its own link names among them although nothing is there any more. */
function ownNames(commonDir: string, path: string): readonly string[] {
  const name = basename(path);
  const isOwn = (adminDir: string): boolean =>
    basename(adminDir).startsWith(name) && /^\d*$/.test(basename(adminDir).slice(name.length));
  const link = linkAt(path);
  const isBelow = dirname(link) === join(canonicalPath(commonDir), 'worktrees');
  return [...new Set([...adminDirs(canonicalPath(commonDir)), ...(isBelow ? [link] : [])])].filter(isOwn);
}
