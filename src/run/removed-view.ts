/**
 * The view of a run whose folder was removed: that it ended, and how.
 *
 * Owns: that projection. Does not own: the register it is made from (store/removed-runs), every other view (run/run-view).
 */
import type { ShownBlocker } from '../model/error.ts';
import { quarantinedView, type RunView } from './run-view.ts';

/** Everything that is known about it. */
export interface RemovedFacts {
  readonly runId: string;
  readonly taskId: string;
  readonly state: string;
  readonly branch: string;
  readonly baseCommit: string | null;
  readonly headCommit: string | null;
  readonly spent: RunView['spent'];
  readonly endedAtMs: number;
  readonly removedAtMs: number;
}

/** The view of the run: it has ended, holds nothing, and can do nothing more. */
export function removedView(facts: RemovedFacts): RunView {
  const { runId, taskId, state, branch, baseCommit, headCommit, spent, endedAtMs, removedAtMs } = facts;
  const blocker: ShownBlocker = { code: 'PAWL_RUN_REMOVED', message: '', hint: '', evidence: [] };
  // As little is known about such a run as about one that is set aside and resolved: the same members are empty.
  const nothing = quarantinedView(runId, taskId, { atMs: endedAtMs, surfaces: [], isResolved: true, blocker });
  return { ...nothing, state, branch, baseCommit, headCommit, spent, removedAtMs, blockers: [] };
}
