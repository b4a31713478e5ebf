/**
 * The file operations that the store is built on, one system call each, so that a test can fail or stop at every one.
 *
 * Owns: the port. Does not own: composing them (store/files), the real calls (adapters/node-fs).
 *
 * Invariants: 1. Every call fails with the system's error and its `code`. 2. `write` may be short, as write(2) may; the caller loops.
 * 3. What waits for the disk is asynchronous, so that one system's sync never holds up another one; what the operating system does in memory is a single call.
 */

/** An open file or folder. */
export type Fd = number;

/** What is known about a path without opening it. */
export interface FileStat {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly size: number;
  readonly mtimeMs: number;
}

/**
 * How a file is opened: `wx+` creates and refuses an existing file; `r` never creates; `rNoFollow` neither, and refuses a symbolic link (ELOOP);
 * `a+` appends and creates; `r+` writes in place.
 */
export type OpenMode = 'r' | 'rNoFollow' | 'r+' | 'a+' | 'wx+';

/** The file operations, one system call each. */
export interface FsPort {
  open(path: string, mode: OpenMode): Fd;
  close(fd: Fd): void;
  /** Bytes read at `position`; fewer than `length` only at the end of the file. */
  read(fd: Fd, position: number, length: number): Uint8Array;
  /** The number of bytes written, at the end of an `a+` file, at `position` otherwise. */
  write(fd: Fd, bytes: Uint8Array, position: number | null): number;
  size(fd: Fd): number;
  /** The open file itself, whatever its path refers to by now. */
  kindOf(fd: Fd): FileStat['kind'];
  truncate(fd: Fd, size: number): void;
  /** fsync(2), of a file or (on a folder opened with `r`) of its entries. The descriptor stays open until it has settled. */
  sync(fd: Fd): Promise<void>;
  /** fdatasync(2). */
  dataSync(fd: Fd): Promise<void>;
  /** link(2): throws EEXIST when `path` is there. */
  link(existing: string, path: string): void;
  rename(from: string, to: string): void;
  /** For temporary names, and for anything in the place of a worker's answer: registers and journals are never unlinked. */
  unlink(path: string): void;
  /** Removes one empty folder; throws ENOTEMPTY. */
  removeFolder(path: string): void;
  /** Creates one folder, mode 0700; throws EEXIST. */
  makeFolder(path: string): void;
  /** Names in a folder, sorted; throws ENOENT. */
  list(path: string): string[];
  /** Null when nothing is there. Does not follow a link. */
  stat(path: string): FileStat | null;
  /** Sets the modification time of an existing file to now. */
  touch(path: string): void;
  /** Calls `onChange` after something in the folder changed; changes can be missed, so callers poll too. Returns a function that ends the watch. */
  watch(folder: string, onChange: () => void): () => void;
}
