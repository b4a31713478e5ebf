/**
 * What holds in every state that a run can reach.
 *
 * Owns: the invariants, each by its sentence, and the list of those that a state breaks. Does not own: those of a step
 * (step-invariants), where they are checked.
 */

import type { StateValue } from 'xstate';
import { isSurfaceInDoubt, taskIdOf } from '../../../machines/run/context.ts';
import { surfacesToLease } from '../../../machines/run/surfaces.ts';
import type { Gate, KeyedEffect, RunDeadline } from '../../model/effect.ts';
import type { Policy } from '../../model/event.ts';
import { RUN_ACTOR } from '../../model/record.ts';
import type { RunContext } from '../../model/run-context.ts';
import { hasEnded } from '../../run/run-end.ts';
import type { RunSnapshot, RunState, TaskSnapshot } from '../../run/system.ts';
import { isWaiting, openTasks, placeOf } from './key.ts';

const GATES: readonly Gate[] = ['verification', 'review'];

/** The invariants that a state breaks, by their sentences; empty in a sound one. */
export function brokenBy(state: RunState): readonly string[] {
  const broken = STATE_INVARIANTS.filter(([, holds]) => !holds(state)).map(([sentence]) => sentence);
  return [...brokenByRun(state.root), ...broken];
}

/** The invariants that a run's own snapshot breaks, whatever its tasks and its outbox are. */
export function brokenByRun(run: RunSnapshot): readonly string[] {
  return RUN_INVARIANTS.filter(([, holds]) => !holds(run)).map(([sentence]) => sentence);
}

/** Effects that touch the run's worktree or branch, or lead to one that does. */
const WORK: readonly KeyedEffect['kind'][] = [
  'prepareWorkspace',
  'prepareTask',
  'commitWork',
  'judgeGate',
  'projectHandoff',
];

type Invariant<Subject> = readonly [sentence: string, holds: (subject: Subject) => boolean];

const RUN_INVARIANTS: readonly Invariant<RunSnapshot>[] = [
  [
    'no gate result from an old epoch or another commit is kept',
    ({ context }) => GATES.every((gate) => isOpenOrCurrent(context, gate)),
  ],
  [
    'an internal review begins only after a valid verification',
    (run) => !placeOf(run.value).startsWith('internalReview') || isHeld(run.context, 'verification'),
  ],
  [
    'a handoff happens only after both gates have passed',
    ({ value, context }) => !isHandedOff(value) || GATES.every((gate) => isHeld(context, gate)),
  ],
  ['no counter of a run exceeds its limit', ({ context }) => isWithin(context, context.policy)],
  [
    'a run that has ended holds no lease and has no open task',
    (run) => !hasEnded(run) || (run.context.lease === null && run.context.openTask === null),
  ],
  ['a parked run names its blocker', (run) => !run.hasTag('parked') || run.context.blockers.length > 0],
  [
    'a run that is neither stopped nor waiting shows no blocker',
    (run) => run.hasTag('parked') || isWaiting(run.value) || isEnd(run.value) || run.context.blockers.length === 0,
  ],
  [
    'a run that waits for its agent says so, and until when',
    ({ value, context }) => !isWaiting(value) || namesInstant(context),
  ],
  [
    'only a run that waits for its agent has a time to resume',
    ({ value, context }) => isWaiting(value) === (context.waitUntilMs !== null),
  ],
  [
    'no more failed rounds are remembered than fixes have begun',
    ({ context }) => context.judgements.length <= context.fixes,
  ],
  [
    'a third round of a gate with the same findings as the two before it is not fixed again',
    ({ context }) => GATES.every((gate) => !hasThreeAlike(context, gate)),
  ],
  [
    'a task is open only where it is awaited, or in doubt',
    ({ value, context }) =>
      context.openTask === null || /^blockedNeedsHuman$/.test(placeOf(value)) || isAwaiting(value),
  ],
  ['a run that awaits a task has an open one', ({ value, context }) => !isAwaiting(value) || context.openTask !== null],
  [
    'a run that is being cancelled has a task to end, or is cancelled',
    ({ value, context }) => context.cancel === null || context.openTask !== null || value === 'cancelled',
  ],
  [
    'a run that ends its task has a cancel if it is cancelling, and none if it follows a decision',
    ({ value, context }) =>
      value === 'cancelling' ? context.cancel !== null : !isEndingTask(value) || context.cancel === null,
  ],
  [
    'only a run without its lease remembers where to resume',
    (run) => run.context.resumeAt === null || run.context.lease === null,
  ],
  [
    'a run is parked over its surface exactly when its blocker says so',
    ({ value, context }) =>
      isSurfaceInDoubt(context) ===
      (value === 'blockedNeedsHuman' && context.blockers[0]?.code === 'PAWL_SURFACE_CONFLICT'),
  ],
  [
    'a run works only under a lease',
    ({ value, context }) =>
      context.lease !== null ||
      !/^(implementing|verification|internalReview|fixLoop|handoffReady)/.test(placeOf(value)),
  ],
];

const STATE_INVARIANTS: readonly Invariant<RunState>[] = [
  [
    'no task starts more hosts than its limit allows',
    ({ children: tasks }) => Object.values(tasks).every(({ context }) => context.hostStarts <= context.hostStartsMax),
  ],
  [
    'a run that has ended owes nothing, and all its tasks are settled',
    (state) => !hasEnded(state.root) || isAtRest(state),
  ],
  [
    'a run that has not ended owes an effect, awaits a task that owes one, or names its blocker',
    (state) => hasEnded(state.root) || isDoing(state) || namesBlocker(state.root),
  ],
  ['at most one task is open, and the run names it', (state) => openTaskIsNamed(state)],
  [
    'an open task owes exactly one effect, or is in doubt and has parked the run',
    (state) => openTasks(state).every(([taskId]) => owesOneOrIsDoubted(state, taskId)),
  ],
  [
    'a task has ended exactly when its progress, its supervision and its context say so',
    ({ children: tasks }) => Object.values(tasks).every(isSettledThroughout),
  ],
  [
    'an open task owes what its progress needs while it is watched, and its ending while it is ended',
    (state) => openTasks(state).every(([taskId, task]) => owesWhatItShould(state, taskId, task)),
  ],
  [
    'a settled task owes nothing',
    ({ owed, children: tasks }) =>
      owed.every(({ actor }) => actor === RUN_ACTOR || tasks[actor]?.context.settlement === null),
  ],
  [
    'while a run waits for the end of a task, that task is being ended',
    ({ root: run, owed }) =>
      !isEndingTask(run.value) || owed.some(({ actor, kind }) => actor === run.context.openTask && kind === 'endTask'),
  ],
  [
    'every requested task has an id of its own',
    ({ root: run, children: tasks }) =>
      Object.keys(tasks).length === run.context.tasksRequested &&
      Object.entries(tasks).every(
        ([taskId, { context }]) => taskId === taskIdOf(context.purpose, context.epoch, context.attempt),
      ),
  ],
  [
    'the keys of the outbox are unique, and no actor owes an effect twice',
    ({ owed }) =>
      isUnique(owed.map(({ key }) => key)) && isUnique(owed.map((effect) => `${effect.actor} ${nameOf(effect)}`)),
  ],
  [
    'work is owed only under a lease',
    ({ root: run, owed }) =>
      run.context.lease !== null || !owed.some(({ actor, kind }) => actor !== RUN_ACTOR || WORK.includes(kind)),
  ],
  [
    'a lease holds the surfaces of the packet and whatever the work touches beyond them',
    ({ root: { context } }) =>
      context.lease === null || context.lease.surfaces.join() === surfacesToLease(context).join(),
  ],
  [
    'a lease is renewed exactly while the run can advance',
    ({ root: run, owed }) => owed.some(isDeadline('lease')) === (run.context.lease !== null && !run.hasTag('parked')),
  ],
  [
    'a run that waits for its agent owes exactly the deadline of that wait, and no other actor owes a deadline',
    ({ root: run, owed }) =>
      owed.every((effect) => effect.kind !== 'deadline' || effect.actor === RUN_ACTOR) &&
      owed
        .filter((effect) => effect.kind === 'deadline' && effect.id !== 'lease')
        .map((effect) => effect.kind === 'deadline' && `${effect.id} at ${effect.atMs}`)
        .join() === (isWaiting(run.value) ? `limit at ${run.context.waitUntilMs}` : ''),
  ],
];

function isOpenOrCurrent(context: RunContext, gate: Gate): boolean {
  const record = context.gates[gate];
  return record === null || (record.epoch === context.epoch && record.commit === context.headCommit);
}

function isHeld(context: RunContext, gate: Gate): boolean {
  const record = context.gates[gate];
  return isOpenOrCurrent(context, gate) && (record?.status === 'PASS' || record?.status === 'ACCEPTED');
}

function isHandedOff(value: StateValue): boolean {
  return value === 'handoffReady' || value === 'readyForManualReview';
}

/** A cancel, or a decision, waits for the end of the open task. */
function isEndingTask(value: StateValue): boolean {
  return /^(?:cancelling$|endingTask\.)/.test(placeOf(value));
}

/** The end of the open task is awaited. */
function isAwaiting(value: StateValue): boolean {
  return /orking$|settingUp$/.test(placeOf(value)) || isEndingTask(value);
}

/** The ends that keep their blockers: what they say is why the run ended. */
function isEnd(value: StateValue): boolean {
  return value === 'failedExecution' || value === 'blockedPlanInsufficient';
}

function isWithin(context: RunContext, policy: Policy): boolean {
  return (
    context.failures < Math.max(1, policy.attemptsMax) &&
    context.losses <= policy.lostRetriesMax &&
    context.interruptions <= policy.interruptionsMax &&
    context.limitWaits <= policy.limitWaitsMax &&
    context.fixes <= policy.fixAttemptsMax
  );
}

function isAtRest({ owed, children: tasks }: RunState): boolean {
  const isSettled = Object.values(tasks).every(({ context }) => context.settlement !== null);
  return owed.length === 0 && isSettled;
}

function isDoing({ root: run, owed }: RunState): boolean {
  return owed.some((effect) =>
    effect.actor === RUN_ACTOR ? !isDeadline('lease')(effect) : effect.actor === run.context.openTask,
  );
}

function namesBlocker(run: RunSnapshot): boolean {
  return run.hasTag('parked') && run.context.blockers.length > 0;
}

function openTaskIsNamed(state: RunState): boolean {
  const open = openTasks(state).map(([taskId]) => taskId);
  const { openTask } = state.root.context;
  return openTask === null ? open.length === 0 : open.length === 1 && open[0] === openTask;
}

function owesOneOrIsDoubted(state: RunState, taskId: string): boolean {
  const owed = state.owed.filter(({ actor }) => actor === taskId).length;
  return state.children[taskId]?.hasTag('doubtful') === true ? owed === 0 && namesBlocker(state.root) : owed === 1;
}

/** Its regions change together: none of them tells another end than the others. */
function isSettledThroughout(task: TaskSnapshot): boolean {
  const end = task.context.settlement?.result;
  const isOver = task.matches({ supervision: 'over' });
  const isLate = task.matches({ completions: 'late' });
  if (end === undefined) return !isOver && !isLate && !task.hasTag('settled');
  return isOver && isLate && task.hasTag('settled') && task.matches({ progress: end });
}

const WATCHED_BY = { requested: 'startHost', claimed: 'awaitWorker', running: 'watchWorker' } as const;

function owesWhatItShould({ owed }: RunState, taskId: string, task: TaskSnapshot): boolean {
  const kinds = owed.filter(({ actor }) => actor === taskId).map(({ kind }) => kind);
  if (task.matches({ supervision: 'ending' })) return kinds.join() === 'endTask';
  if (!task.matches({ supervision: 'watching' })) return kinds.length === 0;
  const progress = (['requested', 'claimed', 'running'] as const).find((open) => task.matches({ progress: { open } }));
  return progress !== undefined && kinds.join() === WATCHED_BY[progress];
}

function hasThreeAlike({ judgements }: RunContext, gate: Gate): boolean {
  const rounds = judgements.filter((round) => round.gate === gate).map(({ keys }) => [...keys].sort().join());
  return rounds.some((found, at) => found !== '' && found === rounds[at + 1] && found === rounds[at + 2]);
}

/** Two deadlines are two effects. */
function nameOf(effect: KeyedEffect): string {
  return effect.kind === 'deadline' ? `${effect.kind} ${effect.id}` : effect.kind;
}

function isDeadline(id: RunDeadline): (effect: KeyedEffect) => boolean {
  return (effect) => effect.kind === 'deadline' && effect.id === id;
}

function namesInstant({ waitUntilMs, blockers }: RunContext): boolean {
  const [blocker, ...others] = blockers;
  if (blocker === undefined || waitUntilMs === null || others.length > 0) return false;
  if (blocker.code === 'PAWL_AGENT_UNREACHABLE') return blocker.params.untilMs === waitUntilMs;
  if (blocker.code !== 'PAWL_AGENT_LIMITED') return false;
  return blocker.params.reason === 'waiting' && blocker.params.untilMs === waitUntilMs;
}

function isUnique(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}
