/**
 * A machine's definition as JSON, whole.
 *
 * Owns: adding what XState's own definition leaves out: transitions that need no event. Does not own: the machines.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { JsonObject } from '../base/canonical-json.ts';

/** Everything that the chart says, as JSON: transitions resolved to ids of states, functions left out. */
export function wholeDefinition(machine: AnyStateMachine): JsonObject {
  return JSON.parse(JSON.stringify(definitionOf(machine.root)));
}

function definitionOf(node: AnyStateNode): object {
  const states = Object.entries(node.states).map(([name, state]) => [name, definitionOf(state)] as const);
  const always = node.always === undefined ? {} : { always: node.always };
  return { ...node.definition, ...always, states: Object.fromEntries(states) };
}
