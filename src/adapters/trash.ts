/**
 * Folders on their way out: measured, taken away at once, deleted afterwards.
 *
 * Owns: those three. Does not own: what may go (engine/clean-run).
 *
 * Invariants: 1. A folder is whole where it was, or not there at all: it is renamed before anything of it is deleted, so a reader never meets half
 * a run. 2. No link is followed. 3. What a kill leaves in the trash means nothing, and the next cleaning deletes it.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
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
    empty() {
      let bytes = 0;
      for (const name of namesIn(folder)) {
        const path = join(folder, name);
        bytes += bytesOf(path);
        deleteTree(path);
      }
      return bytes;
    },
  };
}

/** What the files below `path` take up on the disk; one that has several names there counts once. */
function bytesOf(path: string): number {
  const seen = new Set<string>();
  const waiting = [path];
  let bytes = 0;
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (stat.nlink > 1 && !stat.isDirectory()) {
      const file = `${stat.dev}:${stat.ino}`;
      if (seen.has(file)) continue;
      seen.add(file);
    }
    bytes += stat.blocks * BLOCK_BYTES;
    if (stat.isDirectory()) for (const name of namesIn(at)) waiting.push(join(at, name));
  }
  return bytes;
}

/** A folder that may not be read counts as empty: what is in it cannot be told. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw storeFailure('list', folder, error);
  }
}

function deleteTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw storeFailure('delete', path, error);
    // Caches of packages are often read only; they are ours to delete all the same.
    openUp(path);
    attempt('delete', path, () => rmSync(path, { recursive: true, force: true }));
  }
}

/** Every folder of the tree may be changed by its owner. */
function openUp(path: string): void {
  const waiting = [path];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    try {
      chmodSync(at, 0o700);
    } catch (error) {
      // Somebody else's folder: deleting it fails, and says so.
      if (systemCode(error) !== 'EPERM') throw error;
    }
    for (const name of namesIn(at)) waiting.push(join(at, name));
  }
}
