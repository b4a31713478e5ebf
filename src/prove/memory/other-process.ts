/**
 * What another process of the machine does on the disk, as the process that is watched finds it: whole and durable at once.
 *
 * Owns: that way to the disk. Does not own: what is written.
 */
import { dirname, join } from 'node:path';
import type { RegisterResult } from '../../ports/registers.ts';
import { areSameBytes } from '../../store/files.ts';
import type { MemoryFs } from './memory-fs.ts';

/** The register at `path` has a value: `bytes` if nobody was first. Its folder must exist. */
export function linkAtOnce(disk: MemoryFs, path: string, bytes: Uint8Array): RegisterResult {
  if (disk.stat(path) === null) writeAtOnce(disk, path, bytes);
  const standing = bytesAt(disk, path);
  return { isWinner: areSameBytes(standing, bytes), bytes: standing };
}

/** The file at `path` holds `bytes`. */
export function writeAtOnce(disk: MemoryFs, path: string, bytes: Uint8Array): void {
  const temporary = freeName(disk, dirname(path));
  const fd = disk.open(temporary, 'wx+');
  disk.write(fd, bytes, 0);
  disk.settle(fd);
  disk.close(fd);
  disk.rename(temporary, path);
  const folder = disk.open(dirname(path), 'r');
  disk.settle(folder);
  disk.close(folder);
}

/** A temporary name that nobody has used: what a process that was killed here left stays, and means nothing. */
function freeName(disk: MemoryFs, folder: string): string {
  for (let n = 1; ; n += 1) {
    const path = join(folder, `.tmp-other-${n}`);
    if (disk.stat(path) === null) return path;
  }
}

/** What the file holds; nothing where there is none. */
export function bytesAt(disk: MemoryFs, path: string): Uint8Array {
  if (disk.stat(path) === null) return new Uint8Array();
  const fd = disk.open(path, 'r');
  const bytes = disk.read(fd, 0, disk.size(fd));
  disk.close(fd);
  return bytes;
}
