/**
 * Under what a run is filed where runs are counted and filtered (pure).
 *
 * Owns: that rule, and counting by it. Does not own: the kinds (run/run-view), whether anything of a run is at work (run/liveness).
 * Both halves load this file: the hub counts as the page filters.
 */
import type { Liveness } from '../../run/liveness.ts';
import { isKnownIdle } from '../../run/run-marks.ts';
import type { RunKind, RunView } from '../../run/run-view.ts';

/** How many runs are filed under each kind. */
export type RunCounts = Readonly<Record<RunKind, number>>;

/** Under what a run is filed. One that could move and of which nothing is at work needs somebody who drives it. */
export function shownKind(run: RunView, liveness: Liveness | null): RunKind {
  const isStill = run.kind === 'active' && liveness?.driver.kind === 'none' && isKnownIdle(liveness);
  return isStill ? 'blocked' : run.kind;
}

/** The views counted by what they are filed under, each with its own liveness. */
export function countsOf(views: readonly RunView[]): RunCounts {
  const counts = { active: 0, blocked: 0, quarantined: 0, terminal: 0 };
  for (const view of views) counts[shownKind(view, view.liveness)] += 1;
  return counts;
}
