/**
 * The files of the change feed: which there are, where the feed ends, what is read from them, what is removed.
 *
 * Owns: finding the end, beginning a file, older changes, setting damage aside, retention. Does not own: the form of a file (store/change-log/segment),
 * appending to the last one (store/change-log/segment-writer), what is in memory (store/change-log/change-log).
 *
 * Invariants: 1. A file has its name only once its head is durable in it. 2. A feed that was lost or damaged goes on behind every sequence that it can have
 * given out. 3. Nothing that cannot be read is deleted: it is set aside under another name, and reported. 4. A start reads the last file alone.
 */
import { join } from 'node:path';
import { messageOf } from '../../base/error-text.ts';
import { systemCode } from '../../model/error.ts';
import type { Files } from '../files.ts';
import { JournalWriter } from '../journal-writer.ts';
import { attempt } from '../store-errors.ts';
import { FeedPositions, type Positions } from './positions.ts';
import type { TextChange } from './recent-changes.ts';
import { changesIn, lineText, readSegment, type SegmentReading, segmentFirst, segmentName } from './segment.ts';

/** What is kept of the feed, at most. */
export interface Retention {
  readonly ageMs: number;
  readonly count: number;
  readonly bytes: number;
}

/** Where the files of a feed are. */
export interface SegmentFolderOptions {
  readonly files: Files;
  readonly folder: string;
  readonly retention: Retention;
  /** Throws when the calling process may not write any more. */
  readonly fence: () => void;
  readonly log: (line: string) => void;
  /** Bytes after which a file is followed by another one; by default as many as suit the retention. */
  readonly segmentBytes?: number;
}

/** Where the feed ends. */
export interface FeedEnd {
  /** When this feed took the place of one that was lost; null: it never did. */
  readonly lostAtMs: number | null;
  readonly head: number;
  readonly positions: FeedPositions;
  /** Those of the last file. */
  readonly changes: readonly TextChange[];
}

interface Segment {
  readonly first: number;
  headBytes: number;
  bytes: number;
  writtenAtMs: number;
}

const SEGMENT_BYTES_MAX = 4 * 1024 * 1024;
/** What is kept is in so many files at least, so that removing one leaves most of it. */
const SEGMENTS_KEPT = 8;
/** No file of the feed is longer, so none holds as many changes. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** The files of one feed, for the one process that writes it. */
export class SegmentFolder {
  readonly #options: SegmentFolderOptions;
  readonly #segmentBytes: number;
  /** In the order of their changes; the last one is written. */
  #segments: Segment[] = [];
  /** The first change of this feed: files before it are those of one that was damaged. */
  #range = 1;
  #lostAtMs: number | null = null;
  #cached: { readonly first: number; readonly until: number; readonly changes: readonly TextChange[] } | null = null;

  constructor(options: SegmentFolderOptions) {
    this.#options = options;
    const { retention, segmentBytes = Math.min(SEGMENT_BYTES_MAX, Math.ceil(retention.bytes / SEGMENTS_KEPT)) } =
      options;
    this.#segmentBytes = segmentBytes;
  }

  /** The smallest cursor after which nothing is missing. */
  get oldest(): number {
    return (this.#segments[0]?.first ?? this.#range) - 1;
  }

  /** True when the next change belongs in a new file. */
  get isLastFull(): boolean {
    const { bytes, headBytes } = this.#last();
    return bytes - headBytes >= this.#segmentBytes;
  }

  /**
   * Where the feed ends. `isFresh`: nobody can have followed it before. What a killed process left of an append is cut off; where the last file is damaged,
   * or missing, another feed begins.
   */
  async find(isFresh: boolean): Promise<FeedEnd> {
    const { files, folder, log } = this.#options;
    const named = files.listNames(folder).flatMap((name) => segmentFirst(name) ?? []);
    this.#segments = named.filter(({ isAside }) => !isAside).map(({ first }) => this.#segmentAt(first));
    const last = this.#segments.at(-1);
    if (last === undefined) {
      const head = named.length === 0 && isFresh ? 0 : this.#headBeyond(named);
      return this.#beginAnew(head, new FeedPositions());
    }
    const reading = this.#read(last);
    const { head, damage } = reading;
    const positions = new FeedPositions();
    for (const line of reading.lines) positions.apply(line);
    if (head === null || damage !== null) {
      log(`${this.#path(last.first)} is damaged (${damage}): the change feed begins anew`);
      return this.#beginAnew(this.#headBeyond(named), positions);
    }
    this.#range = head.range;
    this.#lostAtMs = head.lostAtMs;
    this.#cutTail(last, reading);
    this.#leaveOtherFeeds();
    return { lostAtMs: head.lostAtMs, head: reading.last, positions, changes: changesIn(reading.lines) };
  }

  /** The last file begins with that change now. Throws with everything as it was. */
  async begin(first: number, positions: Positions): Promise<void> {
    const { files, fence } = this.#options;
    fence();
    const atMs = files.clock.nowMs();
    const bytes = Buffer.from(
      lineText({ kind: 'head', first, range: this.#range, atMs, lostAtMs: this.#lostAtMs, positions }),
    );
    await files.replace(this.#path(first), bytes);
    // A file without a change has the same name, and is replaced.
    if (this.#segments.at(-1)?.first === first) this.#segments.pop();
    this.#segments.push({ first, headBytes: bytes.length, bytes: bytes.length, writtenAtMs: atMs });
  }

  /** A writer at the end of the last file, whose name and content are durable. */
  async openLast(): Promise<JournalWriter> {
    const { files, folder, fence } = this.#options;
    const { first, bytes } = this.#last();
    await files.syncFolder(folder);
    return JournalWriter.open(files, this.#path(first), { seq: 0, end: bytes }, () => fence());
  }

  /** The last file is that long now. */
  grown(bytes: number): void {
    const last = this.#last();
    last.bytes = bytes;
    last.writtenAtMs = this.#options.files.clock.nowMs();
  }

  /** Changes after `after`, at most so many, from the file that holds them; null where they cannot be read any more. `head`: the last durable change. */
  changesAfter(after: number, countMax: number, head: number): readonly TextChange[] | null {
    const at = this.#segments.findLastIndex(({ first }) => first <= after + 1);
    const segment = this.#segments[at];
    if (segment === undefined) return null;
    const next = this.#segments[at + 1];
    const until = next === undefined ? head : next.first - 1;
    if (this.#cached?.first !== segment.first || this.#cached.until !== until) {
      const changes = this.#changesUntil(segment, until, next === undefined);
      if (changes === null) {
        if (next !== undefined) this.#giveUp(at);
        return null;
      }
      this.#cached = { first: segment.first, until, changes };
    }
    const from = after + 1 - segment.first;
    return this.#cached.changes.slice(from, from + countMax);
  }

  /**
   * Files that retention has passed are removed, but for the last one, and each durably before the next: what a power cut brings back is still without a gap.
   * `head`: the last durable change.
   */
  async retain(head: number): Promise<void> {
    const { files, folder, log } = this.#options;
    for (;;) {
      const [oldest, next] = this.#segments;
      if (oldest === undefined || next === undefined || !this.#isPast(oldest, head)) return;
      const path = this.#path(oldest.first);
      try {
        files.fs.unlink(path);
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') {
          log(`${path} has passed its retention and could not be removed: ${messageOf(error)}`);
          return;
        }
      }
      this.#segments.shift();
      await files.syncFolder(folder);
      log(`the change feed begins after ${this.oldest} now: what was before has passed its retention`);
    }
  }

  #isPast(oldest: Segment, head: number): boolean {
    const { files, retention } = this.#options;
    const bytes = this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
    const isOver = head - oldest.first + 1 > retention.count || bytes > retention.bytes;
    return isOver || oldest.writtenAtMs < files.clock.nowMs() - retention.ageMs;
  }

  async #beginAnew(head: number, positions: FeedPositions): Promise<FeedEnd> {
    const { files, folder } = this.#options;
    this.#range = head + 1;
    this.#lostAtMs = head > 0 ? Math.ceil(files.clock.nowMs()) : null;
    await this.begin(this.#range, positions.all);
    // A file of the damaged feed must never be the last one again.
    await files.syncFolder(folder);
    this.#leaveOtherFeeds();
    return { lostAtMs: this.#lostAtMs, head, positions, changes: [] };
  }

  /** A sequence that was never given out: a feed gives out less than one change a millisecond, and a file holds fewer changes than bytes. */
  #headBeyond(named: readonly { readonly first: number }[]): number {
    const beyondFiles = named.map(({ first }) => first + FILE_BYTES_MAX);
    return Math.max(Math.ceil(this.#options.files.clock.nowMs()), ...beyondFiles);
  }

  #cutTail(last: Segment, { headBytes, end, tornBytes }: SegmentReading): void {
    const { files, log } = this.#options;
    last.headBytes = headBytes;
    last.bytes = end;
    if (tornBytes === 0) return;
    const path = this.#path(last.first);
    files.using(path, 'r+', (fd) => files.fs.truncate(fd, end));
    log(`${path}: the last append was interrupted: ${tornBytes} bytes are cut off`);
  }

  #leaveOtherFeeds(): void {
    const others = this.#segments.filter(({ first }) => first < this.#range);
    this.#segments = this.#segments.filter(({ first }) => first >= this.#range);
    for (const { first } of others) this.#setAside(first);
  }

  /** What is in that file cannot be read, so what is before it cannot be followed. */
  #giveUp(at: number): void {
    const gone = this.#segments.splice(0, at + 1);
    for (const { first } of gone) this.#setAside(first);
    this.#options.log(`the change feed begins after ${this.oldest} now: what was before is damaged`);
  }

  #setAside(first: number): void {
    const { files, log } = this.#options;
    const path = this.#path(first);
    const aside = `${path}.damaged-${files.clock.nonce()}`;
    try {
      files.fs.rename(path, aside);
      log(`${path} is set aside as ${aside}`);
    } catch (error) {
      // It counts for nothing where it is, and is met again by the next start.
      if (systemCode(error) === undefined) throw error;
      log(`${path} could not be set aside: ${messageOf(error)}`);
    }
  }

  /** The changes in the file up to that one; null unless all of them are there. */
  #changesUntil(segment: Segment, until: number, isLast: boolean): readonly TextChange[] | null {
    const { lines, last } = this.#read(segment);
    // Behind the last durable change, the last file may hold what is not durable yet.
    if (last < until || (last > until && !isLast)) return null;
    return changesIn(lines).slice(0, until + 1 - segment.first);
  }

  #read({ first, bytes }: Segment): SegmentReading {
    const path = this.#path(first);
    const isTooLong = bytes > FILE_BYTES_MAX;
    const content = isTooLong ? null : this.#options.files.readBytes(path, FILE_BYTES_MAX);
    const reading = readSegment(content ?? new Uint8Array(), first);
    return isTooLong ? { ...reading, damage: `it is longer than ${FILE_BYTES_MAX} bytes` } : reading;
  }

  #segmentAt(first: number): Segment {
    const path = this.#path(first);
    const stat = attempt('look at', path, () => this.#options.files.fs.stat(path));
    return { first, headBytes: 0, bytes: stat?.size ?? 0, writtenAtMs: stat?.mtimeMs ?? 0 };
  }

  #path(first: number): string {
    return join(this.#options.folder, segmentName(first));
  }

  #last(): Segment {
    const last = this.#segments.at(-1);
    if (last === undefined) throw new Error('bug: the change feed has no file');
    return last;
  }
}
