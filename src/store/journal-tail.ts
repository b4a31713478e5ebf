/**
 * Following a journal while another process appends to it.
 *
 * Owns: reading newly completed records. Does not own: when to look (the caller watches and polls).
 *
 * Invariants: 1. No lock is taken, nothing is written. 2. Only lines with their newline count.
 */
import { PawlError } from '../model/error.ts';
import type { JournalRecord } from '../model/record.ts';
import { recoverRegistry } from '../run/error-actions.ts';
import type { Files } from './files.ts';
import { rawLines } from './journal.ts';
import { chainFault, readLine } from './journal-lines.ts';
import { attempt } from './store-errors.ts';

/** A position in a journal that advances with every record read. */
class JournalFollower {
  readonly #files: Files;
  readonly #path: string;
  #offset = 0;
  #last: JournalRecord | null = null;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /**
   * The records that were completed since the last call; none while the journal is absent.
   * Throws PAWL_JOURNAL_DAMAGED at a line that does not follow.
   */
  poll(): readonly JournalRecord[] {
    const records = this.#files.usingIfThere(this.#path, (fd) => {
      const size = attempt('read', this.#path, () => this.#files.fs.size(fd));
      const found: JournalRecord[] = [];
      for (const raw of rawLines(this.#files, fd, this.#path, this.#offset, size)) {
        if (!raw.hasNewline) break;
        const record = this.#take(raw.bytes);
        found.push(record);
        this.#offset = raw.start + raw.bytes.length + 1;
        this.#last = record;
      }
      return found;
    });
    return records ?? [];
  }

  #take(bytes: Uint8Array): JournalRecord {
    const reading = readLine(bytes);
    const fault = reading.kind === 'bad' ? reading.detail : chainFault(this.#last, reading.record);
    if (reading.kind === 'record' && fault === null) return reading.record;
    throw new PawlError({
      code: 'PAWL_JOURNAL_DAMAGED',
      message: `${this.#path}: the line after record ${this.#last?.seq ?? 0} does not follow: ${fault}`,
      subject: this.#path,
      hint: 'Read the journal again from its beginning; if the result is the same, recover the registry.',
      actions: [recoverRegistry()],
    });
  }
}

/** A follower of the journal at `path` that gives every record once. */
export function tailJournal(files: Files, path: string): JournalFollower {
  return new JournalFollower(files, path);
}
