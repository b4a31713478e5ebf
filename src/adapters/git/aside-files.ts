/**
 * Files of a worktree that no commit holds, put aside for a while and put back to where they were.
 *
 * Owns: finding them, the folder in which they keep their paths, both ways. Does not own: which are meant, and when (base-instructions). Free of
 * zod and xstate: the worker host loads this file.
 *
 * Invariants: 1. A file is moved, never copied: it is in one of the two places after a kill at any point, and putting back can be repeated. 2. What
 * has since come to stand in a file's place stays, and the file stays aside. 3. Whether git ignores a file, or another repository holds it, is
 * not asked: what lies there would be read.
 */
import type { Dirent } from 'node:fs';
import { chmod, mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { systemCode } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import { type BytePath, bytePath, entryBelow, hasFolders, placeAt } from './byte-paths.ts';

/** What is to be put aside. */
export interface AsideFiles {
  readonly isMeant: (path: BytePath) => boolean;
  /** Paths that the commit holds. */
  readonly tracked: ReadonlySet<BytePath>;
  /** Paths that it does not hold and that may stay all the same. */
  readonly others: readonly BytePath[];
  /** True for what is to stay of them. */
  readonly stays: (path: BytePath) => Promise<boolean>;
}

/** Every entry of `worktree` that is meant and not tracked is below `folder`, under the same path. Throws what the system says. */
export async function putAside(worktree: string, folder: string, files: AsideFiles): Promise<void> {
  const { isMeant, tracked, others, stays } = files;
  const holding = new Set([...tracked, ...others].flatMap(foldersAndSelf));
  const open: BytePath[] = [''];
  let looked = 0;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const entry of await entriesIn(worktree, at)) {
      looked += 1;
      if (looked > BOUNDS.entriesWalked) throw new Error(`more than ${BOUNDS.entriesWalked} files in the worktree`);
      const name = bytePath(entry.name);
      if (name === '.git') continue;
      const path = at === '' ? name : `${at}/${name}`;
      if (entry.isDirectory() && (!isMeant(path) || holding.has(path))) open.push(path);
      else if (isMeant(path) && !tracked.has(path) && !(await stays(path))) await moveAside(worktree, folder, path);
    }
  }
}

function foldersAndSelf(path: BytePath): BytePath[] {
  const names = path.split('/');
  return names.map((_, n) => names.slice(0, n + 1).join('/'));
}

/** What lies in a folder; nothing where that may not be read, or is gone. */
async function entriesIn(worktree: string, path: BytePath): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(path === '' ? worktree : placeAt(worktree, path), { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if (['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw error;
  }
}

async function moveAside(worktree: string, folder: string, path: BytePath): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (!(await hasFolders(folder, path))) throw new Error(`something is in the way below ${folder}`);
  const from = placeAt(worktree, path);
  const to = placeAt(folder, path);
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw error;
    // A folder that may not be written cannot be moved to another one.
    await chmod(from, 0o700);
    await rename(from, to);
  }
}

/** What lies below `folder` is back in `worktree`; returns the paths that stay aside because something has taken their places. */
export async function putBackAside(worktree: string, folder: string): Promise<readonly BytePath[]> {
  const left: BytePath[] = [];
  await putBackIn('');
  return left;

  async function putBackIn(at: BytePath): Promise<void> {
    for (const entry of await entriesIn(folder, at)) {
      const name = bytePath(entry.name);
      const path = at === '' ? name : `${at}/${name}`;
      const standing = await entryBelow(worktree, path);
      if (standing === null && (await hasFolders(worktree, path))) {
        await rename(placeAt(folder, path), placeAt(worktree, path));
      } else if (entry.isDirectory() && standing?.isDirectory() === true) {
        await putBackIn(path);
      } else left.push(path);
    }
    await rmdir(at === '' ? folder : placeAt(folder, at)).catch(ignoreRest);
  }
}

/** A folder that is not there, or still holds what stays aside. */
function ignoreRest(error: unknown): void {
  if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
}
