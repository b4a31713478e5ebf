/**
 * The few files that Pawl itself reads and writes inside of a git folder.
 *
 * Owns: looking at what stands there, reading a small one, replacing one durably. Does not own: what stands in them (locate, worktree, workspace).
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from '../../model/error.ts';

/** Writes `text` to `path` so that a reader sees the old bytes or the new ones, and neither a kill nor a power cut loses both. */
export function replaceFile(path: string, text: string, mode: number): void {
  swapFile(path, text, mode);
  syncFolder(dirname(path));
}

/** As `replaceFile`, but that a power cut may bring the old bytes back: for what is looked at again at every start, or durable with all else. */
export function swapFile(path: string, text: string, mode: number): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const fd = openSync(temporary, 'wx', mode);
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What stands at a path, a link as itself; undefined when nothing does. */
export function entryAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return undefined; // a part of its path is a file, which is looked at by itself
    throw error;
  }
}

/** The text of a file; null when nothing is there. */
export function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
    throw error;
  }
}

const SMALL_BYTES_MAX = 1024 * 1024;

/** The text of a regular file of at most 1 MiB; null for anything else: whoever may write here may also put a pipe that never ends. */
export function smallTextOf(path: string): string | null {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat?.isFile() && stat.size <= SMALL_BYTES_MAX ? textOf(path) : null;
  } catch (error) {
    if (systemCode(error) !== undefined) return null;
    throw error;
  }
}

/** The names in a folder, sorted; none where no folder is. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** The path that a file of git's administration holds, which may hold line ends of its own; null when there is no such file. */
export function pathIn(file: string): string | null {
  return smallTextOf(file)?.replace(/[\r\n]+$/, '') ?? null;
}

/** Where a `.git` file says that the administration of its worktree is; null when it says nothing of it. */
export function linkIn(file: string): string | null {
  return /^gitdir: ([\s\S]+)$/.exec(pathIn(file) ?? '')?.[1] ?? null;
}

/** True for a HEAD that says something: git takes a folder with a broken one for no repository at all. */
export function isHead(path: string): boolean {
  return /^(ref: refs\/|[0-9a-f]{40})/.test(smallTextOf(path) ?? '');
}
