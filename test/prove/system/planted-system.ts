/**
 * The smallest system there is, with a defect planted in it.
 *
 * Owns: making one of a chart. Does not own: the defects (defects.test).
 */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import {
  type ChildOpening,
  DEADLINE_ROW,
  deadlineReachedSchema,
  defineSystem,
  effect,
  type ProveOptions,
  proveSystem,
  type SystemProof,
  work,
} from '../../../src/durable-actors.ts';

const key = z.string();
const events = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('begun') }),
  z.strictObject({ type: z.literal('done'), key }),
  z.strictObject({ type: z.literal('failed'), key }),
  z.strictObject({ type: z.literal('poked') }),
  deadlineReachedSchema,
]);
const context = z.looseObject({ count: z.int() });

interface PlantedContext {
  readonly count: number;
  readonly made?: unknown;
  readonly blockers?: readonly object[];
}

/** What every planted machine may use by name. */
export const planted = setup({
  types: {
    context: {} as PlantedContext,
    events: {} as z.infer<typeof events> & { atMs: number },
    tags: {} as 'waiting' | 'parked',
  },
  actions: {
    act: effect(),
    deadline: effect<{ id: string; atMs: number }>(),
    withdraw: effect<{ kind: string }>(),
    openChild: effect<ChildOpening>(),
    count: assign({ count: ({ context: { count } }) => count + 1 }),
    halve: assign({ count: 0.5 }),
    keepDate: assign({ made: () => new Date(0) }),
    keepNumber: assign({ made: () => Number.NaN }),
    keepNothing: assign({ made: undefined }),
    keepChance: assign({ made: () => nextChance() }),
    fail: assign(() => {
      throw new Error('the machine fails');
    }),
  },
  guards: { isFew: ({ context: { count } }) => count < 3, hasMade: ({ context }) => 'made' in context },
});

let chance = 0;
/** Another number at every call: what no machine may ask for. */
function nextChance(): number {
  chance += 1;
  return chance;
}

type States = NonNullable<Parameters<typeof planted.createMachine>[0]['states']>;

/** It acts where its input says so. */
const child = setup({
  types: { context: {} as { isBusy: boolean }, input: {} as { isBusy?: boolean } },
  actions: { act: effect() },
  guards: { isBusy: ({ context: { isBusy } }) => isBusy },
}).createMachine({
  id: 'child',
  context: ({ input: { isBusy = false } }) => ({ isBusy }),
  initial: 'idle',
  states: { idle: { always: { guard: 'isBusy', target: 'busy' } }, busy: { entry: 'act' } },
});

/** A system that opens in `first` and takes it from there. */
export function plantedSystem(states: States) {
  const machine = planted.createMachine({
    id: 'planted',
    context: { count: 0 },
    initial: 'new',
    states: { new: { on: { begun: 'first' } }, ...states },
  });
  return defineSystem({
    kind: 'planted',
    rules: 1,
    root: { name: 'planted', machine, events, context },
    children: {
      child: { machine: child, events: z.strictObject({ type: z.literal('nudged') }), context: z.unknown() },
    },
    effects: { act: work(z.strictObject({})), deadline: DEADLINE_ROW },
    open: { type: 'begun', input: () => ({}) },
  });
}

type Planted = ReturnType<typeof plantedSystem>;

/** The proof of the planted system; its effect is done or fails, and whoever wants to pokes it. */
export function provePlanted(states: States, options: Partial<ProveOptions<Planted>> = {}): Promise<SystemProof> {
  return proveSystem(plantedSystem(states), {
    begin: { type: 'begun' },
    answers: () => [{ type: 'done' }],
    commands: () => [{ event: { type: 'poked' } }],
    stopsMax: 0,
    ...options,
  });
}
