/**
 * What must hold in every state of the modelled protocol, and over every step.
 *
 * Owns: the invariants of design section 5, each a sentence; when a state is final. Does not own: reaching the states (protocol-search).
 *
 * The host of a task is the one whose claim stands, or any that acts as if it were: one that has lost the claim, or has linked its outcome,
 * does nothing more but exit, and may do that late.
 */
import { isSettled } from './protocol-acting.ts';
import { type Rules, slotsOf } from './protocol-rules.ts';
import type { Host, State, Task } from './protocol-state.ts';
import { at, isTreeAlive } from './protocol-step.ts';

/** The invariants. */
export const LAWS = [
  'at most one worker starts for a task',
  'a worker never runs unrecorded',
  'no worker of the next task starts while anything of the last one lives',
  'an outcome stands only when nothing of its tree or its host is left',
  'a durable register never changes',
  'the journal says what the register says, once',
  'a task that is said to have never run has not run',
  'a run is set aside only when its files were touched',
  'one runner drives',
  'a person is asked only in doubt',
] as const;
/** An invariant. */
export type Law = (typeof LAWS)[number];

const NONE: readonly Law[] = [];

/** A host that may still do something: it is past its claim and not past its outcome. */
function isActing({ pc }: Host): boolean {
  return pc !== 'none' && pc !== 'dead' && pc !== 'claim' && pc !== 'exit' && pc !== 'linkSync';
}

function isAnythingLeft(state: State, rules: Rules, task: number): boolean {
  return slotsOf(rules, task).some((slot) => isTreeAlive(at(state.trees, slot)) || isActing(at(state.hosts, slot)));
}

/** The laws that this state breaks. */
export function brokenIn(state: State, rules: Rules): readonly Law[] {
  let broken = NONE;
  const claim = (law: Law, holds: boolean): void => {
    if (!holds) broken = [...broken, law];
  };
  for (const [index, task] of state.tasks.entries()) {
    claim('at most one worker starts for a task', task.started < 2);
    claim('a worker never runs unrecorded', isRecorded(state, rules, index, task));
    const isClear = task.outcome === '-' || !isAnythingLeft(state, rules, index);
    claim('an outcome stands only when nothing of its tree or its host is left', isClear);
    const isDenied = task.outcome === 'neverRan' || task.journal === 'revoked';
    claim('a task that is said to have never run has not run', !isDenied || task.started === 0);
    claim('the journal says what the register says, once', !isSettled(task) || task.journal === standing(task));
  }
  const isNextClear = !isNextStarted(state, rules) || !isAnythingLeft(state, rules, 0);
  claim('no worker of the next task starts while anything of the last one lives', isNextClear);
  const { doubts, giveUps } = state.world;
  const isInDoubt = doubts !== rules.doubts || giveUps !== rules.giveUps;
  claim('a person is asked only in doubt', isInDoubt || state.tasks.every(({ journal }) => journal !== 'doubtful'));
  const driving = state.runners.filter(({ pc, isStale }) => pc !== 'off' && pc !== 'lock' && !isStale);
  claim('one runner drives', driving.length <= 1);
  const isSetAside = state.runners.some(({ pc }) => pc === 'quarantined');
  claim('a run is set aside only when its files were touched', !isSetAside);
  return broken;
}

function isRecorded(state: State, rules: Rules, index: number, task: Task): boolean {
  if (task.started > 0 && task.agent === '-') return false;
  return slotsOf(rules, index).every((slot) => {
    const isRunning = at(state.trees, slot).worker === 'runs';
    return !isRunning || (task.agent === slot && !task.agentDirty);
  });
}

function standing({ claim, outcome }: Task): Task['journal'] {
  if (outcome !== '-') return outcome;
  return claim === 'revoked' ? 'revoked' : '-';
}

function isNextStarted(state: State, rules: Rules): boolean {
  return slotsOf(rules, 1).some((slot) => {
    const { worker, grandchild } = at(state.trees, slot);
    return worker === 'opened' || worker === 'runs' || grandchild === 'runs';
  });
}

/** The laws that the step from `before` to `after` breaks. */
export function brokenBy(before: State, after: State): readonly Law[] {
  for (const [index, task] of before.tasks.entries()) {
    const next = at(after.tasks, index);
    if (task === next) continue;
    for (const name of ['claim', 'agent', 'outcome'] as const) {
      const isLost = next[name] === '-' && task[`${name}Dirty`];
      if (task[name] !== '-' && task[name] !== next[name] && !isLost) return ['a durable register never changes'];
    }
    if (isSettled(task) && task.journal !== next.journal) return ['the journal says what the register says, once'];
  }
  return NONE;
}

/** True when there is nothing left to do: every task is settled, or the next one's worker has started (from there on it is the same again). */
export function isFinal(state: State, rules: Rules): boolean {
  if (state.tasks.every(isSettled)) return true;
  return state.tasks.length > 1 && slotsOf(rules, 1).some((slot) => at(state.trees, slot).worker === 'runs');
}
