/**
 * Who has changed in a registry: runs that are new, gone, or written to.
 *
 * Owns: watching folders, polling beside it, telling which run changed. Does not own: reading what changed.
 *
 * Invariants: 1. Nothing is written, no lock is taken. 2. Where watching fails or misses, a change is seen by the next polls: watching
 * only makes it sooner.
 */
import type { Place } from '../../engine/run-look.ts';
import { PawlError, systemCode } from '../../model/error.ts';
import { listRuns } from '../../store/registry.ts';
import { runMark } from '../../store/run-mark.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';

/** Told of a run that may have changed. */
export type OnChange = (runId: string, isThere: boolean) => void;

interface Watched {
  mark: string;
  readonly end: () => void;
}

/** Watches the runs of one registry until it is closed. */
export class RegistryWatch {
  readonly #place: Place;
  readonly #onChange: OnChange;
  readonly #runs = new Map<string, Watched>();
  readonly #touched = new Set<string>();
  readonly #favourites = new Map<string, number>();
  readonly #poll: NodeJS.Timeout;
  #endRoot: (() => void) | null = null;
  #settling: NodeJS.Timeout | null = null;
  #isListDue = true;
  #rotation = 0;

  constructor(place: Place, onChange: OnChange) {
    this.#place = place;
    this.#onChange = onChange;
    this.#poll = setInterval(() => this.#round(), HUB_BOUNDS.pollMs);
    this.#poll.unref();
    this.#list();
  }

  /** Ids of the runs there are, as last seen. */
  get runIds(): readonly string[] {
    return [...this.#runs.keys()];
  }

  /** The run is looked at in every round, until the returned function is called. */
  favour(runId: string): () => void {
    this.#favourites.set(runId, (this.#favourites.get(runId) ?? 0) + 1);
    return () => {
      const count = (this.#favourites.get(runId) ?? 0) - 1;
      if (count > 0) this.#favourites.set(runId, count);
      else this.#favourites.delete(runId);
    };
  }

  close(): void {
    clearInterval(this.#poll);
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#endRoot?.();
    for (const { end } of this.#runs.values()) end();
    this.#runs.clear();
  }

  /** One round of polling: the list of runs, the favourites, and a part of the others in turn. */
  #round(): void {
    this.#list();
    const ids = this.runIds;
    const count = Math.min(HUB_BOUNDS.runsPerPoll, ids.length);
    for (let n = 0; n < count; n += 1) {
      const id = ids[this.#rotation % ids.length];
      this.#rotation += 1;
      if (id !== undefined) this.#check(id);
    }
    if (count < ids.length) for (const id of this.#favourites.keys()) this.#check(id);
  }

  #list(): void {
    this.#isListDue = false;
    const { files, paths } = this.#place;
    this.#endRoot ??= this.#watch(paths.runs, () => {
      this.#isListDue = true;
      this.#settle();
    });
    const found = new Set(unlessGone(() => listRuns(files, paths)) ?? []);
    for (const runId of found) {
      if (this.#runs.has(runId)) continue;
      const end = this.#runs.size < HUB_BOUNDS.folderWatches ? this.#watchRun(runId) : () => undefined;
      this.#runs.set(runId, { mark: this.#markOf(runId), end });
      this.#onChange(runId, true);
    }
    for (const [runId, { end }] of this.#runs) {
      if (found.has(runId)) continue;
      end();
      this.#runs.delete(runId);
      this.#onChange(runId, false);
    }
  }

  #watchRun(runId: string): () => void {
    const end = this.#watch(this.#place.paths.run(runId), () => {
      this.#touched.add(runId);
      this.#settle();
    });
    return end ?? (() => undefined);
  }

  #watch(folder: string, onChange: () => void): (() => void) | null {
    return unlessGone(() => this.#place.files.fs.watch(folder, onChange));
  }

  #settle(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = null;
      if (this.#isListDue) this.#list();
      for (const runId of this.#touched) this.#check(runId);
      this.#touched.clear();
    }, HUB_BOUNDS.settleMs);
  }

  #check(runId: string): void {
    const run = this.#runs.get(runId);
    if (run === undefined) return;
    const mark = this.#markOf(runId);
    if (mark === run.mark) return;
    run.mark = mark;
    this.#onChange(runId, true);
  }

  /** Empty where it cannot be looked at now. */
  #markOf(runId: string): string {
    return unlessGone(() => runMark(this.#place, runId)) ?? '';
  }
}

/** What `look` gives; null where the system says that it cannot be looked at now: the next poll looks again. */
function unlessGone<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (systemCode(error) !== undefined || error instanceof PawlError) return null;
    throw error;
  }
}
