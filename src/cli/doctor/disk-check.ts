/**
 * Whether there is room enough wherever Pawl writes.
 *
 * Owns: that check. Does not own: the floors (adapters/disk-space).
 */
import { DISK_FLOOR, freeBytes, sizeWords } from '../../adapters/disk-space.ts';
import type { Check } from './doctor-report.ts';

/** A folder that is written to, and what is left there. */
interface Room {
  readonly folder: string;
  readonly bytes: number;
}

/** What is left at each of these folders. */
export function roomsOf(folders: readonly string[]): Promise<readonly Room[]> {
  return Promise.all(folders.map(async (folder) => ({ folder, bytes: await freeBytes(folder) })));
}

/** The one with the least room decides. */
export function diskCheck(rooms: readonly Room[]): Check {
  const least = rooms.reduce((a, b) => (b.bytes < a.bytes ? b : a));
  const found = `${sizeWords(least.bytes)} free`;
  if (least.bytes >= DISK_FLOOR.warnBytes) return { name: 'disk', status: 'ok', found, hint: null };
  const isFailed = least.bytes < DISK_FLOOR.failBytes;
  const floor = sizeWords(isFailed ? DISK_FLOOR.failBytes : DISK_FLOOR.warnBytes);
  const hint = `Free some space: less than ${floor} is left at ${least.folder}.`;
  return { name: 'disk', status: isFailed ? 'failed' : 'warning', found, hint };
}
