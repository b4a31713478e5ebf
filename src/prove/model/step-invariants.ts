/**
 * What holds across every step of a run.
 *
 * Owns: the invariants of a step, each by its sentence, and the list of those that a step breaks. Does not own: those of a state
 * (invariants), where they are checked.
 */
import type { Delivery, RunState } from '../../core/decide.ts';
import { RUN_ACTOR } from '../../model/record.ts';
import { placeOf } from './key.ts';

/** The invariants that a step breaks, by their sentences. */
export function brokenAcross(before: RunState, after: RunState, deliveries: readonly Delivery[]): readonly string[] {
  return STEP_INVARIANTS.filter(([, holds]) => !holds(before, after, deliveries)).map(([sentence]) => sentence);
}

type StepInvariant = readonly [
  sentence: string,
  holds: (before: RunState, after: RunState, deliveries: readonly Delivery[]) => boolean,
];

const STEP_INVARIANTS: readonly StepInvariant[] = [
  ['a step is one record', (before, after) => after.seq === before.seq + 1],
  [
    'what a task tells its run, the run takes',
    (before, after, deliveries) => toldRun(before, after) === toldOf(deliveries),
  ],
  [
    'an end that is accepted stands',
    (before, after) =>
      Object.entries(before.tasks).every(
        ([taskId, { context }]) =>
          context.settlement === null || after.tasks[taskId]?.context.settlement === context.settlement,
      ),
  ],
  [
    'no task is forgotten',
    (before, after) => Object.keys(before.tasks).every((taskId) => after.tasks[taskId] !== undefined),
  ],
  [
    'epochs only rise, by one, and with every entry to verification',
    (before, after) =>
      after.run.context.epoch === before.run.context.epoch + (isVerificationEntered(before, after) ? 1 : 0),
  ],
  [
    'an effect stays owed under the key that it was asked under',
    (before, after) =>
      after.owed.every(
        (effect) => effect.key.startsWith(`${after.runId}/${after.seq}.`) || before.owed.includes(effect),
      ),
  ],
];

function toldRun(before: RunState, after: RunState): string {
  const told = Object.entries(after.tasks).flatMap(([taskId, task]) => {
    const was = before.tasks[taskId];
    if (was === undefined || was === task) return [];
    if (was.context.settlement === null && task.context.settlement !== null) return [`taskSettled ${taskId}`];
    const isNewlyDoubted = placeOf(task.value).endsWith('.doubtful') && !placeOf(was.value).endsWith('.doubtful');
    return isNewlyDoubted ? [`taskDoubtful ${taskId}`] : [];
  });
  return told.join();
}

function toldOf(deliveries: readonly Delivery[]): string {
  return deliveries
    .flatMap(({ actor, event }) =>
      actor === RUN_ACTOR && (event.type === 'taskSettled' || event.type === 'taskDoubtful')
        ? [`${event.type} ${event.taskId}`]
        : [],
    )
    .join();
}

/** Entered anew: its first state is there now, with a request that was not owed before. */
function isVerificationEntered(before: RunState, after: RunState): boolean {
  if (placeOf(after.run.value) !== 'verification.requested') return false;
  return !placeOf(before.run.value).startsWith('verification.');
}
