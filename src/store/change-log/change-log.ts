/**
 * The change feed of this machine, on disk: one sequence, durable before anybody is told.
 *
 * Owns: its files, what is taken once, what is read from where, retention. Does not own: the form of a file (store/change-log/segment), appending to one
 * (store/journal-writer), what the changes are (model/change).
 *
 * Invariants: 1. What `read` gives is durable, and without a gap. 2. Of a run every record is taken once and in order, over any number of starts: the position is in the
 * same line as the changes. 3. A feed whose files are lost or damaged goes on behind everything that it can have given out: every old cursor is told that it must read
 * anew. 4. Retention removes whole files from the old end, and what is removed is said.
 */
import { join } from 'node:path';
import type { Change, ChangeBatch } from '../../model/change.ts';
import { PawlError } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { Files } from '../files.ts';
import { type Fence, JournalWriter } from '../journal-writer.ts';
import { RecentChanges, type TextChange } from './recent-changes.ts';
import {
  adoptedLine,
  batchLine,
  forgottenLine,
  headLine,
  readSegment,
  type SegmentLine,
  segmentFirst,
  segmentName,
} from './segment.ts';

/** What is kept of the feed. */
export interface Retention {
  readonly ageMs: number;
  readonly count: number;
  readonly bytes: number;
}

/** How a feed is opened. */
export interface ChangeLogOptions {
  readonly files: Files;
  readonly folder: string;
  readonly retention: Retention;
  /** Nobody can have followed it before: an empty folder is a new feed, not a lost one. */
  readonly isFresh: boolean;
  /** Throws when the calling process may not write any more. */
  readonly fence: () => void;
  readonly log: (line: string) => void;
  /** Bytes after which a new file is begun. */
  readonly segmentBytes?: number;
}

/** What a reader gets. */
export type FeedReading =
  | { readonly kind: 'changes'; readonly changes: readonly TextChange[]; readonly next: number }
  /** What the cursor means is not here (any more, or yet): views must be read anew, and followed from `cursor`. */
  | { readonly kind: 'resync'; readonly reason: 'ahead' | 'behind'; readonly cursor: number };

const SEGMENT_BYTES = 4 * 1024 * 1024;
const RECENT_COUNT = 10_000;
const RECENT_CHARS = 8 * 1024 * 1024;

interface Segment {
  readonly first: number;
  bytes: number;
  mtimeMs: number;
}

/** The feed; `close` it. */
export class ChangeLog {
  /** The files of the feed were lost or damaged: what it had given out is not here any more. */
  readonly wasLost: boolean;
  readonly #options: ChangeLogOptions;
  readonly #segments: Segment[];
  readonly #recent = new RecentChanges(RECENT_COUNT, RECENT_CHARS);
  readonly #positions: Map<string, Map<string, number>>;
  /** What was asked for and is not durable yet. */
  #asked = new Map<string, number>();
  #askedHead: number;
  #head: number;
  #writer: JournalWriter;
  #lines: number;
  #rotating: Promise<void> | null = null;
  #pending = 0;
  #waiters = new Set<() => void>();
  #cached: { readonly first: number; readonly changes: readonly TextChange[] } | null = null;
  #isClosed = false;

  private constructor(options: ChangeLogOptions, found: Found, writer: JournalWriter) {
    this.#options = options;
    this.wasLost = found.wasLost;
    this.#segments = found.segments;
    this.#positions = found.positions;
    this.#head = found.head;
    this.#askedHead = found.head;
    this.#writer = writer;
    this.#lines = found.lines;
    for (const change of found.changes) this.#recent.push(change);
  }

  /** The feed at its end. Throws PAWL_STORE_FULL and the like where its folder cannot be written. */
  static async open(options: ChangeLogOptions): Promise<ChangeLog> {
    const { files, folder } = options;
    await files.ensureFolders([folder]);
    const found = findFeed(options);
    const path = join(folder, segmentName(found.first));
    const fence: Fence = () => options.fence();
    const writer = await JournalWriter.open(files, path, { seq: found.lines, end: found.end }, fence);
    const log = new ChangeLog(options, found, writer);
    if (found.lines === 0) await log.#line(headLine(found.first, files.clock.nowMs(), log.#positions), () => undefined);
    log.retain();
    return log;
  }

  /** The last change that is durable. */
  get head(): number {
    return this.#head;
  }

  /** The smallest cursor after which nothing is missing. */
  get oldest(): number {
    return (this.#segments[0]?.first ?? this.#head + 1) - 1;
  }

  /** The last record of the run whose changes are in the feed; 0 where there is none. */
  position(project: string, system: string): number {
    return this.#positions.get(project)?.get(system) ?? 0;
  }

  /** True when the project's runs are followed. */
  knows(project: string): boolean {
    return this.#positions.has(project);
  }

  /** The project's runs are followed from these records on; what was before brings no change. */
  async adopt(project: string, positions: Readonly<Record<string, number>>): Promise<void> {
    const known = new Map(Object.entries(positions));
    await this.#unlessRotating();
    await this.#line(adoptedLine(project, known), () => this.#positions.set(project, known));
  }

  /** The project's runs are followed no more. */
  async forget(project: string): Promise<void> {
    await this.#unlessRotating();
    await this.#line(forgottenLine(project), () => this.#positions.delete(project));
  }

  /**
   * The changes are in the feed, durably: `taken`. `known`: the feed has this record already. `gap`: it lacks the one before it, which must come first; nothing was
   * written then. Rejects with PAWL_STORE_FULL and the like; after a failed sync with that for ever.
   */
  async append(batch: ChangeBatch): Promise<'taken' | 'known' | 'gap'> {
    // Not a moment later where it need not wait: what is asked for is counted before anything else can begin a new file.
    if (this.#rotating !== null) await this.#unlessRotating();
    const { source, changes } = batch;
    const place = source === null ? null : `${source.project}\n${source.system}`;
    if (source !== null && place !== null) {
      const last = this.#asked.get(place) ?? this.position(source.project, source.system);
      if (source.seq <= last) return 'known';
      if (source.seq > last + 1) return 'gap';
      this.#asked.set(place, source.seq);
    }
    const first = this.#askedHead + 1;
    this.#askedHead += changes.length;
    try {
      await this.#line(batchLine(first, batch), () => this.#taken(first, batch));
    } catch (error) {
      // Whatever was to stand behind it fails as well: all of it is asked for anew.
      this.#asked.clear();
      this.#askedHead = this.#head;
      throw error;
    }
    if (place !== null && this.#asked.get(place) === source?.seq) this.#asked.delete(place);
    this.#rotate();
    return 'taken';
  }

  /** Changes after `after` that the filter lets through, at most `limit` looked at. */
  async read(
    after: number,
    { limit, filter }: { readonly limit: number; readonly filter?: (change: Change) => boolean },
  ): Promise<FeedReading> {
    if (after > this.#head) return { kind: 'resync', reason: 'ahead', cursor: this.#head };
    if (after < this.oldest) return { kind: 'resync', reason: 'behind', cursor: this.#head };
    const found = this.#recent.after(after, limit) ?? this.#fromFile(after, limit);
    const last = found.at(-1);
    if (last === undefined) return { kind: 'changes', changes: [], next: after };
    const changes = filter === undefined ? found : found.filter(({ change }) => filter(change));
    return { kind: 'changes', changes, next: last.change.seq };
  }

  /** Resolves when there is a change after `after`, or when `signal` aborts. */
  async next(after: number, signal: AbortSignal): Promise<void> {
    while (this.#head <= after && !signal.aborted && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          this.#waiters.delete(wake);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
        this.#waiters.add(wake);
      });
    }
  }

  /** Files that retention has passed are removed. */
  retain(): void {
    const { files, folder, retention, log } = this.#options;
    const nowMs = files.clock.nowMs();
    for (;;) {
      const [oldest, next] = this.#segments;
      if (oldest === undefined || next === undefined) return;
      const count = this.#head - oldest.first + 1;
      const bytes = this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
      const isPast = count > retention.count || bytes > retention.bytes || oldest.mtimeMs < nowMs - retention.ageMs;
      if (!isPast) return;
      files.removeTemporary(join(folder, segmentName(oldest.first)));
      if (files.exists(join(folder, segmentName(oldest.first)))) return;
      this.#segments.shift();
      log(`the change feed begins after ${this.oldest} now: what was before has passed its retention`);
    }
  }

  /** Nothing more is written; resolves when what was asked for is durable. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#rotating;
    this.#wake();
    await this.#writer.close();
  }

  #taken(first: number, { source, changes }: ChangeBatch): void {
    for (const [index, draft] of changes.entries()) this.#recent.push({ seq: first + index, ...draft });
    this.#head = first + changes.length - 1;
    if (source !== null) {
      const systems = this.#positions.get(source.project) ?? new Map<string, number>();
      systems.set(source.system, source.seq);
      this.#positions.set(source.project, systems);
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  /** `onDurable` is called before anything else can begin a new file: what is durable in the old one is known then. */
  async #line(line: string, onDurable: () => void): Promise<void> {
    if (this.#isClosed) throw new Error('bug: the change feed is closed');
    const seq = this.#lines;
    this.#lines += 1;
    this.#pending += 1;
    try {
      await this.#writer.append(seq, 0, { line });
      onDurable();
    } catch (error) {
      // Everything behind it is refused by the writer, too: they all begin again behind what is durable.
      this.#lines = Math.min(this.#lines, seq);
      throw error;
    } finally {
      this.#pending -= 1;
    }
    const segment = this.#segments.at(-1);
    if (segment !== undefined) {
      segment.bytes = this.#writer.size;
      segment.mtimeMs = this.#options.files.clock.nowMs();
    }
  }

  /** What is written while a new file is begun would be in neither: it waits. */
  async #unlessRotating(): Promise<void> {
    while (this.#rotating !== null) await this.#rotating;
  }

  /** A file that has grown long enough is followed by a new one, once nothing is being written. */
  #rotate(): void {
    const { segmentBytes = SEGMENT_BYTES } = this.#options;
    if (this.#writer.size < segmentBytes || this.#pending > 0 || this.#rotating !== null || this.#isClosed) return;
    this.#rotating = this.#begin()
      .catch((error: unknown) => {
        this.#options.log(
          `the change feed goes on in its last file: ${error instanceof Error ? error.message : String(error)}`,
        );
      })
      .finally(() => {
        this.#rotating = null;
      });
  }

  async #begin(): Promise<void> {
    const { files, folder, fence } = this.#options;
    const first = this.#head + 1;
    const path = join(folder, segmentName(first));
    const writer = await JournalWriter.open(files, path, { seq: 0, end: 0 }, () => fence());
    try {
      await writer.append(0, 0, { line: headLine(first, files.clock.nowMs(), this.#positions) });
    } catch (error) {
      await writer.close();
      files.removeTemporary(path);
      throw error;
    }
    await this.#writer.close();
    this.#writer = writer;
    this.#lines = 1;
    this.#segments.push({ first, bytes: writer.size, mtimeMs: files.clock.nowMs() });
    this.retain();
  }

  /** Older changes are read from the file that holds them, which is kept for the next reader. */
  #fromFile(after: number, limit: number): readonly TextChange[] {
    const segment = this.#segments.findLast(({ first }) => first <= after + 1);
    if (segment === undefined) return [];
    if (this.#cached?.first !== segment.first) {
      const { files, folder } = this.#options;
      const bytes = files.readBytes(join(folder, segmentName(segment.first)), BOUNDS.journalLineBytes * FILE_LINES);
      const changes = changesIn(bytes === null ? [] : readSegment(bytes).lines);
      const isLast = segment === this.#segments.at(-1);
      const texts = changes.map((change) => ({ change, text: JSON.stringify(change) }));
      // A file that still grows is read again.
      if (isLast) return texts.filter(({ change }) => change.seq > after && change.seq <= this.#head).slice(0, limit);
      this.#cached = { first: segment.first, changes: texts };
    }
    return (this.#cached?.changes ?? []).filter(({ change }) => change.seq > after).slice(0, limit);
  }
}

/** A file of the feed is never longer than that many of the longest lines. */
const FILE_LINES = 64;

interface Found {
  readonly wasLost: boolean;
  readonly segments: Segment[];
  readonly positions: Map<string, Map<string, number>>;
  readonly head: number;
  /** Of the last file: its first change, its lines, its length, its changes. */
  readonly first: number;
  readonly lines: number;
  readonly end: number;
  readonly changes: readonly Change[];
}

/** What is on the disk, its torn end cut off; a feed that cannot be read is set aside whole, and begins anew. */
function findFeed(options: ChangeLogOptions): Found {
  const { files, folder, log } = options;
  const segments = files
    .listNames(folder)
    .flatMap((name) => segmentFirst(name) ?? [])
    .map((first): Segment => {
      const stat = files.fs.stat(join(folder, segmentName(first)));
      return { first, bytes: stat?.size ?? 0, mtimeMs: stat?.mtimeMs ?? 0 };
    })
    .sort((a, b) => a.first - b.first);
  const last = segments.at(-1);
  if (last === undefined) return anew(options, !options.isFresh, new Map());
  const path = join(folder, segmentName(last.first));
  const bytes = files.readBytes(path, BOUNDS.journalLineBytes * FILE_LINES) ?? new Uint8Array();
  const { lines, end, tornBytes, damage } = readSegment(bytes);
  const [head] = lines;
  if (damage !== null || head?.kind !== 'head' || head.first !== last.first) {
    // A new file whose head did not reach the disk holds nothing that was ever given out.
    if (lines.length === 0 && damage === null && (segments.length > 1 || options.isFresh)) {
      files.removeTemporary(path);
      return findFeed(options);
    }
    const positions = positionsAfter(lines);
    log(`${path} is damaged (${damage ?? 'it has no head'}): the change feed is set aside and begins anew`);
    for (const { first } of segments) setAside(files, join(folder, segmentName(first)));
    return anew(options, true, positions);
  }
  if (tornBytes > 0) {
    log(`${path}: ${tornBytes} bytes of an append that was cut off are removed`);
    files.using(path, 'r+', (fd) => files.fs.truncate(fd, end));
  }
  const changes = changesIn(lines);
  const { seq } = changes.at(-1) ?? { seq: last.first - 1 };
  return {
    wasLost: false,
    segments: segments.map((segment) => (segment === last ? { ...segment, bytes: end } : segment)),
    positions: positionsAfter(lines),
    head: seq,
    first: last.first,
    lines: lines.length,
    end,
    changes,
  };
}

/** A feed without files; one that was lost goes on where the lost one cannot have come to: it gave out less than one change a millisecond. */
function anew({ files }: ChangeLogOptions, wasLost: boolean, positions: Map<string, Map<string, number>>): Found {
  const head = wasLost ? files.clock.nowMs() : 0;
  const first = head + 1;
  const segments = [{ first, bytes: 0, mtimeMs: files.clock.nowMs() }];
  return { wasLost, segments, positions, head, first, lines: 0, end: 0, changes: [] };
}

function setAside(files: Files, path: string): void {
  try {
    files.fs.rename(path, `${path}.damaged-${files.clock.nonce()}`);
  } catch (error) {
    throw new PawlError({
      code: 'PAWL_STORE_FAILED',
      message: `${path} is damaged and could not be set aside.`,
      subject: path,
      hint: 'Move it away, then start again.',
      cause: error,
    });
  }
}

function changesIn(lines: readonly SegmentLine[]): readonly Change[] {
  return lines.flatMap((line) => (line.kind === 'batch' ? line.changes : []));
}

function positionsAfter(lines: readonly SegmentLine[]): Map<string, Map<string, number>> {
  const positions = new Map<string, Map<string, number>>();
  for (const line of lines) {
    switch (line.kind) {
      case 'head':
        for (const [project, systems] of line.positions) positions.set(project, new Map(systems));
        break;
      case 'adopted':
        positions.set(line.project, new Map(line.positions));
        break;
      case 'forgotten':
        positions.delete(line.project);
        break;
      case 'batch':
        if (line.source !== null) {
          const { project, system, seq } = line.source;
          const systems = positions.get(project) ?? new Map<string, number>();
          positions.set(project, systems.set(system, seq));
        }
    }
  }
  return positions;
}
