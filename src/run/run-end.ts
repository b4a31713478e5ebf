/**
 * Whether a run has come to an end.
 *
 * Owns: that question, for everyone who asks it of a live snapshot. Does not own: which states are ends (machines/run/run.machine), the same of a
 * persisted one (run/run-view).
 *
 * Invariant: a run that has ended moves no more by itself. One that has failed is still active for XState: a person's retry has it continue.
 */
import type { RunSnapshot } from './system.ts';

/** True for a run of which nothing moves or is held any more. */
export function hasEnded(run: Pick<RunSnapshot, 'status' | 'hasTag'>): boolean {
  return run.status !== 'active' || run.hasTag('ended');
}
