/**
 * Folders on their way out: measured, taken away at once, deleted afterwards.
 *
 * Owns: those three. Does not own: what may go (engine/clean-run).
 *
 * Invariants: 1. A folder is whole where it was, or not there at all: it is renamed before anything of it is deleted, so a reader never meets half
 * a run. 2. No link is followed. 3. What a kill leaves in the trash means nothing, and the next cleaning deletes it. 4. Measuring and deleting keep nothing else in this
 * process waiting, however much there is.
 */
import { lstatSync, mkdirSync, renameSync, type Stats } from 'node:fs';
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../model/error.ts';
import type { TrashPort } from '../ports/trash.ts';
import { attempt, storeFailure } from '../store/store-errors.ts';

/** `st_blocks` counts in these, whatever the file system's own are (POSIX leaves it open; every Unix has it so). */
const BLOCK_BYTES = 512;

/** The trash in `folder`. `nonce` makes names; `syncFolder` makes the entries of a folder durable. */
export function createTrash(
  folder: string,
  nonce: () => string,
  syncFolder: (path: string) => Promise<void>,
): TrashPort {
  return {
    bytesOf,
    async take(path) {
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      attempt('take away', path, () => renameSync(path, join(folder, `${basename(path)}.${nonce()}`)));
      await syncFolder(dirname(path));
    },
    async empty() {
      let bytes = 0;
      for (const name of await namesIn(folder)) {
        const path = join(folder, name);
        bytes += await bytesOf(path);
        await deleteTree(path);
      }
      return bytes;
    },
  };
}

/** What the files below `path` take up on the disk; one that has several names there counts once. */
async function bytesOf(path: string): Promise<number> {
  const seen = new Set<string>();
  const waiting = [path];
  let bytes = 0;
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const stat = await statOf(at);
    if (stat === null) continue;
    if (stat.nlink > 1 && !stat.isDirectory()) {
      const file = `${stat.dev}:${stat.ino}`;
      if (seen.has(file)) continue;
      seen.add(file);
    }
    bytes += stat.blocks * BLOCK_BYTES;
    if (stat.isDirectory()) for (const name of await namesIn(at)) waiting.push(join(at, name));
  }
  return bytes;
}

/** Null where there is nothing, or nothing can be told. */
async function statOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(systemCode(error) ?? '')) return null;
    throw storeFailure('look at', path, error);
  }
}

/** A folder that may not be read counts as empty: what is in it cannot be told. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw storeFailure('list', folder, error);
  }
}

async function deleteTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw storeFailure('delete', path, error);
    // Caches of packages are often read only; they are ours to delete all the same.
    await openUp(path);
    await rm(path, { recursive: true, force: true }).catch((again: unknown) => {
      throw storeFailure('delete', path, again);
    });
  }
}

/** Every folder of the tree may be changed by its owner. */
async function openUp(path: string): Promise<void> {
  const waiting = [path];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if ((await statOf(at))?.isDirectory() !== true) continue;
    try {
      await chmod(at, 0o700);
    } catch (error) {
      // Somebody else's folder: deleting it fails, and says so.
      if (systemCode(error) !== 'EPERM') throw error;
    }
    for (const name of await namesIn(at)) waiting.push(join(at, name));
  }
}
