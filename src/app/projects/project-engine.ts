/**
 * The engine of one project: its registry held, its runs driven, its commands decided, for as long as it is wanted.
 *
 * Owns: taking the registry and giving it back, taking it over from another process that has gone, trying again after a failure, the views of its runs, what else
 * only the holder of the registry can do: cleaning, checking every run. Does not own: driving (engine/driver), what is cleaned (app/cleaning), which projects there are (store/home/projects), what becomes of a record that was written (the caller's `onRecord`).
 *
 * Invariants: 1. One project's failure is its own: it is told as the project's state, and tried again. 2. Nothing of a worker is touched when the registry is given
 * back: the next engine finds it. 3. What is in the views is durable.
 */
import { systemProcesses } from '../../adapters/processes/system.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { messageOf } from '../../base/error-text.ts';
import { SerialQueue } from '../../base/serial-queue.ts';
import { Changes } from '../../engine/changes.ts';
import { Driver } from '../../engine/driver.ts';
import type { DriverOptions } from '../../engine/driver-options.ts';
import { InboxDesk } from '../../engine/inbox-desk.ts';
import { type LiveRun, liveView } from '../../engine/live-run.ts';
import type { RunFindings } from '../../engine/recovery/load-run.ts';
import { lookAtRun, type Place } from '../../engine/run-look.ts';
import { shortSleep } from '../../engine/short-sleep.ts';
import type { RecordedCommand } from '../../model/command.ts';
import { PawlError } from '../../model/error.ts';
import { PARALLEL_RUNS_MAX } from '../../model/limits.ts';
import type { JournalRecord } from '../../model/record.ts';
import type { RunView } from '../../run/run-view.ts';
import type { Holder } from '../../store/generation-lock.ts';
import { readHolder } from '../../store/registry-lock.ts';
import { type CleanedPart, type CleanOrder, type CleanPart, cleanPart } from '../cleaning.ts';
import { noticeHooks, noticesFor } from '../notifying.ts';
import type { Places } from '../options.ts';
import { openWorld, readConfig } from '../wiring.ts';
import { keepInbox } from './inbox-keeper.ts';

/** How a project stands. */
export type EngineState =
  /** Its registry is being taken, its runs are being loaded. */
  | { readonly kind: 'opening' }
  /** Its runs are driven here. */
  | { readonly kind: 'driven'; readonly sinceMs: number }
  /** Another process drives it; it is taken over once that has gone. */
  | { readonly kind: 'elsewhere'; readonly pid: number; readonly hostname: string; readonly sinceMs: number }
  /** It cannot be driven now; it is tried again. */
  | { readonly kind: 'degraded'; readonly code: string; readonly reason: string; readonly sinceMs: number }
  /** It is not driven any more. */
  | { readonly kind: 'closed' };

/** What an engine is made from. */
export interface EngineParts {
  /** Finds the repository and its registry anew: it may have moved. */
  readonly places: () => Places;
  readonly log: (line: string) => void;
  /** The state is another one. */
  readonly onState: () => void;
  /** The runs are loaded, and nothing is driven yet. */
  readonly onLoaded: (views: readonly RunView[], place: Place) => Promise<void>;
  /** Another process drives it, and may have written: told again and again. */
  readonly onElsewhere: () => Promise<void>;
  /** A record is durable: the view before it, null for a run's first one, and after it. */
  readonly onRecord: (record: JournalRecord, before: RunView | null, after: RunView, place: Place) => void;
  /** The folder of an ended run was removed. */
  readonly onRemoved: (runId: string, place: Place) => void;
  /** A run is set aside, or was given up after that: no record tells of it. Told again at every start. */
  readonly onAside: (view: RunView) => void;
}

/** How long to wait after a failure: the first time, and at most. */
const RETRY_FIRST_MS = 2_000;
const RETRY_MAX_MS = 60_000;
/** How often it is looked whether another process that drives the registry has gone. */
const HOLDER_LOOK_MS = 500;
/** Watching tells of new commands; this is for what watching misses. */
const INBOX_POLL_MS = 10_000;
/** Commands over the API change the inbox, too, and are decided already. */
const INBOX_SETTLE_MS = 50;

/** Drives one project; `stop` it. */
export class ProjectEngine {
  readonly #parts: EngineParts;
  readonly #stopping = new AbortController();
  /** Ends the present wait, or the present driving, and begins anew. */
  #reopening = new AbortController();
  #state: EngineState = { kind: 'opening' };
  #driver: Driver | null = null;
  #desk: InboxDesk | null = null;
  #views = new Map<string, RunView>();
  #work: Promise<void> | null = null;
  #failures = 0;
  /** The registry's lock as it was held last, until it is known to be released. */
  #former: { release(): Promise<void> } | null = null;
  readonly #changes = new Changes();
  /** One after another: they share a trash. */
  readonly #cleanings = new SerialQueue();
  /** How many checks of every run were asked for, how many of these are done, and what the last one found. */
  #checksAsked = 0;
  #checked: { readonly count: number; readonly findings: readonly RunFindings[] } = { count: 0, findings: [] };

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** The driver and its desk, while the project is driven here. */
  get driving(): { readonly driver: Driver; readonly desk: InboxDesk } | null {
    const [driver, desk] = [this.#driver, this.#desk];
    return driver === null || desk === null || this.#state.kind !== 'driven' ? null : { driver, desk };
  }

  /** The command of that id, where a record has decided it and it does not lie in the inbox yet; also while the registry is being given back. */
  remembered(commandId: string): RecordedCommand | null {
    return this.#driver?.world.inbox.remembered(commandId) ?? null;
  }

  /** The runs as their records have them, while the project is driven here. */
  get views(): ReadonlyMap<string, RunView> {
    return this.#views;
  }

  /** Cleans a part of the runs that have ended, where the project is driven here; null where it is not. Throws what ended the driving. */
  clean(order: CleanOrder, part: CleanPart): Promise<CleanedPart | null> {
    return this.#cleanings.add(async () => {
      const driver = this.driving?.driver ?? null;
      const { signal } = this.#reopening;
      if (driver === null || driver.failure !== null || signal.aborted) return null;
      const views = (): readonly RunView[] => [...this.#views.values()];
      const isOver = (): boolean => signal.aborted || part.isOver();
      const cleaned = await cleanPart(this.#parts.places(), driver, views, order, { ...part, isOver });
      if (driver.failure !== null) throw driver.failure;
      return cleaned;
    });
  }

  /**
   * The registry is taken anew, every run checked as a whole, also those that have ended, and everything is driven again: what was found. A check that is under way is
   * joined. Null where the project cannot be driven here.
   */
  async checkAll(signal: AbortSignal): Promise<readonly RunFindings[] | null> {
    if (this.#state.kind === 'elsewhere' || this.#state.kind === 'closed') return null;
    if (this.#checked.count === this.#checksAsked) {
      this.#checksAsked += 1;
      this.reopen();
    }
    const asked = this.#checksAsked;
    const isOpen = (): boolean => this.#state.kind === 'opening' || this.#state.kind === 'driven';
    while (this.#checked.count < asked && isOpen() && !signal.aborted) await this.#changes.next(signal);
    return this.#checked.count < asked ? null : this.#checked.findings;
  }

  /** Takes the registry as soon as it can be taken, and drives. */
  start(): void {
    this.#work ??= this.#live();
  }

  /** Resolves once it is known whether the project can be driven: it is no longer opening. */
  async settled(signal: AbortSignal): Promise<void> {
    while (this.#state.kind === 'opening' && !signal.aborted) await this.#changes.next(signal);
  }

  /** Where it is driven, it is known whether git can answer at all: where it cannot, that keeps the project from being driven. */
  async askGit(): Promise<void> {
    const driver = this.driving?.driver;
    await driver?.repository.ask().catch((error: unknown) => driver.end(error));
  }

  /** Gives the registry back and takes it again, with the config as it is now; after a failure at once. */
  reopen(): void {
    if (this.#stopping.signal.aborted) return;
    this.#failures = 0;
    this.#enter({ kind: 'opening' });
    this.#reopening.abort();
  }

  /** No new work is begun; resolves when short work has ended and the registry is given back. Workers continue under their hosts. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#reopening.abort();
    await this.#work;
    this.#enter({ kind: 'closed' });
  }

  async #live(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#reopening = new AbortController();
      this.#enter({ kind: 'opening' });
      try {
        await this.#hold(this.#reopening.signal);
        this.#failures = 0;
      } catch (error) {
        await this.#afterFailure(error);
      }
    }
  }

  /** Drives until it is to stop or to begin anew. Throws what kept the project from being driven. */
  async #hold(signal: AbortSignal): Promise<void> {
    await this.#releaseFormer();
    const places = this.#parts.places();
    const config = readConfig(places);
    const { log } = this.#parts;
    const world = await openWorld({ places, config, log });
    const notices = noticesFor(places, config, undefined, log);
    const driver = new Driver(world, {
      maxParallel: config.limits.parallelRunsMax ?? PARALLEL_RUNS_MAX,
      agentOverride: null,
      letsEndedGo: true,
      onRemoved: (runId) => {
        this.#views.delete(runId);
        this.#parts.onRemoved(runId, places);
      },
      ...this.#hooks(noticeHooks(notices, (run, record) => this.#onRecord(run, record))),
    });
    try {
      this.#views = new Map();
      const checks = this.#checksAsked;
      await driver.open();
      if (checks > this.#checked.count) await driver.verifyEnded();
      // What has kept it from being driven is not to do so again a moment after.
      if (this.#failures > 0) await driver.repository.ask();
      notices?.catchUp(driver);
      for (const view of driver.views()) {
        const known = await dated(view, places);
        // What has recorded something meanwhile is further.
        if (!this.#views.has(view.runId)) this.#views.set(view.runId, known);
      }
      await this.#parts.onLoaded([...this.#views.values()], places);
      this.#checked = { count: checks, findings: [...driver.findings] };
      await this.#drive(driver, signal);
    } finally {
      this.#driver = null;
      this.#desk = null;
      this.#former = world.lock;
      try {
        await driver.close();
      } finally {
        await this.#releaseFormer();
      }
      await notices?.close();
    }
    if (driver.failure !== null) throw driver.failure;
  }

  /** A full disk keeps even a release from being stored, and this process would wait for itself: it is tried again first. */
  async #releaseFormer(): Promise<void> {
    await this.#former?.release();
    this.#former = null;
  }

  async #drive(driver: Driver, signal: AbortSignal): Promise<void> {
    if (signal.aborted || driver.failure !== null) return;
    const desk = new InboxDesk(driver);
    this.#driver = driver;
    this.#desk = desk;
    const inbox = new AbortController();
    const watching = desk
      .watch(inbox.signal, INBOX_POLL_MS, INBOX_SETTLE_MS)
      .catch((error: unknown) => driver.end(error));
    const keeping = keepInbox(driver, desk, inbox.signal);
    const stop = (): void => driver.stopAccepting();
    signal.addEventListener('abort', stop, { once: true });
    this.#enter({ kind: 'driven', sinceMs: systemClock.nowMs() });
    try {
      await driver.driveAll();
    } finally {
      signal.removeEventListener('abort', stop);
      inbox.abort();
      // Nothing is changed without the registry.
      await this.#cleanings.settled();
      await Promise.all([watching, keeping]);
      await desk.settled();
    }
  }

  #hooks(hooks: Pick<DriverOptions, 'onRecord' | 'onBroughtBack' | 'onAside'>): typeof hooks {
    return {
      ...hooks,
      onAside: (view) => {
        this.#views.set(view.runId, view);
        this.#parts.onAside(view);
        hooks.onAside?.(view);
      },
    };
  }

  #onRecord(run: LiveRun, record: JournalRecord): void {
    const { runId } = run;
    const before = this.#views.get(runId) ?? null;
    const after = liveView(run, record.atMs);
    this.#views.set(runId, after);
    this.#parts.onRecord(record, before, after, run.world);
  }

  async #afterFailure(error: unknown): Promise<void> {
    if (this.#stopping.signal.aborted) {
      this.#parts.log(`gave up its registry with an error: ${messageOf(error)}`);
      return;
    }
    const holder = error instanceof PawlError && error.code === 'PAWL_REGISTRY_LOCKED' ? this.#holder() : null;
    if (holder?.kind === 'alive') return this.#awaitHolder(holder);
    const code = error instanceof PawlError ? error.code : 'PAWL_BUG';
    const reason =
      error instanceof PawlError ? `${error.message}${error.hint === '' ? '' : ` ${error.hint}`}` : messageOf(error);
    this.#failures += 1;
    this.#enter({ kind: 'degraded', code, reason, sinceMs: systemClock.nowMs() });
    this.#parts.log(`${code}: ${reason}`);
    if (!(error instanceof PawlError) && error instanceof Error) this.#parts.log(error.stack ?? '');
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(this.#failures - 1, RETRY_DOUBLINGS));
    await shortSleep(systemClock, waitMs, this.#reopening.signal);
  }

  async #awaitHolder({ content }: Extract<Holder, { kind: 'alive' }>): Promise<void> {
    const { holder, atMs } = content;
    this.#enter({ kind: 'elsewhere', pid: holder.pid, hostname: holder.hostname, sinceMs: atMs });
    while (!this.#reopening.signal.aborted && this.#holder()?.kind === 'alive') {
      await this.#parts.onElsewhere();
      await shortSleep(systemClock, HOLDER_LOOK_MS, this.#reopening.signal);
    }
  }

  /** Null where even that cannot be read now. */
  #holder(): Holder | null {
    try {
      const { files, paths } = this.#parts.places();
      return readHolder({ files, paths, processes: systemProcesses() });
    } catch (error) {
      if (error instanceof PawlError) return null;
      throw error;
    }
  }

  #enter(state: EngineState): void {
    if (this.#state.kind === 'closed') return;
    this.#state = state;
    this.#changes.announce();
    this.#parts.onState();
  }
}

/** A run that is driven and has recorded nothing yet in this process: when it last did, its files say. */
async function dated(view: RunView, places: Places): Promise<RunView> {
  if (view.updatedAtMs !== null) return view;
  const seen = await lookAtRun(places, view.runId);
  return { ...view, updatedAtMs: seen?.updatedAtMs ?? null };
}

const RETRY_DOUBLINGS = 5;
