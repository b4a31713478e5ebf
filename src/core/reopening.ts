/**
 * A run that has failed and goes on all the same, because a person says so.
 *
 * Owns: which ended run takes which event. Does not own: where it goes on (machines/run/run.machine), its worktree and branch (runtime/revive-run).
 *
 * Invariant: only a failure is ever left, and only by a retry. XState itself asks no ended machine for a transition and keeps it ended after one, so that the
 * step is taken from the same snapshot as an active one.
 */
import type { AnyMachineSnapshot } from 'xstate';

/** The state that a person may have left. */
const REOPENABLE = 'failedExecution';

/** True for a run that has ended and may go on by a person's retry. */
export function isReopenable({ status, value }: Pick<AnyMachineSnapshot, 'status' | 'value'>): boolean {
  return status === 'done' && value === REOPENABLE;
}

/** The snapshot from which an ended machine takes that event; null when it takes none. */
export function reopened<Snapshot extends AnyMachineSnapshot>(
  snapshot: Snapshot,
  event: { readonly type: string; readonly decision?: unknown },
): Snapshot | null {
  const isRetry = event.type === 'decisionMade' && event.decision === 'retry';
  return isRetry && isReopenable(snapshot) ? { ...snapshot, status: 'active' } : null;
}
