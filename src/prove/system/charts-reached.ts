/**
 * Which states of the charts, and which effects of the table, a walk has come by.
 *
 * Owns: both lists, the states that a chart has. Does not own: the walk (state-graph).
 *
 * Invariant: a state counts that is left within the record that enters it: every microstep is looked at.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type StateNode as ChartState,
  getInitialMicrosteps,
  getMicrosteps,
  type StateValue,
} from 'xstate';
import { type AnyState, actorDefinition, type System } from '../../kernel/system.ts';
import type { StateGraph, Step } from './state-graph.ts';

/** What was not come by, by name. */
export interface NeverReached {
  readonly states: readonly string[];
  readonly effects: readonly string[];
}

/** What a walk has not come by. */
export function neverReached(system: System, graph: StateGraph): NeverReached {
  const machines = [system.root, ...Object.values(system.children)].map(({ machine }) => machine);
  const states = new Set(machines.flatMap((machine) => statesBelow(machine, machine.root)));
  const effects = new Set(Object.keys(system.effects));
  for (const { moment, steps } of graph.nodes.values()) {
    for (const step of steps) {
      for (const { kind } of step.after.state?.owed ?? []) effects.delete(kind);
      // Every microstep is taken again for this: no more than it takes to find the last state.
      if (states.size > 0) for (const name of passedOn(system, moment.state, step)) states.delete(name);
    }
  }
  return { states: [...states], effects: [...effects] };
}

/** Every state of a chart that an actor passes in a step, and where it ends. */
function passedOn(system: System, before: AnyState | null, { after, deliveries }: Step): readonly string[] {
  const { state } = after;
  if (state === null) return [];
  const machineOf = (name: string): AnyStateMachine => actorDefinition(system, name, state.kinds).machine;
  const ends = Object.entries({ [system.rootName]: state.root, ...state.children });
  const known = before === null ? [] : Object.entries({ [system.rootName]: before.root, ...before.children });
  const standing = new Map<string, AnyMachineSnapshot>(known);
  const names: string[] = [];
  const pass = (actor: string, microsteps: readonly (readonly [AnyMachineSnapshot, unknown])[]): void => {
    for (const [snapshot] of microsteps) {
      names.push(...namesIn(machineOf(actor), snapshot.value));
      standing.set(actor, snapshot);
    }
  };
  for (const { actor, event, input } of deliveries) {
    if (input !== undefined) pass(actor, getInitialMicrosteps(machineOf(actor), input));
    const from = standing.get(actor);
    if (from !== undefined) pass(actor, getMicrosteps(machineOf(actor), from, event));
  }
  for (const [name, { value }] of ends) {
    names.push(...namesIn(machineOf(name), value));
    // A child that is told something in the record that opens it has been where its chart begins.
    if (!standing.has(name)) names.push(...beginningsOf(machineOf(name), machineOf(name).root));
  }
  return names;
}

/** The states of a value, each by its machine and its path. */
function namesIn(machine: AnyStateMachine, value: StateValue, above = ''): readonly string[] {
  const regions = typeof value === 'string' ? { [value]: {} } : value;
  return Object.entries(regions).flatMap(([name, inner]) => {
    const path = `${above}${name}`;
    return [nameOf(machine, path), ...(inner === undefined ? [] : namesIn(machine, inner, `${path}.`))];
  });
}

function beginningsOf(machine: AnyStateMachine, { states, type, initial }: ChartState): readonly string[] {
  const entered = type === 'parallel' ? Object.values(states) : (initial.target ?? []);
  return entered.flatMap((state) => [nameOf(machine, state.path.join('.')), ...beginningsOf(machine, state)]);
}

/** Every state below one of a chart; a history state is a way to others and none itself. */
function statesBelow(machine: AnyStateMachine, { states }: ChartState): readonly string[] {
  return Object.values(states).flatMap((state) =>
    state.type === 'history' ? [] : [nameOf(machine, state.path.join('.')), ...statesBelow(machine, state)],
  );
}

function nameOf({ id }: AnyStateMachine, path: string): string {
  return `${id}.${path}`;
}
