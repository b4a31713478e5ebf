/**
 * How much room is left on the file system of a folder.
 *
 * Owns: asking for it, and the floors below which little or nothing works any more. Does not own: what is said or done then (cli/doctor).
 */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../model/error.ts';

/** Below `warnBytes` it is time to make room; below `failBytes` no run can be relied on to record what it does. */
export const DISK_FLOOR = { warnBytes: 1024 ** 3, failBytes: 100 * 1024 ** 2 } as const;

/** The bytes that this user may still write there; of a folder that does not exist yet, where it would be made. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(folder) === folder) throw error;
    return freeBytes(dirname(folder));
  }
}

/** In words: a quantity of memory or of a disk. */
export function sizeWords(bytes: number): string {
  return bytes >= DISK_FLOOR.warnBytes
    ? `${(bytes / 1024 ** 3).toFixed(1)} GiB`
    : `${Math.floor(bytes / 1024 ** 2)} MiB`;
}
