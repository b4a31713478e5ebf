/**
 * A journal read piece by piece while another process may be appending to it.
 *
 * Owns: the place reached, and what a journal that cannot be followed is called. Does not own: when to look (hub/registry-watch).
 *
 * Invariants: 1. No lock is taken, nothing is written. 2. What is given verifies as a chain; what comes after the first line that
 * does not is not given, until that line is mended. 3. A last line without its newline counts once it is whole, as it does for the
 * next start of Pawl. 4. What is given follows from what was given before: where that is no more in the file, it begins anew.
 */
import { PawlError, systemCode } from '../../model/error.ts';
import type { JournalRecord } from '../../model/record.ts';
import type { Fd } from '../../ports/fs.ts';
import type { Files } from '../../store/files.ts';
import { rawLines } from '../../store/journal.ts';
import { chainFault, readLine } from '../../store/journal-lines.ts';

/** What one look at the journal gave. */
export interface Piece {
  readonly records: readonly JournalRecord[];
  /** True when the file held no more at that moment. */
  readonly isEnd: boolean;
  /** True when the file is another one than before: its records come again from the first. */
  readonly isReset: boolean;
}

/** A place in a journal that moves on with every record read. */
export class JournalReader {
  readonly #files: Files;
  readonly #path: string;
  readonly #fromSeq: number;
  #offset = 0;
  /** Where the last record ends. */
  #lastEnd = 0;
  #owesNewline = false;
  #last: JournalRecord | null = null;
  #fault: string | null = null;
  #isTorn = false;

  /** Gives the records from `fromSeq` on; those before it are verified all the same. */
  constructor(files: Files, path: string, fromSeq = 1) {
    this.#files = files;
    this.#path = path;
    this.#fromSeq = fromSeq;
  }

  /** Why the journal cannot be followed any further, null while it can. */
  get fault(): string | null {
    return this.#fault;
  }

  /** True when the file ended, at the last look, with a line that is not whole. */
  get isTorn(): boolean {
    return this.#isTorn;
  }

  get lastSeq(): number {
    return this.#last?.seq ?? 0;
  }

  /** The next records, at most `linesMax` lines of them. Never throws for what is in the file. */
  read(linesMax: number): Piece {
    try {
      return this.#files.usingIfThere(this.#path, (fd) => this.#readOpen(fd, linesMax)) ?? this.#absent();
    } catch (error) {
      if (!(error instanceof PawlError) && systemCode(error) === undefined) throw error;
      // Nothing is concluded from it: the next look tries again.
      return { records: [], isEnd: true, isReset: false };
    }
  }

  #absent(): Piece {
    const isReset = this.#offset > 0;
    this.#begin();
    return { records: [], isEnd: true, isReset };
  }

  #readOpen(fd: Fd, linesMax: number): Piece {
    const size = this.#files.fs.size(fd);
    const isReset = size < this.#offset || !this.#isLastThere(fd);
    if (isReset) this.#begin();
    const records: JournalRecord[] = [];
    this.#isTorn = false;
    // A line that could not be followed is looked at again: it may have been mended.
    this.#fault = null;
    let lines = 0;
    for (const raw of rawLines(this.#files, fd, this.#path, this.#offset, size)) {
      if (lines >= linesMax) return { records, isEnd: false, isReset };
      lines += 1;
      const isRest = this.#owesNewline && raw.bytes.length === 0;
      const isWhole = isRest || this.#take(raw.bytes, raw.hasNewline, records);
      if (!isWhole) break;
      if (!isRest) this.#lastEnd = raw.start + raw.bytes.length;
      this.#offset = raw.start + raw.bytes.length + (raw.hasNewline ? 1 : 0);
      this.#owesNewline = !raw.hasNewline;
    }
    return { records, isEnd: true, isReset };
  }

  /** True when the last record stands where it stood: its sum says that all before it do. */
  #isLastThere(fd: Fd): boolean {
    if (this.#last === null) return true;
    const end = `"sum":"${this.#last.sum}","v":${this.#last.v}}`;
    const bytes = this.#files.fs.read(fd, this.#lastEnd - end.length, end.length);
    return new TextDecoder().decode(bytes) === end;
  }

  /** True when the line is the next record. A line that is still being written is none, and no fault. */
  #take(bytes: Uint8Array, hasNewline: boolean, records: JournalRecord[]): boolean {
    const reading = readLine(bytes);
    if (reading.kind === 'bad' && !hasNewline) {
      this.#isTorn = true;
      return false;
    }
    const fault = reading.kind === 'bad' ? reading.detail : chainFault(this.#last, reading.record);
    if (reading.kind === 'bad' || fault !== null) {
      this.#fault = `line ${this.lastSeq + 1} of the journal: ${fault}`;
      return false;
    }
    this.#last = reading.record;
    if (reading.record.seq >= this.#fromSeq) records.push(reading.record);
    return true;
  }

  #begin(): void {
    this.#offset = 0;
    this.#lastEnd = 0;
    this.#owesNewline = false;
    this.#last = null;
    this.#fault = null;
  }
}
