/**
 * The head of a run's page: where it stands, why, and what to do.
 *
 * Owns: these few lines. Does not own: the facts (run/run-view).
 */
import { contraryStanding, type Liveness, signWords, standingWords } from '../../run/liveness.ts';
import { drivenBy } from '../../run/next-actions.ts';
import type { RunView } from '../../run/run-view.ts';
import { spentWords } from '../../turn/turn-words.ts';
import { toneOfStanding, toneOfState } from './journal-marks.ts';
import { Actions, Chip } from './parts.tsx';
import { dayAndClock, words } from './words.ts';

interface RunHeadProps {
  readonly view: RunView;
  /** Of a run that can move, at the newest record; else null. */
  readonly liveness: Liveness | null;
  /** The last word of a person up to the shown record, in a sentence; null when there is none. */
  readonly decision: string | null;
  readonly isNewest: boolean;
  readonly nowMs: number;
}

/** The head of a run at the shown record. */
export function RunHead({ view, liveness, decision, isNewest, nowMs }: RunHeadProps) {
  const [blocker] = view.blockers;
  const spent = spentWords(view.spent);
  const { verification, review } = view.gates;
  // What is dead or driven by nobody does not look at work.
  const contrary = contraryStanding(liveness);
  return (
    <header class="run-head">
      <div class="title">
        <h1>{view.taskId}</h1>
        <Chip tone={contrary === null ? toneOfState(view.state) : toneOfStanding(contrary)}>
          {words(view.state)}
          {contrary === null && view.substate !== null ? ` › ${words(view.substate)}` : ''}
        </Chip>
        {isNewest ? null : <Chip tone="plain">as it was at record {view.seq}</Chip>}
        <span class="mono soft">{view.runId}</span>
      </div>
      {liveness === null ? null : <LivenessStrip liveness={liveness} nowMs={nowMs} />}
      <ul class="glance">
        {view.epoch === 0 ? null : <li>round {view.epoch}</li>}
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
        {decision === null ? null : <p class="decision">{decision}</p>}
        {isNewest && view.actions.length > 0 ? <Actions actions={view.actions} /> : null}
      </div>
    </header>
  );
}

/** Whether what the state says is true of the world now: who drives, what lives, how long since a sign. */
function LivenessStrip({ liveness, nowMs }: { readonly liveness: Liveness; readonly nowMs: number }) {
  const { standing, driver } = liveness;
  const tone = toneOfStanding(standing);
  return (
    <p class="liveness" role="status">
      <Chip tone={tone}>{standingWords(standing)}</Chip>
      {[...(driver.kind === 'none' ? [] : [drivenBy(driver, nowMs)]), ...signWords(liveness, nowMs)].map((words) => (
        <span key={words}>{words}</span>
      ))}
    </p>
  );
}
