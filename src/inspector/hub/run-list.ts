/**
 * Every run of the registry as an operator sees it, kept current.
 *
 * Owns: the views, computed one at a time and only for runs that changed. Does not own: the look (engine/run-look), noticing changes
 * (hub/registry-watch).
 *
 * Invariants: 1. A run whose files contradict each other is shown as such, with the reason; it never ends the hub. 2. Nor does a registry
 * that cannot be read any more: what was known of it is still shown.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { spanMs } from '../../base/elapsed.ts';
import { SignsReader, type WidePlace } from '../../engine/liveness.ts';
import { doubtfulView, lookAtRun, quarantineView, quickView } from '../../engine/run-look.ts';
import { driverFacts, shownRuns } from '../../engine/surroundings.ts';
import { PawlError, systemCode } from '../../model/error.ts';
import type { DriverFacts } from '../../run/next-actions.ts';
import type { RunView } from '../../run/run-view.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import { RunFold } from './run-fold.ts';

/** Told of a run whose view is new; null: its folder has gone. */
export type OnView = (runId: string, view: RunView | null) => void;

/** The runs of a registry. */
export class RunList {
  readonly #place: WidePlace;
  readonly #onView: OnView;
  readonly #signs: SignsReader;
  /** As they were found. */
  readonly #views = new Map<string, RunView>();
  /** As they are told, each in its surroundings. */
  readonly #shown = new Map<string, RunView>();
  #driver: DriverFacts;
  #haveChanged = false;
  readonly #folds = new Map<string, RunFold>();
  readonly #due = new Set<string>();
  /** Those whose folders are there, as far as it was told. */
  readonly #there = new Set<string>();
  /** When a run that is doubted is looked at as a whole again, and what sees to it. */
  readonly #restUntilMs = new Map<string, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #work: Promise<void> | null = null;
  #isClosed = false;

  constructor(place: WidePlace, onView: OnView) {
    this.#place = place;
    this.#onView = onView;
    this.#signs = new SignsReader(place);
    this.#driver = this.#lookAtDriver();
  }

  get views(): readonly RunView[] {
    return [...this.#shown.values()];
  }

  get(runId: string): RunView | null {
    return this.#shown.get(runId) ?? null;
  }

  /** Who drives, as last looked at. */
  get driver(): DriverFacts {
    return this.#driver;
  }

  /** It is looked at again who drives and what lives: a run that is to be seen differently for it is told. */
  pulse(): void {
    const driver = this.#lookAtDriver();
    // A run that cannot move is seen differently only when somebody begins or ends to drive, or another run releases what it needs.
    const isAll = this.#haveChanged || JSON.stringify(driver) !== JSON.stringify(this.#driver);
    this.#driver = driver;
    this.#haveChanged = false;
    for (const [runId, view] of this.#views)
      if (view.kind === 'active' || (isAll && view.kind !== 'terminal')) this.#show(runId, view);
  }

  #show(runId: string, view: RunView): void {
    const before = this.#shown.get(runId);
    const [shown = view] = this.#inSurroundings(view);
    this.#shown.set(runId, shown);
    if (before === undefined || isSeenDifferently(before, shown)) this.#onView(runId, shown);
  }

  /** Without what surrounds it where that cannot be looked at: the next pulse looks again. */
  #inSurroundings(view: RunView): readonly RunView[] {
    try {
      return shownRuns(this.#place, [view], this.#driver, { signs: this.#signs, others: this.#views });
    } catch (error) {
      if (isOfTheWorld(error)) return [view];
      throw error;
    }
  }

  #lookAtDriver(): DriverFacts {
    try {
      return driverFacts(this.#place);
    } catch (error) {
      if (isOfTheWorld(error)) return { kind: 'unknown', pid: null, hostname: '', sinceMs: null };
      throw error;
    }
  }

  /** Resolves when every change told so far is in the views. */
  async settled(): Promise<void> {
    while (this.#work !== null) await this.#work;
  }

  /** The run is looked at again, soon. */
  changed(runId: string, isThere: boolean): void {
    if (!isThere) {
      this.#there.delete(runId);
      this.#due.delete(runId);
      this.#forget(runId);
      this.#shown.delete(runId);
      if (this.#views.delete(runId)) this.#onView(runId, null);
      return;
    }
    this.#there.add(runId);
    this.#due.add(runId);
    this.#start();
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#due.clear();
  }

  #start(): void {
    this.#work ??= this.#drain().finally(() => {
      this.#work = null;
      if (this.#due.size > 0) this.#start();
    });
  }

  async #drain(): Promise<void> {
    for (const runId of this.#due) {
      await yieldToOthers();
      if (this.#isClosed) return;
      this.#due.delete(runId);
      const view = await this.#look(runId);
      // It may have gone while it was looked at: nobody would tell of it again.
      if (!this.#there.has(runId)) this.#forget(runId);
      if (view === null || this.#isClosed || !this.#there.has(runId)) continue;
      this.#views.set(runId, view);
      this.#haveChanged = true;
      this.#show(runId, view);
    }
  }

  #forget(runId: string): void {
    this.#folds.delete(runId);
    this.#restUntilMs.delete(runId);
  }

  async #look(runId: string): Promise<RunView | null> {
    try {
      const aside = quarantineView(this.#place, runId);
      if (aside !== null) return aside;
      // A first look is as cheap as that of `pawl status`; a run that moves is folded on from where it was.
      if (!this.#views.has(runId)) return await lookAtRun(this.#place, runId);
      return (this.#folds.has(runId) ? null : quickView(this.#place, runId)) ?? (await this.#foldOn(runId));
    } catch (error) {
      // Whatever a file does to a reader, the other runs are still shown.
      const [code, detail] =
        error instanceof PawlError ? [error.code, error.message] : ['PAWL_BUG' as const, String(error)];
      return doubtfulView(runId, { code, detail, surfaces: [] });
    }
  }

  async #foldOn(runId: string): Promise<RunView | null> {
    const fold = this.#folds.get(runId) ?? new RunFold(this.#place, runId);
    this.#folds.set(runId, fold);
    while (!fold.advance(HUB_BOUNDS.recordsAtOnce).isEnd) await yieldToOthers();
    const view = fold.fault === null ? fold.view() : null;
    if (view === null || view.kind === 'terminal') this.#folds.delete(runId);
    if (view?.kind === 'terminal') return view;
    // What a fold cannot tell, files that contradict it, is asked again where there was or is a reason to doubt.
    const isDoubtful = this.#views.get(runId)?.kind === 'quarantined' || this.#lacksFolder(runId, view);
    return view === null || isDoubtful ? await this.#lookAnew(runId) : view;
  }

  /** Reads the whole journal at once, which holds all others up: a run that is doubted and continues may not take the hub's time. */
  async #lookAnew(runId: string): Promise<RunView | null> {
    const startMs = performance.now();
    const known = this.#views.get(runId) ?? null;
    const waitMs = (this.#restUntilMs.get(runId) ?? 0) - startMs;
    if (known !== null && waitMs > 0) {
      this.#later(runId, waitMs);
      return known;
    }
    const view = await lookAtRun(this.#place, runId);
    const endMs = performance.now();
    this.#restUntilMs.set(runId, endMs + HUB_BOUNDS.restFactor * spanMs(startMs, endMs));
    return view;
  }

  #later(runId: string, waitMs: number): void {
    if (this.#timers.has(runId)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(runId);
      if (this.#views.has(runId)) this.changed(runId, true);
    }, waitMs);
    timer.unref();
    this.#timers.set(runId, timer);
  }

  #lacksFolder(runId: string, view: RunView | null): boolean {
    const { files, paths } = this.#place;
    return view?.tasks.some(({ taskId }) => !files.exists(paths.task(runId, taskId))) === true;
  }
}

/** True of what the file system says, and no bug of ours. */
function isOfTheWorld(error: unknown): boolean {
  return error instanceof PawlError || systemCode(error) !== undefined;
}

/** Ages and output apart: those are told with the liveness. */
function isSeenDifferently(before: RunView, now: RunView): boolean {
  const plain = (view: RunView): string =>
    JSON.stringify({ ...view, liveness: view.liveness?.standing, found: view.liveness?.findings });
  return plain(before) !== plain(now);
}
