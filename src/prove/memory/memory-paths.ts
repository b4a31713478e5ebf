/**
 * Paths and errors of the file system in memory.
 *
 * Owns: taking a path apart, an error as the system gives it. Does not own: the calls (memory-fs).
 */
import { posix } from 'node:path';

/** The names on the way to an absolute path. */
export function segments(path: string): string[] {
  if (!path.startsWith('/')) throw new Error(`MemoryFs takes absolute paths, not ${path}`);
  return posix
    .normalize(path)
    .split('/')
    .filter((segment) => segment !== '');
}

/** An error of the system, by its code. */
export function systemError(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
}
