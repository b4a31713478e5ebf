/**
 * The end of the change feed: text appended to its last file, which is followed by a new one when it is long enough.
 *
 * Owns: when a file is begun, trying again what failed, ending after a failed sync. Does not own: the append itself (store/journal-writer), the files
 * (store/change-log/segment-folder), what is appended (store/change-log/change-log).
 *
 * Invariants: 1. When `append` resolves, its text is durable, in a file whose name is. 2. A failed append leaves nothing, and the next one may work. 3. After a
 * failed sync nothing is appended any more.
 */
import { PawlError } from '../../model/error.ts';
import type { JournalWriter } from '../journal-writer.ts';
import type { Positions } from './positions.ts';
import type { SegmentFolder } from './segment-folder.ts';

/** What a file that is begun now begins with. */
interface NextFile {
  readonly first: number;
  readonly positions: Positions;
}

/** Appends to one feed, one text at a time. */
export class SegmentWriter {
  readonly #folder: SegmentFolder;
  /** Null: none is open at the last file. */
  #writer: JournalWriter | null = null;
  /** Texts that were appended through it. */
  #texts = 0;
  #poison: PawlError | null = null;

  constructor(folder: SegmentFolder) {
    this.#folder = folder;
  }

  /** Throws what every append would. */
  assertSound(): void {
    if (this.#poison !== null) throw this.#poison;
  }

  /** What is in the last file is durable. */
  async open(): Promise<void> {
    await this.#opened();
  }

  /** The lines stand at the end of the feed, durably. */
  async append(lines: string, next: NextFile): Promise<void> {
    this.assertSound();
    try {
      const isFull = this.#folder.isLastFull;
      if (isFull) await this.#begin(next);
      const writer = await this.#opened();
      // Not before the new file is durable: the feed is never without one.
      if (isFull) await this.#folder.retain(next.first - 1);
      await writer.append(this.#texts, 0, { line: lines });
      this.#texts += 1;
      this.#folder.grown(writer.size);
    } catch (error) {
      if (error instanceof PawlError && error.code === 'PAWL_STORE_SYNC_FAILED') this.#poison = error;
      throw error;
    }
  }

  async close(): Promise<void> {
    const writer = this.#writer;
    this.#writer = null;
    await writer?.close();
  }

  async #begin({ first, positions }: NextFile): Promise<void> {
    await this.#folder.begin(first, positions);
    await this.close();
  }

  async #opened(): Promise<JournalWriter> {
    if (this.#writer === null) {
      this.#writer = await this.#folder.openLast();
      this.#texts = 0;
    }
    return this.#writer;
  }
}
