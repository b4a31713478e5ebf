/**
 * Which runs the table shows, and in which order (pure).
 *
 * Owns: filter, search, order. Does not own: the table (runs).
 */
import type { RunKind, RunView } from '../../run/run-view.ts';

/** What needs a person comes first, then what moves; within that the newest. */
const ORDER: readonly RunKind[] = ['quarantined', 'blocked', 'active', 'terminal'];

/** The runs that a filter and a search leave, in the order of the table. */
export function chosenRuns(
  runs: readonly RunView[],
  kindOf: (run: RunView) => RunKind,
  kind: RunKind | 'all',
  search: string,
): readonly RunView[] {
  const sought = search.trim().toLowerCase().split(/\s+/);
  return runs
    .filter((run) => kind === 'all' || kindOf(run) === kind)
    .filter((run) => {
      const text = [
        run.runId,
        run.taskId,
        run.state,
        run.substate,
        run.branch,
        ...run.blockers.map(({ code }) => code),
      ];
      const whole = text.join(' ').toLowerCase();
      return sought.every((word) => whole.includes(word));
    })
    .sort((a, b) => ORDER.indexOf(kindOf(a)) - ORDER.indexOf(kindOf(b)) || (b.updatedAtMs ?? 0) - (a.updatedAtMs ?? 0));
}
