/**
 * From records of runs to changes of the feed: as they are written, and from the journals what the feed has not taken yet.
 *
 * Owns: the order in which the feed is fed, catching up, trying again. Does not own: what a record changes (run/run-changes), the feed (store/change-log).
 *
 * Invariants: 1. Of every run the feed takes each record once and in order, and once, behind them, that it is gone. 2. What the feed could not take, because it was down or its disk was full, it takes from the
 * journal later: nothing is lost as long as that is there. 3. A project that is new here brings no history: its runs are told of from now on.
 * A feed that was lost is told all of it anew, of every project that was registered before, however often it is started until then.
 */
import { systemClock } from '../adapters/system-clock.ts';
import { messageOf } from '../base/error-text.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { sha256 } from '../base/sha256.ts';
import { type Place, recordsOf } from '../engine/run-look.ts';
import { persist } from '../kernel/image.ts';
import { asideOf, type ChangeBatch, type ChangeDraft } from '../model/change.ts';
import { PawlError } from '../model/error.ts';
import type { JournalRecord } from '../model/record.ts';
import { agentAfter } from '../run/agent-override.ts';
import { changesOf, runAside, runRemoved } from '../run/run-changes.ts';
import { type RunView, viewOf } from '../run/run-view.ts';
import { foldRun, type RunState, runSystem } from '../run/system.ts';
import type { ChangeLog } from '../store/change-log/change-log.ts';
import { readRemoval } from '../store/removed-runs.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';

/** A project whose runs are followed. */
interface FollowedProject {
  readonly id: string;
  /** When it was registered. */
  readonly atMs: number;
}

/** Feeds one feed. */
export class ChangeSource {
  readonly #feed: ChangeLog;
  readonly #log: (line: string) => void;
  readonly #onLost: (error: PawlError) => void;
  readonly #queue = new SerialQueue();
  /** Runs of which the feed lacks records that are written. */
  readonly #behind = new Map<string, { readonly project: string; readonly runId: string; readonly place: Place }>();
  /** Records whose changes nobody has made out yet. */
  #untold: (() => void)[] = [];
  /** Why the feed could not be written the last time; null when it could. */
  #problem: string | null = null;
  #endRetry: (() => void) | null = null;
  #isClosed = false;

  /** `onLost`: the feed can never be written again by this process. */
  constructor(feed: ChangeLog, log: (line: string) => void, onLost: (error: PawlError) => void) {
    this.#feed = feed;
    this.#log = log;
    this.#onLost = onLost;
  }

  /** Why the feed cannot be written; null when it can. */
  get problem(): string | null {
    return this.#problem;
  }

  /** A project is archived: its runs are followed no more. */
  removed(draft: ChangeDraft): void {
    this.tell(draft);
    void this.#queue.add(() => this.#feed.forget(draft.project).catch((error: unknown) => this.#failed(error)));
  }

  /** A project is registered: told once, unless its runs are followed already. */
  added(draft: ChangeDraft): void {
    const { project } = draft;
    if (this.#feed.knows(project)) return;
    this.#take({ source: { project, system: '', seq: 1 }, changes: [draft] });
  }

  /** A change that is no record of a run. */
  tell(draft: ChangeDraft): void {
    this.#take({ source: null, changes: [draft] });
  }

  /** The same; true when it is in the feed. */
  async offer(draft: ChangeDraft): Promise<boolean> {
    try {
      await this.#append({ source: null, changes: [draft] });
      return true;
    } catch (error) {
      this.#log(`the change feed could not be written: ${messageOf(error)}`);
      return false;
    }
  }

  /** A record of a run is durable. What it changes is made out in a turn of its own: whoever asked for the record is answered first. */
  recorded(project: string, place: Place, record: JournalRecord, before: RunView | null, after: RunView): void {
    const { runId } = after;
    if (this.#untold.length === 0) setImmediate(() => this.#tellAll());
    this.#untold.push(() => {
      const source = { project, system: runId, seq: record.seq };
      const changes = changesOf(record, before, after, project);
      this.#take({ source, changes }, () => this.#fallBehind(project, runId, place));
    });
  }

  /** Everything else comes behind the records before it. */
  #tellAll(): void {
    const untold = this.#untold;
    this.#untold = [];
    for (const tell of untold) tell();
  }

  /** The folder of a run is gone: told once everything before is. */
  runRemoved(project: string, place: Place, runId: string): void {
    this.#behind.set(`${project}/${runId}`, { project, runId, place });
    void this.#catchUpSoon();
  }

  /** A run was set aside, or given up after that: told once, unless the project's runs are not followed yet. */
  runAside(project: string, view: RunView): void {
    if (!this.#feed.knows(project)) return;
    const system = asideOf(view.runId);
    const last = asideSeq(view);
    for (let seq = this.#feed.position(project, system) + 1; seq <= last; seq += 1)
      this.#take({ source: { project, system, seq }, changes: seq === last ? [runAside(project, view)] : [] });
  }

  /** These runs are as far as that, and there are no others: what the feed lacks of them it takes now. Resolves when it has. */
  async loaded({ id: project, atMs }: FollowedProject, place: Place, views: readonly RunView[]): Promise<void> {
    this.#tellAll();
    if (!this.#feed.knows(project)) {
      // Of a feed that was lost the journals tell all of it again; of a new project they tell what nobody was to follow.
      const { lostAtMs } = this.#feed;
      const known = lostAtMs !== null && atMs <= lostAtMs ? [] : views;
      await this.#feed.adopt(project, Object.fromEntries(known.flatMap(positionsOf)));
    }
    for (const view of views) if (view.state === 'quarantined') this.runAside(project, view);
    const behind = views
      .filter(({ runId, seq }) => seq > this.#feed.position(project, runId))
      .sort((a, b) => (a.updatedAtMs ?? 0) - (b.updatedAtMs ?? 0));
    const there = new Set(views.map(({ runId }) => runId));
    const gone = this.#feed.systems(project).filter((runId) => !there.has(runId) && isGone(place, runId));
    for (const runId of [...behind.map((view) => view.runId), ...gone])
      this.#behind.set(`${project}/${runId}`, { project, runId, place });
    if (behind.length + gone.length === 0) return;
    await this.#catchUpSoon();
  }

  /** Resolves when everything told so far is in the feed, or is known to be behind. */
  settled(): Promise<void> {
    this.#tellAll();
    return this.#queue.settled();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endRetry?.();
    this.#tellAll();
    await this.#queue.settled();
  }

  #take(batch: ChangeBatch, onGap: () => void = () => undefined): void {
    // Asked for at once, so that what waits together is written together; the feed keeps the order.
    const taken = this.#append(batch).then(
      (result) => result === 'gap',
      (error: unknown) => {
        this.#failed(error);
        return true;
      },
    );
    void this.#queue.add(async () => {
      if (await taken) onGap();
    });
  }

  /** After a failed sync nothing of the feed is trusted any more, and nothing can be appended to it. */
  #failed(error: unknown): void {
    this.#log(`the change feed could not be written: ${messageOf(error)}`);
    if (error instanceof PawlError && error.code === 'PAWL_STORE_SYNC_FAILED') this.#onLost(error);
  }

  #fallBehind(project: string, runId: string, place: Place): void {
    this.#behind.set(`${project}/${runId}`, { project, runId, place });
    if (this.#isClosed) return;
    this.#endRetry ??= systemClock.timer(DAEMON_BOUNDS.feedRetryMs, () => {
      this.#endRetry = null;
      void this.#catchUpSoon();
    });
  }

  #catchUpSoon(): Promise<void> {
    this.#tellAll();
    return this.#queue.add(async () => {
      // A copy: what falls behind again is tried again later, and not at once and for ever.
      for (const [key, { project, runId, place }] of [...this.#behind]) {
        this.#behind.delete(key);
        try {
          await this.#catchUp(project, runId, place);
        } catch (error) {
          this.#log(`the change feed cannot catch up with ${runId}: ${messageOf(error)}`);
          // A journal that cannot be folded is set aside by whoever drives it; a full disk may have room later.
          if (error instanceof PawlError && error.code.startsWith('PAWL_STORE_'))
            this.#fallBehind(project, runId, place);
        }
      }
    });
  }

  async #catchUp(project: string, runId: string, place: Place): Promise<void> {
    if (isGone(place, runId)) {
      const removal = readRemoval(place.files, place.paths, runId);
      const change = runRemoved(project, runId, removal, systemClock.nowMs());
      await this.#append({ source: { project, system: runId, seq: 0 }, changes: [change] });
      return;
    }
    for (const batch of missingBatches(project, runId, place, this.#feed.position(project, runId)))
      await this.#append(batch);
  }

  async #append(batch: ChangeBatch): ReturnType<ChangeLog['append']> {
    this.#tellAll();
    try {
      const result = await this.#feed.append(batch);
      this.#problem = null;
      return result;
    } catch (error) {
      this.#problem = messageOf(error);
      throw error;
    }
  }
}

/** The position of what sets a run aside: 1 once it is, 2 once that has ended, 0 where it never was. */
function asideSeq({ state, kind }: RunView): 0 | 1 | 2 {
  if (state !== 'quarantined') return 0;
  return kind === 'quarantined' ? 1 : 2;
}

/** How far the run has come. */
function positionsOf(view: RunView): readonly (readonly [system: string, seq: number])[] {
  const aside = asideSeq(view);
  return [[view.runId, view.seq], ...(aside === 0 ? [] : [[asideOf(view.runId), aside] as const])];
}

/** True when the registry is there, and the run's folder is not. */
function isGone({ files, paths }: Place, runId: string): boolean {
  return files.exists(paths.runs) && !files.exists(paths.run(runId));
}

/** What the feed has not taken of a run's journal. */
function missingBatches(project: string, runId: string, place: Place, position: number): readonly ChangeBatch[] {
  const batches: ChangeBatch[] = [];
  let before: RunView | null = null;
  let agentOverride: string | null = null;
  const onRecord = (record: JournalRecord, state: RunState): void => {
    agentOverride = agentAfter(agentOverride, record.event);
    const { actors } = persist(runSystem, state);
    const after = viewOf(runId, actors, { seq: record.seq, updatedAtMs: record.atMs, agentOverride });
    if (record.seq > position) {
      const source = { project, system: runId, seq: record.seq };
      batches.push({ source, changes: changesOf(record, before, after, project) });
    }
    before = after;
  };
  foldRun(runId, recordsOf(place, runId), { hash: sha256, onRecord });
  return batches;
}
