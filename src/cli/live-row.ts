/**
 * One run as a row of the live view.
 *
 * Owns: which of its facts are told, the most important first. Does not own: reading them (cli/live-view, cli/commands/status), widths and order (cli/live-rows).
 */
import { visible } from '../base/visible.ts';
import { taskWords } from '../run/event-words.ts';
import { contraryStanding, type Liveness, signWords, standingWords } from '../run/liveness.ts';
import { conditionOf } from '../run/run-marks.ts';
import type { RunView } from '../run/run-view.ts';
import { isTagged } from '../run/state-facts.ts';
import type { LiveRow } from './live-rows.ts';

/** What the task of a state does by its name: said by the state already. */
const OWN_PURPOSE: Readonly<Record<string, string>> = {
  implementing: 'implementation',
  verification: 'verification',
  internalReview: 'review',
  fixLoop: 'fix',
};

/** What is known of a run besides its view. */
export interface RowFacts {
  readonly openTask: string | null;
  /** Of the open task; null where nobody has looked. */
  readonly liveness: Liveness | null;
  readonly nowMs: number;
}

/** The row of the run. */
export function liveRow(view: RunView, { openTask, liveness, nowMs }: RowFacts): LiveRow {
  const { state, contention, blockers } = view;
  const task = openTask === null ? '' : taskBeside(state, openTask);
  const contrary = contraryStanding(liveness);
  const signs =
    liveness === null || (openTask === null && contrary === null)
      ? []
      : [...(contrary === null ? [] : [standingWords(contrary)]), ...signWords(liveness, nowMs)];
  const [blocker] = view.kind === 'blocked' ? blockers : [];
  const details = [
    task,
    ...(view.kind === 'active' ? signs : []),
    contention === null ? '' : `waits for ${contention.holder}`,
    blocker?.code ?? '',
  ];
  // Between two tasks, too, it is at work: a row that moved down then would be looked for.
  const isUnderWay = contrary === null && isTagged(view, 'working');
  return {
    condition: isUnderWay ? 'working' : conditionOf(view),
    name: visible(view.taskId),
    place: state,
    details: details.filter((detail) => detail !== ''),
  };
}

/** The task in words, without what the state says already: `round 2` of a verification. */
function taskBeside(state: string, taskId: string): string {
  const words = taskWords(taskId);
  const own = OWN_PURPOSE[state];
  if (words === own) return '';
  return own !== undefined && words.startsWith(`${own} (`) ? words.slice(own.length + 2, -1) : words;
}
