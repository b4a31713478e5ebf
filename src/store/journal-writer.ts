/**
 * Appending to a run's journal: acknowledged means durable.
 *
 * Owns: the append and what a failed one leaves. Does not own: what is appended, who may (store/registry-lock).
 *
 * Invariants (L1): 1. When `append` returns, all of its lines are durable. 2. A failed write leaves the journal as it was, or
 * poisons the writer. 3. After a failed sync, or a size that is not ours, nothing is ever appended again.
 */

import { dirname } from 'node:path';
import { PawlError } from '../model/error.ts';
import type { Fd } from '../ports/fs.ts';
import { recoverRegistry } from '../run/error-actions.ts';
import type { Files } from './files.ts';
import { attempt, attemptSync, storeRefusal } from './store-errors.ts';

/** The end of one journal, open to append. */
export class JournalWriter {
  readonly path: string;
  readonly #files: Files;
  readonly #fd: Fd;
  #size: number;
  #poison: PawlError | null = null;
  #isClosed = false;

  private constructor(files: Files, path: string, fd: Fd, size: number) {
    this.path = path;
    this.#files = files;
    this.#fd = fd;
    this.#size = size;
  }

  /**
   * A writer at the end of the journal, which is there and durable as it was read: `knownSize` bytes, 0 for a new one.
   * Throws PAWL_JOURNAL_DAMAGED when the file has another size.
   */
  static open(files: Files, path: string, knownSize: number): JournalWriter {
    if (knownSize > 0 && !files.exists(path)) throw sizeChanged(path, knownSize, 0);
    const fd = attempt('open', path, () => files.fs.open(path, 'a+'));
    try {
      const size = attempt('measure', path, () => files.fs.size(fd));
      if (size !== knownSize) throw sizeChanged(path, knownSize, size);
      // The reader may have seen what a killed writer had written and not yet synced: settle it before anyone acts on it.
      if (size > 0) attemptSync(path, () => files.fs.dataSync(fd));
      else files.syncFolder(dirname(path));
    } catch (error) {
      files.closeAfterFailure(fd);
      throw error;
    }
    return new JournalWriter(files, path, fd, knownSize);
  }

  /** Bytes in the journal, all of them acknowledged. */
  get size(): number {
    return this.#size;
  }

  /**
   * The lines (each with its newline) stand at the end of the journal, durably.
   * Throws PAWL_STORE_FULL, _PERMISSION or _FAILED with the journal as it was, PAWL_STORE_SYNC_FAILED with its end unknown:
   * then the process stops.
   */
  append(lines: string): void {
    if (this.#poison !== null) throw this.#poison;
    if (this.#isClosed) throw new Error(`bug: ${this.path} is closed`);
    if (!lines.endsWith('\n')) throw new Error(`bug: a line for ${this.path} lacks its newline`);
    const bytes = Buffer.from(lines);
    try {
      this.#files.writeAll(this.#fd, this.path, bytes, null);
    } catch (error) {
      this.#takeBack(error);
      throw error;
    }
    try {
      attemptSync(this.path, () => this.#files.fs.dataSync(this.#fd));
      const size = attempt('measure', this.path, () => this.#files.fs.size(this.#fd));
      if (size !== this.#size + bytes.length) throw sizeChanged(this.path, this.#size + bytes.length, size);
    } catch (error) {
      this.#poisonWith(error);
      throw error;
    }
    this.#size += bytes.length;
  }

  /** The file is closed; nothing is appended any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    attempt('close', this.path, () => this.#files.fs.close(this.#fd));
  }

  #takeBack(error: unknown): void {
    try {
      this.#files.fs.truncate(this.#fd, this.#size);
    } catch (truncateError) {
      this.#poisonWith(error, truncateError);
    }
  }

  #poisonWith(error: unknown, second?: unknown): void {
    if (error instanceof PawlError && second === undefined) {
      this.#poison = error;
      return;
    }
    this.#poison = storeRefusal(
      this.path,
      `cannot append to ${this.path} any more: a failed append could not be undone`,
      'Stop this process; the next start reads the disk.',
      second ?? error,
    );
  }
}

function sizeChanged(path: string, expected: number, size: number): PawlError {
  return new PawlError({
    code: 'PAWL_JOURNAL_DAMAGED',
    message: `${path} is ${size} bytes long, not ${expected}: another process wrote there`,
    subject: path,
    hint: 'Make sure that one process drives the registry, then recover it.',
    actions: [recoverRegistry()],
  });
}
