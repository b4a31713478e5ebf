/**
 * Whether a run has come to an end.
 *
 * Owns: that question for live snapshots. Does not own: which states are ends (machines/run/run.machine), the same for a
 * persisted one (run/run-view).
 *
 * Invariant: a run that has ended moves no more by itself. One that has failed is still active for XState: a person's retry makes it continue.
 */
import type { RunSnapshot } from './system.ts';

/** True for a run that neither moves nor holds anything any more. */
export function hasEnded(run: Pick<RunSnapshot, 'status' | 'hasTag'>): boolean {
  return run.status !== 'active' || run.hasTag('ended');
}
