/**
 * The files that hold a worker's stdout and stderr, in whose place the worker can put anything.
 *
 * Owns: reading them without following a link, waiting for a pipe or taking a folder for a file. Does not own: what they say (worker/turn-output),
 * their digests (worker/outcome).
 *
 * Invariant: what the worker has made of the path is told apart from a disk that fails: only the first is an UnreadableOutput.
 */
import { PawlError, systemCode } from '../model/error.ts';
import type { Fd } from '../ports/fs.ts';
import type { Files } from '../store/files.ts';

/** Something else than a regular file is where a worker's output belongs. The message names the path. */
export class UnreadableOutput extends Error {}

/** A symbolic link, and a socket or a device without a driver. */
const NOT_REGULAR: readonly string[] = ['ELOOP', 'ENXIO'];

/** What `read` makes of the output at `path`; null when there is none. Throws UnreadableOutput, and PawlError for what the system refuses. */
export function readOutput<T>(files: Files, path: string, read: (fd: Fd) => T): T | null {
  try {
    return files.using(path, 'rNoFollow', (fd) => {
      if (files.fs.kindOf(fd) !== 'file') throw notRegular(path);
      return read(fd);
    });
  } catch (error) {
    const code = error instanceof PawlError ? (systemCode(error.cause) ?? '') : '';
    if (code === 'ENOENT') return null;
    if (NOT_REGULAR.includes(code)) throw notRegular(path);
    throw error;
  }
}

/** As `readOutput`, but that output which may not be read counts as none: `note` takes why. */
export function readOutputIfAllowed<T>(
  files: Files,
  path: string,
  read: (fd: Fd) => T,
  note: (why: string) => void,
): T | null {
  try {
    return readOutput(files, path, read);
  } catch (error) {
    if (!(error instanceof UnreadableOutput || isForbidden(error))) throw error;
    note(error.message);
    return null;
  }
}

/** True when the system refuses to let the file be read, as it does after a `chmod` by the worker. */
export function isForbidden(error: unknown): error is PawlError {
  return error instanceof PawlError && error.code === 'PAWL_STORE_PERMISSION';
}

function notRegular(path: string): UnreadableOutput {
  return new UnreadableOutput(`${path} is not a regular file any more`);
}
