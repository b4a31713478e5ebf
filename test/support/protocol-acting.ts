/**
 * A runner at work in the model: what all of its steps are made of.
 *
 * Owns: appending a record, beginning by the journal, forgetting a look. Does not own: which steps there are (protocol-runner,
 * protocol-look, protocol-ending).
 */
import type { Rules } from './protocol-rules.ts';
import { RUNNER_OFF, type Runner, replaced, type State, type Task } from './protocol-state.ts';
import { at, isHostAlive, type Step, synced, withRunner, withTask, withWorld } from './protocol-step.ts';

/** The names of the runners. */
export const RUNNERS = ['A', 'B'] as const;

/** True when the journal says how the task ended. */
export function isSettled({ journal }: Task): boolean {
  return journal !== '-' && journal !== 'requested' && journal !== 'doubtful' && journal !== 'ending';
}

/** One runner at work: what it is, and how its steps are made. */
export class Acting {
  readonly state: State;
  readonly rules: Rules;
  readonly index: number;
  readonly runner: Runner;
  readonly task: Task;

  constructor(state: State, rules: Rules, index: number) {
    this.state = state;
    this.rules = rules;
    this.index = index;
    this.runner = at(state.runners, index);
    this.task = at(state.tasks, this.runner.task);
  }

  one(does: string, next: State): Step[] {
    return [{ name: `runner ${RUNNERS[this.index] ?? ''}: ${does}`, next }];
  }

  to(changes: Partial<Runner>, from: State = this.state): State {
    return withRunner(from, this.index, changes);
  }

  /** The look is over: what was read is forgotten. */
  fresh(changes: Partial<Runner>, from: State = this.state): State {
    return this.to({ claim: '-', host: '-', hasAgent: false, tree: 'clear', ...changes }, from);
  }

  /** The append of one record; a runner that finds a higher generation stops instead. */
  append(changes: Partial<Task>, then: (journaled: State) => State): State {
    const { index, runner, state } = this;
    if (runner.isStale) return { ...state, runners: replaced(state.runners, index, RUNNER_OFF) };
    return then(withTask(state, runner.task, changes));
  }
}

/** What a runner does first, by the journal. */
export function begin(state: State, index: number): State {
  const task = state.tasks.findIndex((each) => !isSettled(each));
  const idle = { ...state, runners: replaced(state.runners, index, RUNNER_OFF) };
  if (task < 0) return withWorld(idle, { lock: 'free' });
  const go = (changes: Partial<Runner>): State => withRunner(idle, index, { task: task === 0 ? 0 : 1, ...changes });
  switch (at(state.tasks, task).journal) {
    case '-':
      return go({ pc: 'request' });
    case 'doubtful':
      return go({ pc: 'parked' });
    case 'ending':
      return go({ pc: 'readClaim', mode: 'opEnd' });
    default:
      return go({ pc: 'readClaim', mode: 'see' });
  }
}

/** The state with the task's folder synced, unless that law is broken. */
export function settled(actor: Acting, from: State): State {
  return actor.rules.breach === 'registerNotSynced' ? from : synced(from, actor.runner.task);
}

/** True while the host whose claim stands lives. */
export function isClaimantAlive({ state, task }: Acting): boolean {
  return typeof task.claim === 'number' && isHostAlive(at(state.hosts, task.claim));
}
