/**
 * A text that an argument names: a file, or standard input as `-`.
 *
 * Owns: reading it, bounded. Does not own: what it means.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { PawlError, systemCode } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';

const HINT = 'Name a file, relative to the current folder, or - for standard input.';

/** The text. Throws PAWL_USAGE for a file that does not exist, is too large, or is not UTF-8. */
export function textArgument(cwd: string, option: string, path: string): string {
  try {
    const bytes = path === '-' ? readAll(0) : readFile(resolve(cwd, path));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof PawlError || !(error instanceof Error)) throw error;
    if (systemCode(error) === 'ENOENT') throw missing(resolve(cwd, path), error);
    throw refused(option, path, error instanceof TypeError ? 'it is not UTF-8' : error.message, error);
  }

  function readFile(absolute: string): Uint8Array {
    const fd = openSync(absolute, 'r');
    try {
      if (fstatSync(fd).isDirectory()) throw refused(option, path, 'it is a folder');
      return readAll(fd);
    } finally {
      closeSync(fd);
    }
  }

  function readAll(fd: number): Uint8Array {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const chunk = Buffer.alloc(64 * 1024);
      const count = readSync(fd, chunk, 0, chunk.length, null);
      if (count === 0) return Buffer.concat(chunks);
      size += count;
      if (size > BOUNDS.answerBytes) throw refused(option, path, `it is larger than ${BOUNDS.answerBytes} bytes`);
      chunks.push(chunk.subarray(0, count));
    }
  }
}

function missing(absolute: string, cause: Error): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message: `File not found: ${absolute}`,
    subject: absolute,
    hint: HINT,
    cause,
  });
}

function refused(option: string, path: string, why: string, cause?: unknown): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message: `${option} ${path} cannot be read: ${why}.`,
    subject: path,
    hint: HINT,
    ...(cause === undefined ? {} : { cause }),
  });
}
