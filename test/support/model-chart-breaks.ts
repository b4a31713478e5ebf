/**
 * Ways to take something out of the machines' charts, one at a time.
 *
 * Owns: each break, and an invariant by which it must be found. Does not own: guards and actions (model-breaks), the walk that finds it.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { taskMachine } from '../../machines/task/task.machine.ts';
import { isObject } from '../../src/base/canonical-json.ts';
import type { RunMachine } from './model-breaks.ts';

/** The task machine. */
export type TaskMachine = typeof taskMachine;

/** A chart from which something is missing; done to the machine that is given. */
export interface ChartBreak {
  readonly name: string;
  /** An invariant that it breaks. */
  readonly finds: string;
  readonly run?: (machine: RunMachine) => void;
  readonly task?: (machine: TaskMachine) => void;
}

const NOTHING_HANGS = 'a run that has not ended owes an effect, awaits a task that owes one, or names its blocker';
const WAITS =
  'a run that waits for its agent owes exactly the deadline of that wait, and no other actor owes a deadline';
const TOLD = 'a run receives what its tasks tell it';
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
    finds: 'a lease is renewed exactly while the run can advance',
    run: (run) => nodeAt(run, 'blockedNeedsHuman').entry.pop(),
  },
  {
    name: 'a limit is waited for without a deadline',
    finds: WAITS,
    run: (run) => nodeAt(run, 'verification.limited').entry.pop(),
  },
  {
    name: 'a wait that is over leaves its deadline behind',
    finds: WAITS,
    run: (run) => nodeAt(run, 'implementing.limited').exit.shift(),
  },
  {
    name: 'a lease that is renewed takes every deadline with it',
    finds: WAITS,
    run: (run) => makeGreedy(run.root, 'deadlineReached'),
  },
  {
    name: 'a run that is being cancelled does not hear that its task has ended',
    finds: TOLD,
    run: (run) => nodeAt(run, 'cancelling').transitions.delete('taskSettled'),
  },
  {
    name: 'a run that has its task ended does not hear that this is in doubt again',
    finds: TOLD,
    run: (run) => nodeAt(run, 'endingTask').transitions.delete('taskDoubtful'),
  },
  {
    name: 'a run that has its task ended does not renew its lease',
    finds: 'a lease is renewed exactly while the run can advance',
    run: (run) => nodeAt(run, 'endingTask').entry.pop(),
  },
  {
    name: 'a run does not hear that its task is in doubt',
    finds: TOLD,
    run: (run) => nodeAt(run, 'implementing.working').transitions.delete('taskDoubtful'),
  },
  {
    name: 'a task in doubt is not ended when an operator decides',
    finds: 'while a run waits for the end of a task, that task is being ended',
    task: (task) => nodeAt(task, 'supervision.doubtful').transitions.delete('endRequested'),
  },
  {
    name: 'a task that ends tells its run nothing',
    finds: 'at most one task is open, and the run names it',
    task: (task) => makeSilent(nodeAt(task, 'supervision.watching'), 'workerEnded'),
  },
  {
    name: 'a worker is not watched',
    finds: OWES_ONE,
    task: (task) => nodeAt(task, 'progress.open.running').entry.pop(),
  },
  {
    name: 'a worker that is being ended is still watched',
    finds: OWES_ONE,
    task: (task) => nodeAt(task, 'supervision.watching').exit.pop(),
  },
  {
    name: 'progress does not follow an end that is accepted',
    finds: 'a task has ended exactly when its progress, its supervision and its context say so',
    task: (task) => nodeAt(task, 'progress.open').always?.splice(0),
  },
];

/** The state of a chart at that place. */
export function nodeAt(machine: AnyStateMachine, place: string): AnyStateNode {
  return place.split('.').reduce((node: AnyStateNode, name) => {
    const inner = node.states[name];
    if (inner === undefined) throw new Error(`bug: no place ${place}`);
    return inner;
  }, machine.root);
}

/** What it withdraws of a kind, it withdraws whatever its id is. */
function makeGreedy(node: AnyStateNode, eventType: string): void {
  for (const transition of node.transitions.get(eventType) ?? []) {
    const actions = transition.actions.map((action) =>
      isObject(action) && action.type === 'withdraw' ? { ...action, params: { kind: 'deadline' } } : action,
    );
    Object.assign(transition, { actions });
  }
}

function makeSilent(node: AnyStateNode, eventType: string): void {
  for (const transition of node.transitions.get(eventType) ?? []) {
    const actions = transition.actions.filter((action) => !isObject(action) || action.type !== 'tell');
    Object.assign(transition, { actions });
  }
}
