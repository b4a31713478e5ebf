/**
 * The head of a run's page: where it stands, why, and what to do.
 *
 * Owns: these few lines. Does not own: the facts (core/run-view).
 */
import type { RunView } from '../../core/run-view.ts';
import { spentWords } from '../../core/turn-words.ts';
import { toneOfState } from './journal-marks.ts';
import { Chip, Command } from './parts.tsx';
import { dayAndClock, words } from './words.ts';

/** The head of a run at the shown record. */
export function RunHead({ view, isNewest }: { readonly view: RunView; readonly isNewest: boolean }) {
  const [blocker] = view.blockers;
  const spent = spentWords(view.spent);
  const { verification, review } = view.gates;
  return (
    <header class="run-head">
      <div class="title">
        <h1>{view.taskId}</h1>
        <Chip tone={toneOfState(view.state)}>
          {words(view.state)}
          {view.substate === null ? '' : ` › ${words(view.substate)}`}
        </Chip>
        {isNewest ? null : <Chip tone="plain">as it was at record {view.seq}</Chip>}
        <span class="mono soft">{view.runId}</span>
      </div>
      <ul class="glance">
        {view.epoch === 0 ? null : <li>epoch {view.epoch}</li>}
        {view.task === null ? null : (
          <li>
            {view.task.purpose} attempt {view.task.attempt}
          </li>
        )}
        {verification === null ? null : <li>verification {verification.status}</li>}
        {review === null ? null : <li>review {review.status}</li>}
        {view.branch === '' ? null : (
          <li>
            branch <code>{view.branch}</code>
          </li>
        )}
        {view.waitUntilMs === null ? null : <li>waits until {dayAndClock(view.waitUntilMs)}</li>}
        {spent === null ? null : <li>used {spent}</li>}
      </ul>
      <div class="advice">
        {blocker === undefined ? null : (
          <p class="why">
            {blocker.message} <code>{blocker.code}</code>
          </p>
        )}
        {!isNewest || view.nextSafeAction.command === null ? null : (
          <p>
            <span class="soft">Next safe action</span> <Command text={view.nextSafeAction.command} />
          </p>
        )}
      </div>
    </header>
  );
}
