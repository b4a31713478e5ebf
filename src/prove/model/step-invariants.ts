/**
 * What holds across every step of a run.
 *
 * Owns: the invariants of a step, each by its sentence, and the list of those that a step breaks. Does not own: those of a state
 * (invariants), where they are checked.
 */

import { isSurfaceInDoubt } from '../../../machines/run/context.ts';
import { RUN_ACTOR } from '../../model/record.ts';
import { isWorkOutOfPlace } from '../../run/decision-event.ts';
import { hasEnded } from '../../run/run-end.ts';
import type { RunDelivery, RunState } from '../../run/system.ts';
import { isWaiting, placeOf } from './key.ts';

/** The invariants that a step breaks, by their sentences. */
export function brokenAcross(before: RunState, after: RunState, deliveries: readonly RunDelivery[]): readonly string[] {
  return STEP_INVARIANTS.filter(([, holds]) => !holds(before, after, deliveries)).map(([sentence]) => sentence);
}

type StepInvariant = readonly [
  sentence: string,
  holds: (before: RunState, after: RunState, deliveries: readonly RunDelivery[]) => boolean,
];

const STEP_INVARIANTS: readonly StepInvariant[] = [
  ['a step is one record', (before, after) => after.seq === before.seq + 1],
  [
    'a run receives what its tasks tell it',
    (before, after, deliveries) => toldRun(before, after) === toldOf(deliveries),
  ],
  [
    'an accepted end is final',
    (before, after) =>
      Object.entries(before.children).every(
        ([taskId, { context }]) =>
          context.settlement === null || after.children[taskId]?.context.settlement === context.settlement,
      ),
  ],
  [
    'no task is forgotten',
    (before, after) => Object.keys(before.children).every((taskId) => after.children[taskId] !== undefined),
  ],
  [
    'epochs only rise, by one, and with every entry to verification',
    (before, after) =>
      after.root.context.epoch === before.root.context.epoch + (isVerificationEntered(before, after) ? 1 : 0),
  ],
  [
    'no attempt is charged by a wait',
    (before, after, deliveries) =>
      isReplaced(deliveries) || !isWaitTouched(before, after) || chargesOf(before) === chargesOf(after),
  ],
  [
    'a wait is counted when it begins, and a new task is requested when it is over',
    (before, after, deliveries) => {
      if (isReplaced(deliveries)) return true;
      const [was, is] = [before.root.context, after.root.context];
      if (!isWaiting(before.root.value) && !isWaiting(after.root.value)) return true;
      if (isWaiting(before.root.value) === isWaiting(after.root.value)) return was.limitWaits === is.limitWaits;
      if (isWaiting(after.root.value)) return is.limitWaits === was.limitWaits + 1 && is.attempt === was.attempt + 1;
      return is.limitWaits === was.limitWaits && is.attempt === was.attempt && isLeftWell(before, after);
    },
  ],
  [
    'rounds are compared only with those since the last decision of a person',
    (before, after, deliveries) =>
      before.root.value !== 'blockedNeedsHuman' ||
      after.root.value === 'blockedNeedsHuman' ||
      hasEnded(after.root) ||
      !deliveries.some(({ event }) => event.type === 'decisionMade') ||
      after.root.context.judgements.length === 0,
  ],
  [
    'work beyond its surface is checked again, or done again, before anything else happens to it',
    (before, after, deliveries) => {
      if (!isSurfaceInDoubt(before.root.context) || hasEnded(after.root)) return true;
      const { stage } = before.root.context;
      const { value, context } = after.root;
      if (value === 'waitingForLock' || isReplaced(deliveries))
        return AFTER_DOUBT[stage]?.includes(context.resumeAt ?? 'nowhere') === true;
      return (
        value === 'blockedNeedsHuman' || /^(?:implementing|fixLoop)\.(?:committing|requested)$/.test(placeOf(value))
      );
    },
  ],
  [
    'work that is out of place is done again, not just checked again, when a person decides on retry',
    (before, after, deliveries) => {
      const isRetried = deliveries.some(({ event }) => event.type === 'decisionMade' && event.decision === 'retry');
      if (!isRetried || !isWorkOutOfPlace(before.root.context)) return true;
      const again = before.root.context.stage === 'fixCommit' ? 'fix' : 'implementation';
      const { value, context } = after.root;
      if (value === 'waitingForLock') return context.resumeAt === again;
      return placeOf(value) === (again === 'fix' ? 'fixLoop.requested' : 'implementing.requested');
    },
  ],
  [
    'surfaces that a record adds to a run stay added until its packet is replaced',
    (before, after, deliveries) => {
      const replaced = deliveries.find(({ event }) => event.type === 'packetReplaced')?.event;
      if (replaced?.type === 'packetReplaced')
        return after.root.context.surfacesAdded.join() === (replaced.surfacesBeyond ?? []).join();
      const told = deliveries.flatMap(({ event }) => ('surfacesAdded' in event ? (event.surfacesAdded ?? []) : []));
      const { surfacesAdded } = after.root.context;
      return [...before.root.context.surfacesAdded, ...told].join() === surfacesAdded.join();
    },
  ],
  [
    'a packet is replaced only while no task is open, and then only the work done under the old one remains',
    (before, after, deliveries) =>
      !isReplaced(deliveries) || (before.root.context.openTask === null && isUnderNewPacket(before, after)),
  ],
  [
    'a run keeps its first packet until that is replaced',
    (before, after, deliveries) =>
      isReplaced(deliveries) || before.root.context.packetHash === after.root.context.packetHash,
  ],
  [
    'a run that is admitted again resumes no later than at the verification of its work',
    (before, after) =>
      !before.root.matches('queued') ||
      !['review', 'fix', 'handoff'].includes(after.root.context.resumeAt ?? 'nowhere'),
  ],
  [
    'an effect stays owed under its original key',
    (before, after) =>
      after.owed.every(
        (effect) => effect.key.startsWith(`${after.systemId}/${after.seq}.`) || before.owed.includes(effect),
      ),
  ],
];

/** Where a run resumes that was parked over its surface, by the stage at which it was. */
const AFTER_DOUBT: Readonly<Record<string, readonly string[]>> = {
  implementationCommit: ['implementationCommit', 'implementation'],
  fixCommit: ['fixCommit', 'fix'],
};

function toldRun(before: RunState, after: RunState): string {
  const told = Object.entries(after.children).flatMap(([taskId, task]) => {
    const was = before.children[taskId];
    if (was === undefined || was === task) return [];
    if (was.context.settlement === null && task.context.settlement !== null) return [`taskSettled ${taskId}`];
    const isNewlyDoubted = task.hasTag('doubtful') && !was.hasTag('doubtful');
    return isNewlyDoubted ? [`taskDoubtful ${taskId}`] : [];
  });
  return told.join();
}

function toldOf(deliveries: readonly RunDelivery[]): string {
  return deliveries
    .flatMap(({ actor, event }) =>
      actor === RUN_ACTOR && (event.type === 'taskSettled' || event.type === 'taskDoubtful')
        ? [`${event.type} ${event.taskId}`]
        : [],
    )
    .join();
}

function isReplaced(deliveries: readonly RunDelivery[]): boolean {
  return deliveries.some(({ event }) => event.type === 'packetReplaced');
}

/** Admitted anew, without lease, verdicts and charges; what was worked, and the ordinals of that, are as they were. */
function isUnderNewPacket(before: RunState, after: RunState): boolean {
  const [was, is] = [before.root.context, after.root.context];
  const isFresh = is.lease === null && is.blockers.length === 0 && is.judgements.length === 0;
  const isUnjudged = is.gates.verification === null && is.gates.review === null;
  const isUncharged = [is.failures, is.losses, is.interruptions, is.limitWaits, is.fixes].every((count) => count === 0);
  const kept = ({ epoch, attempt, attemptEpoch, headCommit, tasksRequested }: typeof was): string =>
    [epoch, attempt, attemptEpoch, headCommit, tasksRequested].join();
  return (
    after.root.matches({ queued: 'admitting' }) &&
    isFresh &&
    isUnjudged &&
    isUncharged &&
    kept(was) === kept(is) &&
    was.packetHash !== is.packetHash &&
    is.replacement?.packetHash === was.packetHash &&
    after.owed.every(({ kind }) => kind === 'admitRun')
  );
}

/** A wait begins, continues or is over. */
function isWaitTouched(before: RunState, after: RunState): boolean {
  return isWaiting(before.root.value) || isWaiting(after.root.value);
}

function chargesOf({ root: { context } }: RunState): string {
  return [context.purpose, context.failures, context.losses, context.interruptions, context.fixes].join();
}

/** Where its stage asks for a task; or the run has lost its lease, or was cancelled. */
function isLeftWell(before: RunState, after: RunState): boolean {
  const asks = placeOf(before.root.value).replace('setupLimited', 'setupRequested').replace('limited', 'requested');
  const to = placeOf(after.root.value);
  return to === asks || to === 'blockedLockConflict' || to === 'cancelled';
}

/** Entered anew: its first state is there now, with a request that was not owed before. */
function isVerificationEntered(before: RunState, after: RunState): boolean {
  if (placeOf(after.root.value) !== 'verification.requested') return false;
  return !placeOf(before.root.value).startsWith('verification.');
}
