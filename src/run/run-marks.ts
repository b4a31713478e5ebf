/**
 * A run at a glance: a mark and a few words for its outcome, and the sum over several runs.
 *
 * Owns: those marks and words. Does not own: colours and columns (cli), the view (run/run-view).
 */
import { elapsed } from '../base/elapsed.ts';
import type { RunView } from './run-view.ts';

/** The outcome of a run, or its present kind of progress. */
export type Condition =
  | 'working'
  | 'waiting'
  | 'blocked'
  | 'ready'
  | 'failed'
  | 'insufficient'
  | 'cancelled'
  | 'quarantined';

/** Each one column wide and all different, so they can be told apart without colour. */
export const MARKS: Readonly<Record<Condition, string>> = {
  working: '▸',
  waiting: '·',
  blocked: '‖',
  ready: '✓',
  failed: '✕',
  insufficient: '?',
  cancelled: '–',
  quarantined: '!',
};

/** In the order in which a sum names them: what can be reviewed first, then what needs a person. */
const SUM_ORDER: readonly Condition[] = [
  'ready',
  'blocked',
  'insufficient',
  'failed',
  'quarantined',
  'cancelled',
  'working',
  'waiting',
];

/** The outcome of the run. A run that can move counts as working only while a worker of it is known to run. */
export function conditionOf({
  kind,
  state,
  task,
  liveness,
}: Pick<RunView, 'kind' | 'state' | 'task' | 'liveness'>): Condition {
  if (kind === 'quarantined') return 'quarantined';
  if (kind === 'blocked') return 'blocked';
  if (kind === 'active') return isAtWork(task) && !isKnownIdle(liveness) ? 'working' : 'waiting';
  switch (state) {
    case 'readyForManualReview':
      return 'ready';
    case 'failedExecution':
      return 'failed';
    case 'blockedPlanInsufficient':
      return 'insufficient';
    default:
      return 'cancelled';
  }
}

function isAtWork(task: RunView['task']): boolean {
  return task !== null && task.startedAtMs !== null && task.endedAtMs === null;
}

/** True when it is known that no worker of the run is at work. */
export function isKnownIdle(liveness: RunView['liveness']): boolean {
  return liveness !== null && ['gone', 'ended', 'halted'].includes(liveness.standing);
}

/** `6 ready, 1 blocked, 2 failed`; an empty text for no run. */
export function sumOf(conditions: readonly Condition[]): string {
  return SUM_ORDER.map((condition) => [conditions.filter((each) => each === condition).length, condition] as const)
    .filter(([count]) => count > 0)
    .map(([count, condition]) => `${count} ${condition}`)
    .join(', ');
}

/** The sum of a command, with the time that it took: `6 ready, 1 blocked, 1 not recorded in 14m02s`. `refused`: packets of which no run was made. */
export function summaryLine(conditions: readonly Condition[], refused: number, tookMs: number): string {
  const parts = [sumOf(conditions), refused === 0 ? '' : `${refused} not recorded`].filter((part) => part !== '');
  return `${parts.join(', ')} in ${elapsed(tookMs)}`;
}
