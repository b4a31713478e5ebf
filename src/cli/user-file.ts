/**
 * Files of the user's that a command writes: the config, a packets file.
 *
 * Owns: writing one whole or not at all, never over what is there unseen. Does not own: what stands in it. Files of the registry are
 * written by the store.
 *
 * Invariants: 1. A file that is there is replaced only by whoever has just read it. 2. A reader, and a kill at any instant, finds the old
 * bytes or the new ones. 3. A link stays a link: what it leads to is replaced.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PawlError, systemCode } from '../model/error.ts';
import { attempt } from '../store/store-errors.ts';

/** What a file made here may be: the user's umask takes its part. */
const NEW_FILE_MODE = 0o666;

/** The file is there with this text, whole; false when something stood at `path` already, which is left as it is. Throws PAWL_USAGE without its folder. */
export function createUserFile(path: string, text: string): boolean {
  const temporary = writeBeside(path, text, NEW_FILE_MODE);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(dirname(path));
  return true;
}

/** The file that held `before` holds `after`, in the same mode. Throws PAWL_USAGE when it holds something else by now. */
export function replaceUserFile(path: string, before: string, after: string): void {
  const target = realpathSync(path);
  const temporary = writeBeside(target, after, statSync(target).mode & 0o777);
  try {
    if (readFileSync(target, 'utf8') !== before) throw changedMeanwhile(path);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(target));
}

function writeBeside(path: string, text: string, mode: number): string {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`);
  const fd = openBeside(path, temporary, mode);
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  return temporary;
}

function openBeside(path: string, temporary: string, mode: number): number {
  try {
    return attempt('write', path, () => openSync(temporary, 'wx', mode));
  } catch (error) {
    const isFolderMissing = error instanceof PawlError && ['ENOENT', 'ENOTDIR'].includes(systemCode(error.cause) ?? '');
    throw isFolderMissing ? noFolder(path, error) : error;
  }
}

function noFolder(path: string, cause: PawlError): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message: `Folder not found: ${dirname(path)}; nothing was written.`,
    subject: path,
    hint: 'Create it, or name a file in another folder.',
    cause,
  });
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function changedMeanwhile(path: string): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message: `${path} was changed by another process in the meantime; nothing was written.`,
    subject: path,
    hint: 'Run the command again.',
  });
}
