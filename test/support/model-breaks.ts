/**
 * Ways to break the machines on purpose, one at a time.
 *
 * Owns: each break, and the invariant by which it must be found. Does not own: the walk that finds it.
 */
import { type AnyStateMachine, type AnyStateNode, assign } from 'xstate';
import type { runMachine } from '../../machines/run.machine.ts';
import { stageToResume } from '../../machines/run-context.ts';
import type { taskMachine } from '../../machines/task.machine.ts';
import { isObject } from '../../src/base/canonical-json.ts';

/** The run machine. */
export type RunMachine = typeof runMachine;
/** The task machine. */
export type TaskMachine = typeof taskMachine;
type Implementations = Parameters<RunMachine['provide']>[0];
type IsGate = NonNullable<NonNullable<Implementations['guards']>['isGate']>;

/** A guard or an action that means something else. */
export interface Break {
  readonly name: string;
  readonly breaks: Implementations;
  /** The invariant that it breaks first. */
  readonly finds: string;
}

/** Guards and actions of the run machine that mean something else. */
export const BREAKS: readonly Break[] = [
  {
    name: 'every verdict counts as PASS',
    breaks: { guards: { isGate: () => true } },
    finds: 'an internal review begins only after a verification that holds',
  },
  {
    name: 'fix rounds have no limit',
    breaks: { guards: { isGateToFix: ({ event }) => event.type === 'gateJudged' && event.status === 'FAIL' } },
    finds: 'no counter of a run passes its limit',
  },
  {
    name: 'an empty commit is tried again without a limit',
    breaks: { guards: { mayRepeatFailure: () => true } },
    finds: 'no counter of a run passes its limit',
  },
  {
    name: 'failed workers are tried again without a limit',
    breaks: { guards: { isFailureToRepeat: ({ event }) => event.type === 'taskSettled' && event.result === 'failed' } },
    finds: 'no counter of a run passes its limit',
  },
  {
    name: 'lost workers are tried again without a limit',
    breaks: { guards: { mayRepeatLoss: ({ event }) => event.type === 'taskSettled' && event.result === 'lost' } },
    finds: 'no counter of a run passes its limit',
  },
  {
    name: 'interrupted workers are tried again without a limit',
    breaks: {
      guards: { mayRepeatInterruption: ({ event }) => event.type === 'taskSettled' && event.result === 'interrupted' },
    },
    finds: 'no counter of a run passes its limit',
  },
  {
    name: 'a lease is reclaimed under an open task',
    breaks: { guards: { isReclaimable: ({ context }) => context.lease !== null } },
    finds: 'work is owed only under a lease',
  },
  {
    name: 'a run is cancelled over its open task',
    breaks: { guards: { hasNoOpenTask: () => true } },
    finds: 'a final state owes nothing and every task of it is settled',
  },
  {
    name: 'a cancelled run goes on when its task ends',
    breaks: { guards: { isCancelling: () => false } },
    finds: 'a run that is being cancelled has a task to end, or is cancelled',
  },
  {
    name: 'a decision lets a run go on over its open task',
    breaks: {
      guards: {
        resumesAt: ({ context, event }, { stage }) => stageToResume(context, event) === stage,
        isRetryWithOpenTask: () => false,
      },
    },
    finds: 'a task is open only where it is awaited, or in doubt',
  },
  {
    name: 'a run goes on without regaining its lease',
    breaks: { guards: { mustRegainLease: () => false } },
    finds: 'a run works only under a lease',
  },
  {
    name: 'a run is abandoned over its open task',
    breaks: {
      guards: {
        isAbandon: ({ event }) => event.type === 'decisionMade' && event.decision === 'abandon',
        isRetryWithOpenTask: () => false,
      },
    },
    finds: 'a run that has ended holds no lease and has no open task',
  },
  {
    name: 'a new epoch keeps the gates of the old one',
    breaks: { actions: { openEpoch: assign(({ context }) => ({ epoch: context.epoch + 1 })) } },
    finds: 'no gate result of an old epoch or of another commit is kept',
  },
  {
    name: 'no epoch is opened',
    breaks: { actions: { openEpoch: assign({ gates: { verification: null, review: null } }) } },
    finds: 'epochs only rise, by one, and with every entry to verification',
  },
  {
    name: 'a run that ends keeps its lease',
    breaks: { actions: { dropLease: assign({}) } },
    finds: 'a run that has ended holds no lease and has no open task',
  },
  {
    name: 'a settled task is not forgotten',
    breaks: { actions: { forgetTask: assign({}) } },
    finds: 'at most one task is open, and the run names it',
  },
  {
    name: 'a blocker is not kept',
    breaks: { actions: { noteBlockers: assign({}) } },
    finds: 'a parked run names its blocker',
  },
  {
    name: 'a blocker is not cleared',
    breaks: { actions: { clearBlockers: assign({}) } },
    finds: 'a run that goes on shows no blocker',
  },
  {
    name: 'an acceptance is not recorded',
    breaks: { actions: { noteAcceptance: assign({}) } },
    finds: 'an internal review begins only after a verification that holds',
  },
  {
    name: 'a lease that is acquired is not taken',
    breaks: { actions: { takeLease: assign({}) } },
    finds: 'a run works only under a lease',
  },
  {
    name: 'an attempt begins at the first ordinal again',
    breaks: { actions: { beginPurpose: assign((_, { purpose }) => ({ purpose, attempt: 1 })) } },
    finds: 'Error: bug: task implementation-e0-a1 was opened twice',
  },
  {
    name: 'a failure is charged without a new ordinal',
    breaks: { actions: { chargeFailure: assign(({ context }) => ({ failures: context.failures + 1 })) } },
    finds: 'Error: bug: task implementation-e0-a1 was opened twice',
  },
];

/** A chart from which something is missing; done to the machine that is given. */
export interface ChartBreak {
  readonly name: string;
  /** An invariant that it breaks. */
  readonly finds: string;
  readonly run?: (machine: RunMachine) => void;
  readonly task?: (machine: TaskMachine) => void;
}

const NOTHING_HANGS = 'a state that is not final owes an effect, awaits a task that owes one, or names its blocker';
const TOLD = 'what a task tells its run, the run takes';
const OWES_ONE = 'an open task owes exactly one effect, or is in doubt and has parked the run';

/** Charts from which something is missing. */
export const CHART_BREAKS: readonly ChartBreak[] = [
  { name: 'the handoff is not asked for', finds: NOTHING_HANGS, run: (run) => nodeAt(run, 'handoffReady').entry.pop() },
  {
    name: 'a workspace stays asked for when its state is left',
    finds: 'work is owed only under a lease',
    run: (run) => nodeAt(run, 'implementing.preparing').exit.pop(),
  },
  {
    name: 'a parked run goes on renewing its lease',
    finds: 'a lease is renewed while the run can move, and only then',
    run: (run) => nodeAt(run, 'blockedNeedsHuman').entry.pop(),
  },
  {
    name: 'a parked run does not hear how its task ended',
    finds: TOLD,
    run: (run) => nodeAt(run, 'blockedNeedsHuman').transitions.delete('taskSettled'),
  },
  {
    name: 'a run does not hear that its task is in doubt',
    finds: TOLD,
    run: (run) => nodeAt(run, 'implementing.working').transitions.delete('taskDoubtful'),
  },
  {
    name: 'a task in doubt is not ended when an operator decides',
    finds: 'a decision that is pending is carried out: its task is being ended',
    task: (task) => nodeAt(task, 'running.doubtful').transitions.delete('endRequested'),
  },
  {
    name: 'a task that ends tells its run nothing',
    finds: 'at most one task is open, and the run names it',
    task: (task) => makeSilent(nodeAt(task, 'running.watching'), 'workerEnded'),
  },
  { name: 'a worker is not watched', finds: OWES_ONE, task: (task) => nodeAt(task, 'running.watching').entry.pop() },
];

function nodeAt(machine: AnyStateMachine, place: string): AnyStateNode {
  return place.split('.').reduce((node: AnyStateNode, name) => {
    const inner = node.states[name];
    if (inner === undefined) throw new Error(`bug: no place ${place}`);
    return inner;
  }, machine.root);
}

function makeSilent(node: AnyStateNode, eventType: string): void {
  for (const transition of node.transitions.get(eventType) ?? []) {
    const actions = transition.actions.filter((action) => !isObject(action) || action.type !== 'tellRun');
    Object.assign(transition, { actions });
  }
}

/** Verdicts that cannot come through the outbox: the guard against them is a second line, which only the machine alone can show. */
export const SECOND_LINE: readonly (readonly [name: string, isGate: IsGate])[] = [
  [
    'a verdict of an old epoch counts',
    ({ context, event }, { status }) =>
      event.type === 'gateJudged' &&
      event.status === status &&
      event.gate === context.purpose &&
      event.commit === context.headCommit,
  ],
  [
    'a verdict over another commit counts',
    ({ context, event }, { status }) =>
      event.type === 'gateJudged' &&
      event.status === status &&
      event.gate === context.purpose &&
      event.epoch === context.epoch,
  ],
  [
    'a verdict of the other gate counts',
    ({ context, event }, { status }) =>
      event.type === 'gateJudged' &&
      event.status === status &&
      event.epoch === context.epoch &&
      event.commit === context.headCommit,
  ],
];
