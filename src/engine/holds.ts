/**
 * What a run keeps others from: its surface, its slot, and for how long.
 *
 * Owns: what becomes of both as a run goes on. Does not own: the tables (engine/leases, engine/slots), which runs there are (engine/driver).
 */
import type { LeaseTable } from './leases.ts';
import type { LiveRun } from './live-run.ts';
import { isParked } from './movement.ts';
import type { Slots } from './slots.ts';

/** The run holds what its state says, and nothing else. */
export function hold(run: LiveRun, leases: LeaseTable, slots: Slots): void {
  const { root } = run.state;
  leases.set(run.runId, root.context.lease);
  if (run.hasEnded || isParked(run)) {
    slots.release(run.runId);
    // Those that waited for this holder check again: it does not move any more.
    leases.wake();
  } else if (root.context.waitUntilMs !== null || root.matches('queued')) {
    // A run that waits to be admitted, even again, has not asked for a slot yet, and may be kept from beginning.
    slots.release(run.runId);
  }
}
