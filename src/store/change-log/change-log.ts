/**
 * The change feed of this machine, on disk: one sequence, durable before anybody is told.
 *
 * Owns: what is taken once, what is written together, what readers get and when. Does not own: the files (store/change-log/segment-folder), appending to
 * them (store/change-log/segment-writer), what the changes are (model/change).
 *
 * Invariants: 1. What `read` gives is durable, in order, and without a gap. 2. Of a run every record is taken once and in order, over any number of starts: its
 * position is in the same line as its changes. 3. A feed whose files are lost or damaged goes on behind everything that it can have given out: every old cursor
 * is told that it must read anew. 4. What fails takes everything with it that was to stand behind it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Change, ChangeBatch, ChangeDraft, ChangeSourceRecord } from '../../model/change.ts';
import type { FeedPositions } from './positions.ts';
import { RecentChanges, type TextChange } from './recent-changes.ts';
import { jsonText, lineText, type SegmentLine, textChange } from './segment.ts';
import { SegmentFolder, type SegmentFolderOptions } from './segment-folder.ts';
import { SegmentWriter } from './segment-writer.ts';

/** How a feed is opened. */
export interface ChangeLogOptions extends SegmentFolderOptions {
  /** Nobody can have followed it before: an empty folder is a new feed, not a lost one. */
  readonly isFresh: boolean;
}

/** What a reader gets. */
export type FeedReading =
  | { readonly kind: 'changes'; readonly changes: readonly TextChange[]; readonly next: number }
  /** What the cursor means is not here (any more, or yet): views must be read anew, and followed from `cursor`. */
  | { readonly kind: 'resync'; readonly reason: 'ahead' | 'behind'; readonly cursor: number };

const RECENT_COUNT_MAX = 10_000;
const RECENT_CHARS_MAX = 8 * 1024 * 1024;
/** What is kept in memory is no more than this part of what is kept at all. */
const RECENT_PART = 8;
/** A write takes no more than that, or one line. */
const WRITE_CHARS_MAX = 1024 * 1024;
const LINE_CHARS_MAX = 8 * 1024 * 1024;

/** What is asked for: a line that has no place yet. */
type Entry =
  | {
      readonly kind: 'batch';
      readonly source: ChangeSourceRecord | null;
      readonly drafts: readonly { readonly draft: ChangeDraft; readonly text: string }[];
    }
  | Exclude<SegmentLine, { readonly kind: 'head' | 'batch' }>;

interface Waiting {
  /** Null: nothing is to be written, but everything asked for before must be durable. */
  readonly entry: Entry | null;
  readonly chars: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The feed; `close` it. */
export class ChangeLog {
  /** When this feed took the place of one that was lost; null: it never did. */
  readonly lostAtMs: number | null;
  readonly #folder: SegmentFolder;
  readonly #writer: SegmentWriter;
  readonly #recent: RecentChanges;
  readonly #positions: FeedPositions;
  /** What they will be when everything that waits is durable. */
  #asked: FeedPositions;
  #head: number;
  #waiting: Waiting[] = [];
  #draining: Promise<void> | null = null;
  readonly #waiters = new Set<() => void>();
  #isClosed = false;

  private constructor(
    options: ChangeLogOptions,
    folder: SegmentFolder,
    end: Awaited<ReturnType<SegmentFolder['find']>>,
  ) {
    const { count, bytes } = options.retention;
    this.lostAtMs = end.lostAtMs;
    this.#folder = folder;
    this.#writer = new SegmentWriter(folder);
    this.#recent = new RecentChanges(
      Math.min(RECENT_COUNT_MAX, Math.ceil(count / RECENT_PART)),
      Math.min(RECENT_CHARS_MAX, Math.ceil(bytes / RECENT_PART)),
    );
    this.#positions = end.positions;
    this.#asked = end.positions.copy();
    this.#head = end.head;
    for (const change of end.changes) this.#recent.push(change);
  }

  /** The feed at its end, where everything is durable. Throws PAWL_STORE_FULL and the like where its folder cannot be read and written. */
  static async open(options: ChangeLogOptions): Promise<ChangeLog> {
    await options.files.ensureFolders([options.folder]);
    const folder = new SegmentFolder(options);
    const log = new ChangeLog(options, folder, await folder.find(options.isFresh));
    await log.#writer.open();
    try {
      await log.retain();
    } catch (error) {
      await log.close();
      throw error;
    }
    return log;
  }

  /** The last change that is durable. */
  get head(): number {
    return this.#head;
  }

  /** The smallest cursor after which nothing is missing. */
  get oldest(): number {
    return this.#folder.oldest;
  }

  /** The last record of the run whose changes are in the feed; 0 where there is none. */
  position(project: string, system: string): number {
    return this.#positions.get(project, system);
  }

  /** The project's runs that the feed has told of, and not that they are gone. */
  systems(project: string): readonly string[] {
    return this.#positions.systems(project);
  }

  /** True when the project's runs are followed. */
  knows(project: string): boolean {
    return this.#positions.knows(project);
  }

  /** The project's runs are followed from these records on; what was before brings no change. */
  adopt(project: string, positions: Readonly<Record<string, number>>): Promise<void> {
    return this.#ask({ kind: 'adopted', project, positions: new Map(Object.entries(positions)) }, 0);
  }

  /** The project's runs are followed no more. */
  forget(project: string): Promise<void> {
    return this.#ask({ kind: 'forgotten', project }, 0);
  }

  /**
   * The changes are in the feed, durably: `taken`. `known`: the feed had this record already, or a run that is gone is none that it tells of. `gap`: it lacks the one
   * before it, which must come first; nothing was written then. Rejects with PAWL_STORE_FULL and the like, after a failed sync with that for ever; whatever waited behind it is rejected, too.
   */
  async append({ source, changes }: ChangeBatch): Promise<'taken' | 'known' | 'gap'> {
    this.#writer.assertSound();
    if (source !== null) {
      const { project, system, seq } = source;
      const asked = this.#asked.get(project, system);
      if (seq > asked + 1) return 'gap';
      if (seq === 0 ? asked === 0 : seq <= asked) {
        if (seq > this.position(project, system)) await this.#ask(null, 0);
        return 'known';
      }
    }
    const drafts = changes.map((draft) => ({ draft, text: jsonText(draft) }));
    const chars = drafts.reduce((sum, { text }) => sum + text.length, 0);
    if (chars > LINE_CHARS_MAX) throw new Error(`bug: the changes of one record are ${chars} characters long`);
    await this.#ask({ kind: 'batch', source, drafts }, chars);
    return 'taken';
  }

  /**
   * Changes after `after` that the filter lets through, at most `limit` looked at; `next` is the cursor behind them. Rejects with PAWL_STORE_FAILED where the
   * disk cannot be read.
   */
  async read(
    after: number,
    { limit, filter }: { readonly limit: number; readonly filter?: (change: Change) => boolean },
  ): Promise<FeedReading> {
    if (after > this.#head) return { kind: 'resync', reason: 'ahead', cursor: this.#head };
    if (after === this.#head) return { kind: 'changes', changes: [], next: after };
    const found =
      after < this.oldest
        ? null
        : (this.#recent.after(after, limit) ?? this.#folder.changesAfter(after, limit, this.#head));
    if (found === null) return { kind: 'resync', reason: 'behind', cursor: this.#head };
    const changes = filter === undefined ? found : found.filter(({ change }) => filter(change));
    return { kind: 'changes', changes, next: after + found.length };
  }

  /** Resolves when there is a change after `after`, or when `signal` aborts; the end of the feed is for the owner of the signal to tell. */
  async next(after: number, signal: AbortSignal): Promise<void> {
    while (this.#head <= after && !signal.aborted) {
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

  /** Files that retention has passed are removed, durably. */
  async retain(): Promise<void> {
    await this.#folder.retain(this.#head);
  }

  /** Nothing more is taken; resolves when what was asked for is durable or rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#draining;
    await this.#writer.close();
  }

  #ask(entry: Entry | null, chars: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#writer.assertSound();
      if (this.#isClosed) throw new Error('bug: the change feed is closed');
      if (entry !== null) this.#asked.apply(entry);
      this.#waiting.push({ entry, chars, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Everything that waits becomes durable, what waits together at once, or fails together. */
  async #drain(): Promise<void> {
    // Whoever asks for several in one go has them written together, and whoever waits for what they tell of is answered first.
    await nextTurn();
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      try {
        await this.#write(group.flatMap(({ entry }) => entry ?? []));
      } catch (error) {
        for (const { reject } of [...group, ...this.#waiting]) reject(error);
        this.#waiting = [];
        this.#asked = this.#positions.copy();
        break;
      }
      for (const { resolve } of group) resolve();
    }
    this.#draining = null;
  }

  #nextGroup(): readonly Waiting[] {
    let chars = 0;
    const end = this.#waiting.findIndex((each, index) => {
      chars += each.chars;
      return index > 0 && chars > WRITE_CHARS_MAX;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    let first = this.#head + 1;
    const lines = entries.map((entry) => {
      const line = lineOf(entry, first);
      if (line.kind === 'batch') first += line.changes.length;
      return line;
    });
    const next = { first: this.#head + 1, positions: this.#positions.all };
    await this.#writer.append(lines.map(lineText).join(''), next);
    for (const line of lines) {
      this.#positions.apply(line);
      if (line.kind === 'batch') for (const change of line.changes) this.#recent.push(change);
    }
    this.#head = first - 1;
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}

function lineOf(entry: Entry, first: number): SegmentLine {
  if (entry.kind !== 'batch') return entry;
  const changes = entry.drafts.map(({ draft, text }, index) => textChange(first + index, draft, text));
  return { kind: 'batch', first, source: entry.source, changes };
}
