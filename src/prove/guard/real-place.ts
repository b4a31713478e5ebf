/**
 * Where a path really leads, links resolved, whether or not something is there yet.
 *
 * Owns: that, for files and for entries of folders; whether it is inside of given roots. Does not own: who asks (watch-files, watch-network).
 * Free of zod and xstate: every process of a trial loads this.
 */
import fs from 'node:fs';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const { lstatSync, readlinkSync } = fs;
const { native: realpath } = fs.realpathSync;
/** As many links as Linux follows. */
const LINKS_MAX = 40;

/** What an operation is about: the file that a path leads to, or the entry of a folder that it names. */
export type Subject = 'file' | 'entry';

/** The absolute path of what `path` means as `subject`, null for what is not a path (a descriptor, a handle). */
export function realPlace(path: unknown, subject: Subject): string | null {
  const text = textOf(path);
  if (text === null || text === '' || text.includes('\0')) return null;
  // Not normalised: `link/..` is the folder above of where the link leads.
  return placeOf(isAbsolute(text) ? text : `${process.cwd()}${sep}${text}`, subject, LINKS_MAX);
}

/** The file behind a descriptor, null where the system does not tell, or when it is none. */
export function placeOfDescriptor(fd: number): string | null {
  try {
    const target = readlinkSync(`/proc/self/fd/${fd}`);
    return target.startsWith(sep) ? target : null;
  } catch {
    return null; // Not open, or no /proc: what it was opened for was seen then.
  }
}

/** True for a place in one of the folders, or one of them itself. */
export function isInside(place: string, roots: readonly string[]): boolean {
  return roots.some((root) => place === root || place.startsWith(root.endsWith(sep) ? root : `${root}${sep}`));
}

function textOf(path: unknown): string | null {
  if (typeof path === 'string') return path;
  if (path instanceof URL) return path.protocol === 'file:' ? fileURLToPath(path) : null;
  return path instanceof Uint8Array ? new TextDecoder().decode(path) : null;
}

function placeOf(path: string, subject: Subject, linksLeft: number): string {
  const name = basename(path);
  const folder = realFolder(dirname(path));
  const entry = join(folder, name);
  if (subject === 'entry' || linksLeft === 0) return entry;
  if (lstatSync(entry, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return entry;
  const target = readlinkSync(entry);
  return placeOf(isAbsolute(target) ? target : `${folder}${sep}${target}`, subject, linksLeft - 1);
}

function realFolder(folder: string): string {
  try {
    return realpath(folder);
  } catch {
    // Not there (yet): then it has no links to resolve, but what is above of it may.
    const above = dirname(folder);
    return above === folder ? folder : join(realFolder(above), basename(folder));
  }
}
