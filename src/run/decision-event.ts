/**
 * An operator's decision as the record that it becomes, with its meaning for a run that is parked in this way.
 *
 * Owns: whether a retry does the work again, whether it asks for a branch to be reset. Does not own: what follows (machines, engine).
 *
 * Invariant: what a retry means is recorded with it. The machines decide by that, so that journals from before still fold as they did.
 */
import type { ErrorCode } from '../model/error-codes.ts';
import type { RunEvent } from '../model/event.ts';
import type { JournalRecord } from '../model/record.ts';
import type { RunContext } from '../model/run-context.ts';

type Decision = Extract<RunEvent, { type: 'decisionMade' }>;

/** No commit can be made of the work as it is and where it is, however often that is tried. */
const OUT_OF_PLACE: readonly ErrorCode[] = [
  'PAWL_WORKSPACE_CHANGED',
  'PAWL_WORKSPACE_DIVERGED',
  'PAWL_WORKSPACE_FILTERS',
];

/** The record of a decision on a run in that state. */
export function decisionEvent(context: RunContext, made: Omit<Decision, 'type' | 'isDoneAgain'>): Decision {
  const event: Decision = { type: 'decisionMade', ...made };
  return made.decision === 'retry' && isWorkOutOfPlace(context) ? { ...event, isDoneAgain: true } : event;
}

/** Every attempt has changed nothing: there is nothing to commit, however often that is checked. */
const NOTHING_DONE: ErrorCode = 'PAWL_ATTEMPTS_EXHAUSTED';

/** True for a run that is parked, or has failed, because no commit could be made of what its worker left. */
export function isWorkOutOfPlace({ stage, blockers }: Pick<RunContext, 'stage' | 'blockers'>): boolean {
  const code = blockers[0]?.code;
  return stage.endsWith('Commit') && code !== undefined && (OUT_OF_PLACE.includes(code) || code === NOTHING_DONE);
}

/** True when a person decided on retry for a handoff that was refused because branch or worktree were not at the judged commit. */
export function isPutBackByPerson(records: readonly JournalRecord[]): boolean {
  const refusedAt = records.findLastIndex(({ event }) => event.type === 'handoffRefused');
  const refusal = records[refusedAt]?.event;
  if (refusal?.type !== 'handoffRefused') return false;
  const { code } = refusal.blocker;
  if (code !== 'PAWL_HANDOFF_REFUSED' && !code.startsWith('PAWL_WORKSPACE_')) return false;
  return records.slice(refusedAt).some(({ event }) => event.type === 'decisionMade' && event.decision === 'retry');
}
