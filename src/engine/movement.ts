/**
 * Which runs are driven by this process, and which of them can still move by themselves.
 *
 * Owns: that judgement, from the runs' states and the leases between them; which run goes first. Does not own: driving (engine/driver).
 *
 * Invariant: a run moves, or waits for one that moves, or it has come to rest: nothing waits for what only a person can do.
 */
import { surfacesToLease } from '../../machines/run/surfaces.ts';
import type { LeaseTable } from './leases.ts';
import type { LiveRun } from './live-run.ts';

/** The runs that are driven, and whether they move. */
export class Movement {
  readonly #leases: LeaseTable;
  readonly #find: (runId: string) => LiveRun | undefined;
  readonly #driven = new Set<string>();

  constructor(leases: LeaseTable, find: (runId: string) => LiveRun | undefined) {
    this.#leases = leases;
    this.#find = find;
  }

  /** From now on the run is driven. */
  drive(runId: string): void {
    this.#driven.add(runId);
  }

  /** The run has ended and is no longer kept. */
  forget(runId: string): void {
    this.#driven.delete(runId);
  }

  isDriven(runId: string): boolean {
    return this.#driven.has(runId);
  }

  /** In the order in which it began. */
  driven(): Iterable<string> {
    return this.#driven.values();
  }

  /** True while the run owes something that is not waiting for a person or for a lease of a run that does not move. */
  isMoving(runId: string): boolean {
    const run = this.#find(runId);
    if (run === undefined || run.fault !== null || run.hasEnded || !this.isDriven(runId)) return false;
    if (!isParked(run) || run.isUnderWay('admitRun')) return true;
    const waits = run.state.owed.some((effect) => effect.kind === 'awaitSurface');
    return waits && this.#mayBecomeFree(runId, surfacesToLease(run.state.root.context));
  }

  /** True while the run moves and is not parked. */
  isAtWork(runId: string): boolean {
    const run = this.#find(runId);
    return run !== undefined && !isParked(run) && this.isMoving(runId);
  }

  /** A parked run keeps waiting only while the surface is free, or its holder still moves. */
  #mayBecomeFree(runId: string, surfaces: readonly string[]): boolean {
    const conflict = this.#leases.conflict(runId, surfaces);
    return conflict === null || this.isAtWork(conflict.holder.runId);
  }
}

/** Waiting for a person, or for a surface. */
export function isParked(run: LiveRun): boolean {
  return run.state.root.hasTag('parked');
}

/** Throws when nothing is under way for any of the runs, although they should move: nothing would ever wake the waits for them. */
export function assertUnderWay(moving: readonly LiveRun[]): void {
  if (moving.some((run) => run.isAtWork())) return;
  const names = moving.map((run) => `${run.runId} in ${JSON.stringify(run.state.root.value)}`);
  throw new Error(`bug: nothing is under way for ${names.join(', ')}`);
}

/** Runs that hold a lease go first: those that wait for it could otherwise keep them from a slot. The others go in the order in which they were recorded. */
export function inTurn(a: LiveRun, b: LiveRun): number {
  return Number(holdsLease(b)) - Number(holdsLease(a)) || a.order.atMs - b.order.atMs || a.order.index - b.order.index;
}

function holdsLease(run: LiveRun): boolean {
  return run.state.root.context.lease !== null;
}
