/**
 * The worker protocol under every interleaving (L3): explored exhaustively within the bounds that each test names.
 *
 * Owns: the bounds, the counts that they come to. Does not own: the model (support/protocol-*), breaking it on purpose (broken.test).
 *
 * `PAWL_PROTOCOL=full` explores the larger bounds as well: minutes, and up to 2 GB.
 */
import { describe, expect, it } from 'vitest';
import { todaysPart } from '../support/draw.ts';
import { stuckStates } from '../support/protocol-liveness.ts';
import { CALM, type Rules } from '../support/protocol-rules.ts';
import { type Exploration, explore } from '../support/protocol-search.ts';

interface Bound {
  readonly name: string;
  readonly rules: Partial<Rules>;
  readonly states: number;
  readonly steps: number;
  /** Where the search ends, incomplete; it is exhaustive when absent. */
  readonly statesMax?: number;
}

/** Up to this many states a bound is explored each day; of the larger ones one a day. */
const STATES_DAILY = 100_000;

/** Every host slot counts: two for the first task, one for the task after it. */
const SUITE: readonly Bound[] = [
  { name: 'one runner, two hosts, nothing goes wrong', rules: {}, states: 15_097, steps: 27_695 },
  {
    name: 'two runners, two hosts, one task, one suspension, one crash or reboot',
    rules: { runners: 2, hosts: [2], faults: 1, stops: 1 },
    states: 80_281,
    steps: 300_083,
  },
  {
    name: 'two runners, one host for each task, one suspension, one crash or reboot',
    rules: { runners: 2, hosts: [1, 1], faults: 1, stops: 1 },
    states: 293_397,
    steps: 1_017_771,
  },
  { name: 'one runner, two hosts, two crashes or reboots', rules: { faults: 2 }, states: 237_746, steps: 838_918 },
  {
    name: 'one runner, one host for each task, three crashes or reboots',
    rules: { hosts: [1, 1], faults: 3 },
    states: 121_745,
    steps: 495_529,
  },
  {
    name: 'a life that cannot be judged, a process that will not die, and an operator who makes sure',
    rules: { doubts: 1, giveUps: 1 },
    states: 69_787,
    steps: 128_793,
  },
  {
    name: 'a process that will not die, twice, and an operator who says that it has whenever asked',
    rules: { giveUps: 2, operator: 'hasty' },
    states: 60_465,
    steps: 130_641,
  },
  {
    name: 'two runners at once, as an operator has wrongly declared the first one dead',
    rules: { runners: 2, hosts: [1], takeOvers: 1 },
    states: 61_149,
    steps: 186_806,
  },
  {
    name: 'no lock on the tree, but two looks at the process table',
    rules: { hasTreeLock: false, looks: 2 },
    states: 16_111,
    steps: 29_567,
  },
];

const FULL: readonly Bound[] = [
  {
    name: 'two runners, two hosts, one suspension, one crash or reboot',
    rules: { runners: 2, faults: 1, stops: 1 },
    states: 706_611,
    steps: 2_335_115,
  },
  { name: 'one runner, two hosts, three crashes or reboots', rules: { faults: 3 }, states: 399_141, steps: 1_595_799 },
  {
    name: 'two runners, two crashes or reboots, one suspension',
    rules: { runners: 2, faults: 2, stops: 1 },
    states: 1_820_609,
    steps: 7_409_611,
  },
  {
    name: 'two runners, one crash or reboot, two suspensions',
    rules: { runners: 2, faults: 1, stops: 2 },
    states: 1_413_986,
    steps: 5_029_151,
  },
  {
    name: 'two runners, three crashes or reboots',
    rules: { runners: 2, faults: 3 },
    states: 794_400,
    steps: 3_268_672,
  },
  {
    name: 'one runner, three hosts, three crashes or reboots',
    rules: { hosts: [3, 1], faults: 3 },
    states: 842_654,
    steps: 3_295_537,
  },
  {
    name: 'two hosts for the next task as well, two crashes or reboots',
    rules: { hosts: [2, 2], faults: 2 },
    states: 667_698,
    steps: 2_232_856,
  },
  {
    name: 'two runners, a doubt, a process that will not die, one crash or reboot',
    rules: { runners: 2, doubts: 1, giveUps: 1, faults: 1 },
    states: 966_436,
    steps: 2_713_922,
  },
  {
    name: 'two runners at once, up to the next task',
    rules: { runners: 2, takeOvers: 1 },
    states: 3_370_103,
    steps: 8_795_700,
  },
  {
    name: 'two runners at once, one task, one crash or reboot',
    rules: { runners: 2, hosts: [2], takeOvers: 1, faults: 1 },
    states: 1_019_280,
    steps: 4_629_290,
  },
  {
    name: 'two runners, three hosts and two, three crashes or reboots, two suspensions: the first four million states',
    rules: { runners: 2, hosts: [3, 2], faults: 3, stops: 2 },
    states: 4_000_000,
    steps: 17_673_084,
    statesMax: 4_000_000,
  },
];

function told({ keys, stepCount, finalCount, ms, isComplete }: Exploration): string {
  const reach = isComplete ? 'every state' : 'breadth first up to the bound';
  return `${keys.length} states, ${stepCount} steps, ${finalCount} ends, ${Math.round(ms)} ms (${reach})`;
}

function check({ name, rules, states, steps, statesMax }: Bound): void {
  const found = explore({ ...CALM, ...rules }, statesMax === undefined ? {} : { statesMax });
  console.info(`${name}: ${told(found)}`);
  expect(found.counterexample).toBeNull();
  expect(found.isComplete).toBe(statesMax === undefined);
  expect({ states: found.keys.length, steps: found.stepCount }).toEqual({ states, steps });
  // Nothing can hang: from everywhere some steps lead to a settled task, without counting on luck.
  if (found.isComplete) expect(stuckStates(found).slice(0, 1)).toEqual([]);
}

describe('every law holds in every reachable state, and every one can come to the end', () => {
  it.each(SUITE.filter(({ states }) => states <= STATES_DAILY))('$name', check, 300_000);

  const large = SUITE.filter(({ states }) => states > STATES_DAILY);
  it.each(todaysPart(large, large.length))('$name', check, 300_000);
});

describe.runIf(process.env.PAWL_PROTOCOL === 'full')('and within larger bounds', () => {
  it.each(FULL)('$name', check, 900_000);
});
