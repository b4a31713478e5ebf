/**
 * The modelled protocol as actor logic for @xstate/graph.
 *
 * Owns: the logic, and exploring it with the graph tool. Does not own: the steps (protocol-search), bounds that are too large for a tool
 * that keeps every state and every edge as an object.
 */
import { getAdjacencyMap } from '@xstate/graph';
import { fromTransition } from 'xstate';
import { firstState, type Rules } from './protocol-rules.ts';
import { stepsOf } from './protocol-search.ts';
import { keyOf, type State } from './protocol-state.ts';

/** What the graph tool has reached: the keys of all states, and the steps between them by name. */
export interface Graph {
  readonly keys: ReadonlySet<string>;
  readonly stepCount: number;
}

/** Everything that is reachable under the rules, found by @xstate/graph. */
export function exploreWithGraph(rules: Rules): Graph {
  const logic = fromTransition((state: State, event: { readonly type: string }) => {
    const step = stepsOf(state, rules).find(({ name }) => name === event.type);
    if (step === undefined) throw new Error(`the model has no step ${event.type} here`);
    return step.next;
  }, firstState(rules));
  const map = getAdjacencyMap(logic, {
    events: ({ context }) => stepsOf(context, rules).map(({ name }) => ({ type: name })),
    serializeState: ({ context }) => keyOf(context),
    serializeEvent: ({ type }) => type,
  });
  const stepCount = Object.values(map).reduce((sum, { transitions }) => sum + Object.keys(transitions).length, 0);
  return { keys: new Set(Object.keys(map)), stepCount };
}
