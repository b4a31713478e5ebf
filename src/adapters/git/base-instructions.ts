/**
 * While a change is judged, the files that instruct agents are as they were before it: a worktree at the head commit with the base's versions of
 * these files, and back.
 *
 * Owns: both ways, for tracked files. Does not own: files that no commit holds (aside-files), which files instruct (turn/instruction-files), when
 * this is done (host/host, worker/outcome). Free of zod and xstate: the worker host loads this file.
 *
 * Invariants: 1. A worktree is in this state only between a task's claim and its outcome: the host that has the claim shows the base's files before
 * its worker starts, and whoever writes the outcome puts the head's back first. 2. HEAD, index and branch are not touched: history shows the change
 * as it is. 3. Every file is replaced in one step: after a kill at any point each is as in the base, as in the head or absent, and all three are put
 * back; an empty folder may stand where a file will. 4. What is anything else was changed by the worker and stays: the gate judges it. 5. Nothing is reached through a link (L8).
 *
 * Kills: before the first file, the worktree is as it was · among the files, `showBase` is not called again (the claim is used up) and
 * `restoreHead` ends what was begun · in `restoreHead`, it is called again before the outcome, by the next who settles · after it, it changes nothing.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readlink, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/error-text.ts';
import { PawlError, systemCode } from '../../model/error.ts';
import type { InstructionFiles } from '../../model/request.ts';
import type { JudgedWorktree } from '../../ports/git.ts';
import { instructionMatcher } from '../../turn/instruction-files.ts';
import { putAside, putBackAside } from './aside-files.ts';
import {
  type BytePath,
  bytePath,
  bytePathOf,
  entryBelow,
  hasFolders,
  placeAt,
  pruneFolders,
  removeEmptyFolder,
} from './byte-paths.ts';
import { shown } from './git-environment.ts';
import { inOwn, type OwnGit, withOwnGit } from './own-git.ts';
import { createGitRun, fieldStream } from './run-git.ts';
import { OF_A_HOST, type TreeGit } from './tree.ts';

/** A file as a commit holds it. */
interface Version {
  readonly mode: string;
  readonly object: string;
}

/** A file that differs between base and head; null where it is not there, or is a submodule. */
interface Difference {
  readonly path: BytePath;
  readonly base: Version | null;
  readonly head: Version | null;
}

/** Where files wait that no commit holds, in the folder of the task. */
const ASIDE = 'aside';

/**
 * The files that instruct agents are the base's, and no others of them lie in the worktree. Returns why they could not be made so, else null. Throws
 * PAWL_GIT_FAILED (retryable) where a git was killed: that says nothing about the worktree.
 */
export function showBase(judged: JudgedWorktree, git: TreeGit = OF_A_HOST): Promise<string | null> {
  const { worktree, folder, files } = judged;
  return asReason(() =>
    inOwnGit(judged, git, async (own) => {
      const isMeant = matcherOf(files);
      const differences = await differencesIn(own, files, isMeant);
      const ofBase = new Map(differences.map(({ path, base }) => [path, base]));
      const tracked = await trackedIn(own, files.head, isMeant);
      const others = differences.flatMap(({ path, base }) => (base === null ? [] : [path]));
      const stays = (path: BytePath): Promise<boolean> => isAt(worktree, path, ofBase.get(path) ?? null);
      await putAside(worktree, join(folder, ASIDE), { isMeant, tracked, others, stays });
      for (const { path, base } of differences) if (base === null) await removeFile(worktree, path);
      const { inTheWay } = await place(own, judged, 'base', differences);
      return inTheWay.length === 0 ? null : `something is in the place of ${shown(inTheWay.join(', '))}`;
    }),
  );
}

/**
 * The files are the head's again, but for what the worker has made of them, and those put aside are back. Returns what could not be put back, else null.
 * A git that was killed is asked once more.
 */
export async function restoreHead(judged: JudgedWorktree, git: TreeGit = OF_A_HOST): Promise<string | null> {
  try {
    return await asReason(() => putHeadBack(judged, git));
  } catch (error) {
    if (!isOfKilledGit(error)) throw error;
    return await putHeadBack(judged, git).catch(reasonOf);
  }
}

function putHeadBack(judged: JudgedWorktree, git: TreeGit): Promise<string | null> {
  const { worktree, folder, files } = judged;
  return inOwnGit(judged, git, async (own) => {
    const differences = await differencesIn(own, files, matcherOf(files));
    // First: a file of the one may stand where the other has a folder.
    for (const { path, base, head } of differences) {
      if (head === null && (await isAt(worktree, path, base))) await removeFile(worktree, path);
    }
    const replaced: Difference[] = [];
    for (const each of differences) if (await isReplaced(worktree, each)) replaced.push(each);
    const { unreachable, inTheWay } = await place(own, judged, 'head', replaced);
    const aside = await putBackAside(worktree, join(folder, ASIDE));
    await rmdir(folder).catch(ignoreCodes('ENOENT', 'ENOTEMPTY', 'EEXIST'));
    const left = [...unreachable, ...inTheWay, ...aside.map(textOf)];
    return left.length === 0 ? null : `something is in the place of ${shown(left.join(', '))}`;
  });
}

function inOwnGit<T>(judged: JudgedWorktree, git: TreeGit, use: (own: OwnGit) => Promise<T>): Promise<T> {
  const { adminDir, commonDir } = judged.place;
  return withOwnGit(createGitRun(git), { path: judged.worktree, adminDir, commonDir }, judged.files.head, use);
}

/** What kept it from being done, in a sentence: whether the worktree, git or the disk, it is told and not thrown. A git that was killed has told nothing. */
async function asReason(work: () => Promise<string | null>): Promise<string | null> {
  try {
    return await work();
  } catch (error) {
    if (isOfKilledGit(error)) throw error;
    return reasonOf(error);
  }
}

function isOfKilledGit(error: unknown): boolean {
  return error instanceof PawlError && error.code === 'PAWL_GIT_FAILED' && error.kind === 'retryable';
}

function reasonOf(error: unknown): string {
  return shown(messageOf(error));
}

function matcherOf({ patterns }: InstructionFiles): (path: BytePath) => boolean {
  return instructionMatcher(patterns.map(bytePathOf));
}

function textOf(path: BytePath): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

/** What differs between base and head, of the files that are meant. */
async function differencesIn(
  own: OwnGit,
  { base, head }: InstructionFiles,
  isMeant: (path: BytePath) => boolean,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  let versions: Pick<Difference, 'base' | 'head'> | null = null;
  const onBytes = fieldStream((bytes) => {
    const field = bytePath(bytes);
    if (versions === null) {
      const [modeOfBase = '', modeOfHead = '', objectOfBase = '', objectOfHead = ''] = field.slice(1).split(' ');
      versions = { base: versionOf(modeOfBase, objectOfBase), head: versionOf(modeOfHead, objectOfHead) };
      return;
    }
    if (isMeant(field)) differences.push({ path: field, ...versions });
    versions = null;
  });
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', '--ignore-submodules=none'];
  await own.run(inOwn(own, [...args, base, head, '--'], { isRead: true, onBytes }));
  return differences;
}

function versionOf(mode: string, object: string): Version | null {
  return mode === '100644' || mode === '100755' || mode === '120000' ? { mode, object } : null;
}

async function trackedIn(
  own: OwnGit,
  commit: string,
  isMeant: (path: BytePath) => boolean,
): Promise<ReadonlySet<BytePath>> {
  const tracked = new Set<BytePath>();
  const onBytes = fieldStream((bytes) => {
    const path = bytePath(bytes);
    if (isMeant(path)) tracked.add(path);
  });
  await own.run(inOwn(own, ['ls-tree', '-r', '-z', '--name-only', '--full-tree', commit], { isRead: true, onBytes }));
  return tracked;
}

/** True when what stands there is that version, byte by byte. */
async function isAt(worktree: string, path: BytePath, version: Version | null): Promise<boolean> {
  const stat = version === null ? null : await entryBelow(worktree, path);
  if (version === null || stat === null) return false;
  const isLink = version.mode === '120000';
  if (isLink ? !stat.isSymbolicLink() : !stat.isFile()) return false;
  const hash = createHash(version.object.length === 64 ? 'sha256' : 'sha1');
  const at = placeAt(worktree, path);
  if (isLink) {
    const target = await readlink(at, { encoding: 'buffer' });
    hash.update(`blob ${target.length}\0`).update(target);
  } else {
    hash.update(`blob ${stat.size}\0`);
    for await (const chunk of createReadStream(at)) hash.update(chunk);
  }
  return hash.digest('hex') === version.object;
}

/** True for a file of the head that is as in the base, or gone: the one as the other was done by `showBase`, and folders without a file are nothing to git. */
async function isReplaced(worktree: string, { path, base, head }: Difference): Promise<boolean> {
  if (head === null) return false;
  await removeEmptyFolder(worktree, path);
  return (await entryBelow(worktree, path)) === null || (await isAt(worktree, path, base));
}

async function removeFile(worktree: string, path: BytePath): Promise<void> {
  const stat = await entryBelow(worktree, path);
  if (stat === null || stat.isDirectory()) return;
  await unlink(placeAt(worktree, path));
  await pruneFolders(worktree, path);
}

/** Every file has the version of that side: written in the task's folder first, so that each is put in its place in one step. */
async function place(
  own: OwnGit,
  { worktree, folder }: JudgedWorktree,
  side: 'base' | 'head',
  differences: readonly Difference[],
): Promise<{ readonly unreachable: readonly string[]; readonly inTheWay: readonly string[] }> {
  const unreachable: string[] = [];
  const inTheWay: string[] = [];
  const wanted = differences.filter((each) => each[side] !== null);
  const staged = join(folder, side);
  if (wanted.length > 0)
    await stage(
      own,
      staged,
      wanted.map(({ path, [side]: version }) => ({ path, version })),
    );
  for (const { path } of wanted) {
    if (!(await hasFolders(worktree, path))) {
      unreachable.push(textOf(path));
      continue;
    }
    try {
      await rename(placeAt(staged, path), placeAt(worktree, path));
    } catch (error) {
      ignoreCodes('EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST')(error);
      inTheWay.push(textOf(path));
    }
  }
  await rm(staged, { recursive: true, force: true });
  return { unreachable, inTheWay };
}

async function stage(
  own: OwnGit,
  folder: string,
  files: readonly { readonly path: BytePath; readonly version: Version | null }[],
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const entries = files.map(({ path, version }) => `${version?.mode} ${version?.object} 0\t${path}\0`);
  const input = Buffer.from(entries.join(''), 'latin1');
  await own.run(inOwn(own, ['update-index', '-z', '--index-info'], { input }));
  await own.run(inOwn(own, ['checkout-index', '--all', '--force', '--quiet', `--prefix=${folder}/`]));
}

function ignoreCodes(...codes: readonly string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(systemCode(error) ?? '')) throw error;
  };
}
