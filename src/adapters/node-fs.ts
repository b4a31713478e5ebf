/**
 * The file operations of the system, one call each.
 *
 * Owns: modes and flags. Does not own: loops over short writes, order, meaning of errors (store/files).
 *
 * Invariants: 1. Files are made 0600, folders 0700. 2. Opening to read never blocks, not even on a named pipe.
 */
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  utimesSync,
  watch,
  writeSync,
} from 'node:fs';
import { systemCode } from '../model/error.ts';
import type { FileStat, FsPort } from '../ports/fs.ts';

const FLAGS = {
  r: constants.O_RDONLY | constants.O_NONBLOCK,
  rNoFollow: constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW,
  'r+': constants.O_RDWR,
  'a+': constants.O_RDWR | constants.O_APPEND | constants.O_CREAT,
  'wx+': constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
} as const;

/** Out of watches is no failure of the caller's: it polls. */
const OUT_OF_WATCHES = ['ENOSPC', 'EMFILE', 'ENFILE', 'ENOSYS'];

/** The real file system. */
export const nodeFs: FsPort = {
  open: (path, mode) => openSync(path, FLAGS[mode], 0o600),
  close: (fd) => closeSync(fd),
  read: readFully,
  write: (fd, bytes, position) => writeSync(fd, bytes, 0, bytes.length, position),
  size: (fd) => fstatSync(fd).size,
  kindOf: (fd) => kindOf(fstatSync(fd)),
  truncate: (fd, size) => ftruncateSync(fd, size),
  sync: (fd) => settled((done) => fsync(fd, done)),
  dataSync: (fd) => settled((done) => fdatasync(fd, done)),
  link: (existing, path) => linkSync(existing, path),
  rename: (from, to) => renameSync(from, to),
  unlink: (path) => unlinkSync(path),
  removeFolder: (path) => rmdirSync(path),
  makeFolder: (path) => {
    mkdirSync(path, { mode: 0o700 });
  },
  list: (path) => readdirSync(path).sort(),
  stat: (path) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? null : { kind: kindOf(stats), size: stats.size, mtimeMs: stats.mtimeMs };
  },
  touch: (path) => {
    const now = new Date();
    utimesSync(path, now, now);
  },
  watch: watchFolder,
};

/** What a call of the thread pool comes to. */
function settled(call: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call((error) => (error === null ? resolve() : reject(error))));
}

function readFully(fd: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done === length ? bytes : bytes.subarray(0, done);
}

function kindOf(stats: Stats): FileStat['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

/** Why changes in that folder would not be noticed at once; null when they would. */
export function watchProblem(folder: string): string | null {
  try {
    watch(folder, { persistent: false }).close();
    return null;
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return `${folder} cannot be watched: ${code}`;
  }
}

/**
 * Watches until it is ended, the folder goes, or the system's watcher fails: a failed watcher falls silent, which the port
 * allows, because callers poll too. Does not keep the process alive.
 */
function watchFolder(folder: string, onChange: () => void): () => void {
  try {
    const watcher = watch(folder, { persistent: false }, () => onChange());
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch (error) {
    if (OUT_OF_WATCHES.includes(systemCode(error) ?? '')) return () => undefined;
    throw error;
  }
}
