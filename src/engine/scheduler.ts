/**
 * Which runs are driven by this process, and the waits until they have come to rest.
 *
 * Owns: beginning to drive a run, runs that are added while others are driven, waiting for rest and for ends of tasks. Does not own: which runs live here
 * (engine/driver), whether one can still move (engine/movement), performing (engine/effects/perform).
 *
 * Invariants: 1. A run is added, commanded and finished while any number of others are driven and waited for. 2. Every wait ends (engine/waits); a wait for
 * runs that should move while nothing is under way for them is reported as a bug, at once.
 */
import { BOUNDS } from '../model/limits.ts';
import { endOnly } from './effects/end-task.ts';
import type { LiveRun, Performer } from './live-run.ts';
import { assertUnderWay, inTurn, type Movement } from './movement.ts';
import type { Waits } from './waits.ts';

/** What a scheduler works with. */
export interface SchedulerParts {
  /** The live run of that id, if there is one. */
  readonly find: (runId: string) => LiveRun | undefined;
  readonly movement: Movement;
  readonly waits: Waits;
  readonly perform: Performer;
  /** The process may not continue: all waits end. */
  readonly hasFailed: () => boolean;
  /** New work may begin. */
  readonly isAccepting: () => boolean;
}

/** How runs are waited for. */
export interface DriveOptions {
  /** Also wait for every run that is added meanwhile. */
  readonly withNew?: boolean;
  /** Milliseconds; by default the longest wait allowed. */
  readonly timeoutMs?: number;
}

/** The runs that are driven, and the waits for them. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  /** Called for every run that is added. */
  readonly #onAdded = new Set<(run: LiveRun) => void>();

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** A run was made or loaded: it is driven if a wait includes it, or includes every new run. */
  add(run: LiveRun): void {
    for (const tell of this.#onAdded) tell(run);
  }

  /** From now on the run is driven: whatever it owes is performed. */
  drive(run: LiveRun): void {
    this.#parts.movement.drive(run.runId);
    if (run.fault === null) run.start(this.#parts.perform);
  }

  /**
   * Drives the runs of these ids, those that are added meanwhile as well; resolves when none of them can move by itself, or the process is to end. Rejects with
   * PAWL_WAIT_TIMED_OUT after `timeoutMs`; the runs are still driven.
   */
  async driveToRest(runIds: readonly string[], options: DriveOptions = {}): Promise<void> {
    const { withNew = false, timeoutMs = BOUNDS.driveMs } = options;
    const { find, movement, waits, hasFailed, isAccepting } = this.#parts;
    const asked = new Map<string, LiveRun>();
    const join = (run: LiveRun): void => {
      if (!withNew && !runIds.includes(run.runId)) return;
      asked.set(run.runId, run);
      this.drive(run);
    };
    for (const run of runIds.flatMap((runId) => find(runId) ?? []).toSorted(inTurn)) join(run);
    this.#onAdded.add(join);
    const isAtRest = (): boolean => {
      const moving = [...asked.values()].filter((run) => movement.isMoving(run.runId));
      if (hasFailed() || !isAccepting() || moving.length === 0) return true;
      assertUnderWay(moving);
      return false;
    };
    try {
      await waits.until(isAtRest, { what: `${[...asked.keys()].join(', ')} to come to rest`, timeoutMs });
    } finally {
      this.#onAdded.delete(join);
    }
  }

  /**
   * Drives these runs and every one that is added, until new work may not begin any more or the process may not continue. Rejects with a bug where runs should
   * move and nothing is under way for any of them.
   */
  async driveAll(runs: readonly LiveRun[]): Promise<void> {
    const { find, movement, waits, hasFailed, isAccepting } = this.#parts;
    const join = (run: LiveRun): void => this.drive(run);
    this.#onAdded.add(join);
    for (const run of runs.toSorted(inTurn)) join(run);
    const isOver = (): boolean => {
      if (hasFailed() || !isAccepting()) return true;
      // This is asked after every record: one run that is at work is answer enough.
      const moving: LiveRun[] = [];
      for (const runId of movement.driven()) {
        const run = movement.isMoving(runId) ? find(runId) : undefined;
        if (run?.isAtWork() === true) return false;
        if (run !== undefined) moving.push(run);
      }
      if (moving.length > 0) assertUnderWay(moving);
      return false;
    };
    try {
      // Work that never runs out has no deadline: whoever stops it ends this wait.
      await waits.until(isOver, { what: 'the end of all work', timeoutMs: Number.POSITIVE_INFINITY });
    } finally {
      this.#onAdded.delete(join);
    }
  }

  /** Ends the tasks of this run that must be ended, and does nothing else for it; a driven run does so by itself. */
  async endTasks(run: LiveRun): Promise<void> {
    const { movement, waits, hasFailed } = this.#parts;
    if (movement.isDriven(run.runId)) return;
    const hasEnded = (): boolean =>
      hasFailed() || run.fault !== null || run.state.owed.every((effect) => effect.kind !== 'endTask');
    if (hasEnded()) return;
    run.start(endOnly);
    await waits.until(hasEnded, { what: `the tasks of ${run.runId} to end`, timeoutMs: BOUNDS.driveMs });
  }
}
