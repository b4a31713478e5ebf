/**
 * The files that hold a worker's stdout and stderr, which the worker can replace with anything.
 *
 * Owns: reading them without following a link, waiting for a pipe or taking a folder for a file. Does not own: what they say (worker/turn-output),
 * their digests (worker/outcome).
 *
 * Invariant: what the worker has done to the path is distinguished from a failing disk: only the first is an UnreadableOutput.
 */
import { PawlError, systemCode } from '../model/error.ts';
import type { Fd } from '../ports/fs.ts';
import type { Files } from '../store/files.ts';

/** Something other than a regular file is in the place of a worker's output. The message names the path. */
export class UnreadableOutput extends Error {}

/** A symbolic link, and a socket or a device without a driver. */
const NOT_REGULAR: readonly string[] = ['ELOOP', 'ENXIO'];

/** What `read` returns for the output at `path`; null when there is none. Throws UnreadableOutput, and PawlError for what the system refuses. */
export function readOutput<T>(files: Files, path: string, read: (fd: Fd) => T): T | null {
  try {
    return files.using(path, 'rNoFollow', (fd) => {
      if (files.fs.kindOf(fd) !== 'file') throw notRegular(path);
      return read(fd);
    });
  } catch (error) {
    const why = meaningOf(path, error);
    if (why === null) return null;
    throw why;
  }
}

/** Like `readOutput`, except that output that may not be read counts as none: `note` receives the reason. */
export function readOutputIfAllowed<T>(
  files: Files,
  path: string,
  read: (fd: Fd) => T,
  note: (why: string) => void,
): T | null {
  try {
    return readOutput(files, path, read);
  } catch (error) {
    return noneIfForbidden(error, note);
  }
}

/** Like `readOutputIfAllowed`, for an asynchronous reader. */
export async function useOutputIfAllowed<T>(
  files: Files,
  path: string,
  read: (fd: Fd) => Promise<T>,
  note: (why: string) => void,
): Promise<T | null> {
  try {
    return await files.usingWhile(path, 'rNoFollow', (fd) => {
      if (files.fs.kindOf(fd) !== 'file') throw notRegular(path);
      return read(fd);
    });
  } catch (error) {
    const why = meaningOf(path, error);
    return why === null ? null : noneIfForbidden(why, note);
  }
}

function noneIfForbidden(error: unknown, note: (why: string) => void): null {
  if (!(error instanceof UnreadableOutput || isForbidden(error))) throw error;
  note(error.message);
  return null;
}

/** What a failure to open the output means: null where there is none, an UnreadableOutput for what the worker has put in its place, else the error. */
function meaningOf(path: string, error: unknown): unknown {
  const code = error instanceof PawlError ? (systemCode(error.cause) ?? '') : '';
  if (code === 'ENOENT') return null;
  return NOT_REGULAR.includes(code) ? notRegular(path) : error;
}

/** True when the system refuses to let the file be read, as it does after a `chmod` by the worker. */
export function isForbidden(error: unknown): error is PawlError {
  return error instanceof PawlError && error.code === 'PAWL_STORE_PERMISSION';
}

function notRegular(path: string): UnreadableOutput {
  return new UnreadableOutput(`${path} is not a regular file any more`);
}
