/**
 * Places in a worktree by paths whose bytes are kept, reached without following any link.
 *
 * Owns: such paths, what stands at one, making and pruning the folders above it. Does not own: what is moved or replaced there (aside-files,
 * base-instructions). Free of zod and xstate: the worker host loads this file.
 *
 * Invariant: a path is one character for each byte, so that no name is lost that is not UTF-8; folders above a place are real ones, or the place
 * cannot be reached.
 */
import type { Stats } from 'node:fs';
import { lstat, mkdir, readdir, rmdir } from 'node:fs/promises';
import { systemCode } from '../../model/error.ts';

/** A path below a folder, one character for each of its bytes. */
export type BytePath = string;

/** The path as bytes. */
export function bytePath(bytes: Uint8Array): BytePath {
  return Buffer.from(bytes).toString('latin1');
}

/** A path or pattern of ordinary text as a byte path. */
export function bytePathOf(text: string): BytePath {
  return bytePath(Buffer.from(text));
}

/** Where `path` lies below `folder`, as the system takes it. */
export function placeAt(folder: string, path: BytePath): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, 'latin1')]);
}

/** What stands there, a link as itself; null when nothing does, or when it cannot be reached without a link. */
export async function entryBelow(folder: string, path: BytePath): Promise<Stats | null> {
  for (const parent of parentsOf(path)) {
    if ((await statOf(placeAt(folder, parent)))?.isDirectory() !== true) return null;
  }
  return statOf(placeAt(folder, path));
}

/** The folders above the place are there; false when something else stands in the way. */
export async function hasFolders(folder: string, path: BytePath): Promise<boolean> {
  for (const parent of parentsOf(path)) {
    const place = placeAt(folder, parent);
    const stat = await statOf(place);
    if (stat === null) await mkdir(place);
    else if (!stat.isDirectory()) return false;
  }
  return true;
}

/** The folders above the place that are empty now are gone. */
export async function pruneFolders(folder: string, path: BytePath): Promise<void> {
  for (const parent of parentsOf(path).reverse()) {
    try {
      await rmdir(placeAt(folder, parent));
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return;
      throw error;
    }
  }
}

/** A folder that holds no file, however deep, is gone; anything else stays. */
export async function removeEmptyFolder(folder: string, path: BytePath): Promise<void> {
  if ((await entryBelow(folder, path))?.isDirectory() !== true) return;
  const place = placeAt(folder, path);
  for (const name of await readdir(place, { encoding: 'buffer' })) {
    await removeEmptyFolder(folder, `${path}/${bytePath(name)}`);
  }
  await rmdir(place).catch((error: unknown) => {
    if (!['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  });
}

/** From the top down. */
function parentsOf(path: BytePath): BytePath[] {
  const names = path.split('/');
  return names.slice(1).map((_, n) => names.slice(0, n + 1).join('/'));
}

async function statOf(place: Buffer): Promise<Stats | null> {
  try {
    return await lstat(place);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return null;
    throw error;
  }
}
