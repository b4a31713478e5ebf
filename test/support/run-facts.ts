/**
 * What actions are chosen by, of a run with nothing in its way, for tests that change one thing of it.
 *
 * Owns: the value. Does not own: making one of a run (run/run-view).
 */
import type { RunFacts } from '../../src/run/next-actions.ts';

/** A run in that state, with two commits, but for `changes`. */
export function factsOf(state: string, changes: Partial<RunFacts> = {}): RunFacts {
  return {
    runId: 'run_A',
    state,
    kind: 'active',
    blockers: [],
    blockedGate: null,
    waitUntilMs: null,
    pending: null,
    contention: null,
    surfaceConflict: null,
    baseCommit: 'a'.repeat(40),
    headCommit: 'b'.repeat(40),
    ...changes,
  };
}
