/**
 * The lock files of a repository, whoever made them.
 *
 * Owns: where git puts locks. Does not own: whether one is left behind, removing any (adapters/git/stale-locks removes those of ours).
 *
 * Invariants: 1. Nothing is changed. 2. What vanishes meanwhile was at work and is left out.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from './git-files.ts';

/** A lock file that is there. */
export interface LockFile {
  readonly path: string;
  /** When it was made or last written. */
  readonly atMs: number;
}

/** Folders below the common folder in which git makes locks; `refs` with everything below it. */
const FLAT = ['', 'info', 'objects', 'objects/info', 'reftable'];

/** Every lock file of the repository whose common folder that is, in the order of their paths. */
export function lockFilesOf(commonDir: string): readonly LockFile[] {
  const worktrees = namesIn(join(commonDir, 'worktrees')).map((name) => join('worktrees', name));
  const folders = [...FLAT, ...worktrees, ...foldersBelow(commonDir, 'refs')].map((folder) => join(commonDir, folder));
  return folders
    .flatMap((folder) => namesIn(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.lock'))
    .flatMap(lockAt)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function foldersBelow(root: string, folder: string): readonly string[] {
  const below = namesIn(join(root, folder)).map((name) => join(folder, name));
  const isFolder = (path: string): boolean =>
    lstatSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() === true;
  return [folder, ...below.filter(isFolder).flatMap((path) => foldersBelow(root, path))];
}

function lockAt(path: string): readonly LockFile[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? [{ path, atMs: stat.mtimeMs }] : [];
}
