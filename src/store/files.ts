/**
 * Files that are complete and durable, or absent.
 *
 * Owns: the order of system calls that makes a file, a folder or a replacement durable; bounded reading.
 * Does not own: what the bytes mean; write-once files (store/register); appending (store/journal-writer).
 *
 * Invariants: 1. What a method says is durable when it returns survives a power cut. 2. A reader never sees half a file.
 * 3. Temporary names begin with `.tmp-`, are unique, and what a killed process leaves of them is inert.
 * Free of zod and xstate: the worker host loads this file.
 */
import { dirname, join, resolve } from 'node:path';
import { PawlError, systemCode } from '../model/error.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { Fd, FsPort, OpenMode } from '../ports/fs.ts';
import { attempt, attemptSync, storeFailure, storeRefusal } from './store-errors.ts';

const TEMPORARY_PREFIX = '.tmp-';

/** True when both hold the same bytes. */
export function areSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Durable file operations over one file system and one clock. */
export class Files {
  readonly fs: FsPort;
  readonly clock: ClockPort;
  /** Folders whose entry in their parent this process has made durable itself, or that existed before Pawl. */
  readonly #settledFolders: Set<string>;

  /** `foreignFolders`: folders that Pawl has not made, so that it need not sync them. */
  constructor(fs: FsPort, clock: ClockPort, foreignFolders: readonly string[] = []) {
    this.fs = fs;
    this.clock = clock;
    this.#settledFolders = new Set(foreignFolders);
  }

  /**
   * Every folder of `paths` exists and is durable, with its ancestors.
   *
   * Goes down level by level and syncs a parent before anything is made below its new entries: so a folder with something
   * of ours in it is known to be durable, and of one that a killed process left, only the last parent has to be synced again
   * (once per process).
   *
   * `later`: a folder that the caller itself syncs before anything relies on what is in it. Its entries are not settled here: one sync settles
   * all that were made before it.
   */
  async ensureFolders(paths: readonly string[], later: string | null = null): Promise<void> {
    const missing = new Map<string, number>();
    const found = new Map<string, number>();
    for (const path of paths) this.#survey(resolve(path), missing, found);
    const depths = [...new Set([...missing.values(), ...found.values()])].sort((a, b) => a - b);
    for (const depth of depths) {
      const made = pathsAt(missing, depth);
      const there = pathsAt(found, depth);
      for (const path of made) this.#makeFolder(path);
      const parents = new Set(made.map((path) => dirname(path)));
      if (later !== null) parents.delete(later);
      for (const parent of parents) await this.syncFolder(parent);
      for (const path of there) if (dirname(path) !== later) await this.#settleFound(path, parents);
      for (const path of [...made, ...there]) this.#settledFolders.add(path);
    }
  }

  /** The entries of the folder `path` are durable. */
  syncFolder(path: string): Promise<void> {
    return this.usingWhile(path, 'r', (fd) => attemptSync(path, () => this.fs.sync(fd)));
  }

  /** True when something is at `path`; a link counts, whatever it points to. */
  exists(path: string): boolean {
    return attempt('look at', path, () => this.fs.stat(path)) !== null;
  }

  /** Names in the folder, sorted, without temporary ones; none when the folder is absent. */
  listNames(path: string): string[] {
    try {
      return this.fs.list(path).filter((name) => !name.startsWith(TEMPORARY_PREFIX));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw storeFailure('list', path, error);
    }
  }

  /** The bytes of the file, null when it is absent. Throws PAWL_STORE_FAILED when there are more than `bytesMax`. */
  readBytes(path: string, bytesMax: number): Uint8Array | null {
    return this.usingIfThere(path, (fd) => {
      const size = attempt('read', path, () => this.fs.size(fd));
      if (size > bytesMax) {
        throw storeRefusal(
          path,
          `${path} holds ${size} bytes, more than ${bytesMax}`,
          'Look at the file: Pawl did not write that.',
        );
      }
      return attempt('read', path, () => this.fs.read(fd, 0, size));
    });
  }

  /** The file at `path` holds exactly `bytes`, durably; until then every reader, and every crash, sees its old content. */
  async writeDurable(path: string, bytes: Uint8Array): Promise<void> {
    await this.replace(path, bytes);
    await this.syncFolder(dirname(path));
  }

  /** Like `writeDurable`, except that until its folder is synced a power cut may bring back the old content. */
  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = await this.writeTemporary(dirname(path), bytes);
    try {
      this.fs.rename(temporary, path);
    } catch (error) {
      this.removeTemporary(temporary);
      throw storeFailure('replace', path, error);
    }
  }

  /**
   * The file at `path`, whose name identifies its content, holds exactly `bytes`, durably.
   * Throws PAWL_ARTIFACT_DAMAGED when other bytes are there, which are not changed.
   */
  async writeOnce(path: string, bytes: Uint8Array): Promise<void> {
    const present = this.#readForComparison(path, bytes.length);
    if (present === null) {
      await this.writeDurable(path, bytes);
      return;
    }
    if (present === 'longer' || !areSameBytes(present, bytes)) {
      throw new PawlError({
        code: 'PAWL_ARTIFACT_DAMAGED',
        message: `${path}: content does not match the hash in its name`,
        subject: path,
        hint: 'Keep the file aside and look at who changed it.',
      });
    }
    await this.syncFolder(dirname(path));
  }

  /** A new file with a unique temporary name in `folder` holds `bytes`, its name not durable, its content unless `isFleeting`. Returns its path. */
  async writeTemporary(folder: string, bytes: Uint8Array, isFleeting = false): Promise<string> {
    const path = join(folder, `${TEMPORARY_PREFIX}${this.clock.nonce()}`);
    const fd = attempt('create', path, () => this.fs.open(path, 'wx+'));
    try {
      try {
        this.writeAll(fd, path, bytes, 0);
        if (!isFleeting) await attemptSync(path, () => this.fs.sync(fd));
        this.checkSize(fd, path, bytes.length);
      } catch (error) {
        this.closeAfterFailure(fd);
        throw error;
      }
      attempt('close', path, () => this.fs.close(fd));
    } catch (error) {
      this.removeTemporary(path);
      throw error;
    }
    return path;
  }

  /** A file made by `writeTemporary` is gone, or left behind if the system refuses: it is inert and never listed. */
  removeTemporary(path: string): void {
    try {
      this.fs.unlink(path);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }

  /** All of `bytes` are written, at `position` or, with null, at the end of a file opened to append. */
  writeAll(fd: Fd, path: string, bytes: Uint8Array, position: number | null): void {
    let done = 0;
    while (done < bytes.length) {
      const at = position === null ? null : position + done;
      const count = attempt('write', path, () => this.fs.write(fd, bytes.subarray(done), at));
      if (count <= 0) {
        throw storeRefusal(
          path,
          `could not write ${path}: the system wrote none of ${bytes.length - done} bytes`,
          'Check the disk.',
        );
      }
      done += count;
    }
  }

  /** Throws PAWL_STORE_FAILED unless the open file is `expected` bytes long. */
  checkSize(fd: Fd, path: string, expected: number): void {
    const size = attempt('measure', path, () => this.fs.size(fd));
    if (size !== expected) {
      throw storeRefusal(
        path,
        `${path} is ${size} bytes long after writing, not ${expected}`,
        'Check the disk, and that no other process writes there.',
      );
    }
  }

  /** What `body` returns; the file is closed again. An error of the system that `body` throws names the path. */
  using<T>(path: string, mode: 'r' | 'rNoFollow' | 'r+' | 'a+', body: (fd: Fd) => T): T {
    const fd = attempt('open', path, () => this.fs.open(path, mode));
    return this.#usingOpen(fd, path, mode, body);
  }

  #usingOpen<T>(fd: Fd, path: string, mode: OpenMode, body: (fd: Fd) => T): T {
    let result: T;
    try {
      result = body(fd);
    } catch (error) {
      this.closeAfterFailure(fd);
      throw storeFailure(actionOf(mode), path, error);
    }
    attempt('close', path, () => this.fs.close(fd));
    return result;
  }

  /** Like `using`, for an asynchronous body: the file is open until it has settled. */
  async usingWhile<T>(path: string, mode: 'r' | 'rNoFollow' | 'r+' | 'a+', body: (fd: Fd) => Promise<T>): Promise<T> {
    const fd = attempt('open', path, () => this.fs.open(path, mode));
    let result: T;
    try {
      result = await body(fd);
    } catch (error) {
      this.closeAfterFailure(fd);
      throw storeFailure(actionOf(mode), path, error);
    }
    attempt('close', path, () => this.fs.close(fd));
    return result;
  }

  /** Like `using` to read; null when the file is absent. */
  usingIfThere<T>(path: string, body: (fd: Fd) => T): T | null {
    let fd: Fd;
    try {
      fd = this.fs.open(path, 'r');
    } catch (error) {
      // Many files are looked for where few are.
      if (systemCode(error) === 'ENOENT') return null;
      throw storeFailure('open', path, error);
    }
    return this.#usingOpen(fd, path, 'r', body);
  }

  /** Closes the descriptor after something else has failed. */
  closeAfterFailure(fd: Fd): void {
    try {
      this.fs.close(fd);
    } catch (error) {
      // The first failure is the one to report; the descriptor is gone either way.
      if (systemCode(error) === undefined) throw error;
    }
  }

  /** Divides `path` and its ancestors into those to make and the lowest one that already exists. */
  #survey(path: string, missing: Map<string, number>, found: Map<string, number>): void {
    let at = path;
    while (!this.#settledFolders.has(at) && !missing.has(at) && !found.has(at)) {
      const stat = attempt('look at', at, () => this.fs.stat(at));
      if (stat !== null) {
        if (stat.kind !== 'folder' && stat.kind !== 'link') {
          throw storeRefusal(at, `${at} is a ${stat.kind} where a folder must be`, 'Move it away, then start again.');
        }
        found.set(at, depthOf(at));
        return;
      }
      missing.set(at, depthOf(at));
      at = dirname(at);
    }
  }

  #makeFolder(path: string): void {
    try {
      this.fs.makeFolder(path);
    } catch (error) {
      // Another process made it meanwhile; its parent is synced nevertheless.
      if (systemCode(error) !== 'EEXIST') throw storeFailure('make folder', path, error);
    }
  }

  async #settleFound(path: string, synced: Set<string>): Promise<void> {
    const parent = dirname(path);
    if (parent === path || synced.has(parent)) return;
    synced.add(parent);
    try {
      await this.syncFolder(parent);
    } catch (error) {
      // A parent that we may not even open was not ours to make entries in: the folder existed before Pawl.
      if (!(error instanceof PawlError) || error.code !== 'PAWL_STORE_PERMISSION') throw error;
    }
  }

  #readForComparison(path: string, expectedSize: number): Uint8Array | 'longer' | null {
    return this.usingIfThere(path, (fd) => {
      if (attempt('read', path, () => this.fs.size(fd)) > expectedSize) return 'longer';
      return attempt('read', path, () => this.fs.read(fd, 0, expectedSize));
    });
  }
}

/** What is done to a file that is opened in that way. */
function actionOf(mode: OpenMode): 'read' | 'change' {
  return mode === 'r' || mode === 'rNoFollow' ? 'read' : 'change';
}

/** The depth of a path: greater below than above. The root counts like its entries, which does no harm: it always exists and has no parent. */
function depthOf(path: string): number {
  return path.split('/').length;
}

function pathsAt(paths: ReadonlyMap<string, number>, depth: number): string[] {
  return [...paths].filter((entry) => entry[1] === depth).map((entry) => entry[0]);
}
