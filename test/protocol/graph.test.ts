/**
 * Two explorers, one model: @xstate/graph and our own search reach the same states.
 *
 * Owns: that comparison, and that suspension is nothing but waiting. Does not own: the larger bounds (explored.test).
 *
 * The graph tool keeps every state and edge as an object in a queue that it shifts: it is slow beyond some ten thousand states.
 */
import { describe, expect, it } from 'vitest';
import { exploreWithGraph } from '../support/protocol-graph.ts';
import { CALM, type Rules, shapeOf } from '../support/protocol-rules.ts';
import { explore } from '../support/protocol-search.ts';
import { HOST, keyOf, RUNNER, stateOf, WORLD } from '../support/protocol-state.ts';

const SMALL: readonly (readonly [string, Partial<Rules>])[] = [
  ['one runner, one host, one crash or reboot', { hosts: [1], faults: 1 }],
  ['two runners, one host, one suspension', { hosts: [1], runners: 2, stops: 1 }],
  ['one runner, one host, a doubt and an operator', { hosts: [1], doubts: 1, giveUps: 1 }],
];

describe('@xstate/graph and our own search', () => {
  it.each(SMALL)('reach the same states by as many steps: %s', (_name, changes) => {
    const rules = { ...CALM, ...changes };
    const graph = exploreWithGraph(rules);
    const ours = explore(rules);
    console.info(`${graph.keys.size} states, ${graph.stepCount} steps`);
    expect(ours.counterexample).toBeNull();
    expect(graph.stepCount).toBe(ours.stepCount);
    expect(graph.keys).toEqual(new Set(ours.keys));
  });
});

describe('a suspended process', () => {
  it('brings nothing about that a slow one does not: the same states are reached', () => {
    const awake: Rules = { ...CALM, runners: 2, hosts: [1, 1] };
    const suspended = explore({ ...awake, stops: 1 });
    const erased = suspended.keys.map((key) => {
      const state = stateOf(key, shapeOf(awake));
      return keyOf({
        ...state,
        world: WORLD.change(state.world, { stops: 0 }),
        runners: state.runners.map((runner) => RUNNER.change(runner, { life: 'runs' })),
        hosts: state.hosts.map((host) => HOST.change(host, { isStopped: false })),
      });
    });
    expect(new Set(erased)).toEqual(new Set(explore(awake).keys));
  });
});
