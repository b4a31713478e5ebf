/**
 * The journal of one system as a file, open to append: acknowledged means durable.
 *
 * Owns: the append, what waits together, what a failed append leaves. Does not own: what is appended, reading (store/journal).
 *
 * Invariants (L1): 1. When `append` resolves, its line is durable. 2. What waits while another write is being synced is written and synced together.
 * 3. A failed write leaves the journal as it was, or poisons the writer. 4. After a failed sync, or a size that is not ours, nothing is ever
 * appended again.
 */

import { dirname } from 'node:path';
import { PawlError } from '../model/error.ts';
import type { Fd } from '../ports/fs.ts';
import type { Journal, JournalTail, SealedRecord } from '../ports/journal.ts';
import { recoverRegistry } from '../run/error-actions.ts';
import type { Files } from './files.ts';
import { attempt, attemptSync, storeRefusal } from './store-errors.ts';

/** Throws PAWL_REGISTRY_LOCKED unless the generation is the highest of its registry. */
export type Fence = (generation: number) => void;

/** An append that is not durable yet. */
interface Waiting {
  readonly line: string;
  readonly generation: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The end of one journal file. */
export class JournalWriter implements Journal {
  readonly path: string;
  readonly #files: Files;
  readonly #fence: Fence;
  readonly #fd: Fd;
  #size: number;
  /** Sequence of the last durable record, and of the last one that was asked for. */
  #durableSeq: number;
  #lastSeq: number;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  #poison: PawlError | null = null;
  #isClosed = false;

  private constructor(files: Files, path: string, fence: Fence, fd: Fd, tail: JournalTail) {
    this.path = path;
    this.#files = files;
    this.#fence = fence;
    this.#fd = fd;
    this.#size = tail.end;
    this.#durableSeq = tail.seq;
    this.#lastSeq = tail.seq;
  }

  /**
   * A writer at the end of the journal, which is there and durable as it was read; `tail.end` is 0 for a new one.
   * Throws PAWL_JOURNAL_DAMAGED when the file has another size.
   */
  static async open(files: Files, path: string, tail: JournalTail, fence: Fence): Promise<JournalWriter> {
    if (tail.end > 0 && !files.exists(path)) throw sizeChanged(path, tail.end, 0);
    const fd = attempt('open', path, () => files.fs.open(path, 'a+'));
    try {
      assertSize(files, fd, path, tail.end);
      // The reader may have seen what a killed writer had written and not yet synced: settle it before anyone acts on it.
      if (tail.end > 0) await attemptSync(path, () => files.fs.dataSync(fd));
      else await files.syncFolder(dirname(path));
    } catch (error) {
      files.closeAfterFailure(fd);
      throw error;
    }
    return new JournalWriter(files, path, fence, fd, tail);
  }

  /** Bytes in the journal, all of them acknowledged. */
  get size(): number {
    return this.#size;
  }

  append(expectedSeq: number, generation: number, { line }: Pick<SealedRecord, 'line'>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#poison !== null) throw this.#poison;
      if (this.#isClosed) throw new Error(`bug: ${this.path} is closed`);
      if (!line.endsWith('\n')) throw new Error(`bug: a line for ${this.path} lacks its newline`);
      if (expectedSeq !== this.#lastSeq) throw fenced(this.path, expectedSeq, this.#lastSeq);
      this.#lastSeq += 1;
      this.#waiting.push({ line, generation, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async close(): Promise<void> {
    const isFirst = !this.#isClosed;
    this.#isClosed = true;
    await this.#flushing;
    if (isFirst) attempt('close', this.path, () => this.#files.fs.close(this.#fd));
  }

  /** Everything that waits becomes durable, what waits together at once, or fails together. */
  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(group);
      } catch (error) {
        // What waits meanwhile was to stand behind what failed.
        for (const { reject } of [...group, ...this.#waiting]) reject(error);
        this.#waiting = [];
        this.#lastSeq = this.#durableSeq;
        break;
      }
      for (const { resolve } of group) resolve();
    }
    this.#flushing = null;
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    for (const generation of new Set(group.map((each) => each.generation))) this.#fence(generation);
    const bytes = Buffer.from(group.map(({ line }) => line).join(''));
    const size = this.#size + bytes.length;
    try {
      this.#files.writeAll(this.#fd, this.path, bytes, null);
    } catch (error) {
      this.#takeBack(error);
      throw error;
    }
    try {
      await attemptSync(this.path, () => this.#files.fs.dataSync(this.#fd));
      assertSize(this.#files, this.#fd, this.path, size);
    } catch (error) {
      this.#poisonWith(error);
      throw error;
    }
    this.#size = size;
    this.#durableSeq += group.length;
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

function assertSize(files: Files, fd: Fd, path: string, expected: number): void {
  const size = attempt('measure', path, () => files.fs.size(fd));
  if (size !== expected) throw sizeChanged(path, expected, size);
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

function fenced(path: string, expected: number, last: number): PawlError {
  return new PawlError({
    code: 'PAWL_JOURNAL_FENCED',
    message: `a record was to follow record ${expected} of ${path}, whose last one is ${last}`,
    subject: path,
    hint: 'Start again: the next start reads the journal.',
  });
}
