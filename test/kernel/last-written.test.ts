/** What is remembered of the state that was written last changes no text: an image is that of its state alone, whatever was written before. */
import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { decide, type Input } from '../../src/kernel/decide.ts';
import { persist, persistedHash, stateImage } from '../../src/kernel/image.ts';
import { type AnyState, defineSystem, type System } from '../../src/kernel/system.ts';
import { runSystem } from '../../src/run/system.ts';
import { goodRun } from '../inspector/good-run.ts';

const asText = (bytes: string | Uint8Array) => String(bytes);

/** The image by the way that remembers nothing: that of what a snapshot stores. */
const storedImage = (system: System, state: AnyState) => persistedHash(system, persist(system, state), asText);

const STATES: readonly AnyState[] = [...goodRun('run_A_0123456789ab')].map(({ state }) => state);

describe('the image of a state', () => {
  it('is that of what is stored, forwards, backwards, and in turn with states of other systems', () => {
    const others = STATES.map((state) => ({ ...state, systemId: 'run_B_0123456789ab' })).reverse();
    const mixed = STATES.flatMap((state, n) => [state, others[n] ?? state, state]);
    for (const state of [...STATES, ...STATES.toReversed(), ...mixed])
      expect(stateImage(runSystem, state)).toBe(storedImage(runSystem, state));
  });

  it('is the same when more systems were written since than are remembered', () => {
    const [state] = STATES.slice(-1);
    if (state === undefined) throw new Error('the run has no record');
    const before = stateImage(runSystem, state);
    for (let n = 0; n < 600; n += 1) stateImage(runSystem, { ...state, systemId: `run_${n}` });
    expect(stateImage(runSystem, state)).toBe(before);
  });

  it('leaves out the defaults of the kind that an actor has, not of the one that had its name', () => {
    const { system, states } = kinds();
    for (const state of [...states, ...states.toReversed()]) {
      expect(stateImage(system, state)).toBe(storedImage(system, state));
    }
    expect(new Set(states.map((state) => stateImage(system, state))).size).toBe(states.length);
  });

  it('holds histories as XState persists them', () => {
    const states = historyStates();
    for (const state of states) expect(stateImage(player, state)).toBe(storedImage(player, state));
    expect(states.map((state) => stateImage(player, state)).join()).toContain(
      '"historyValue":{"player.on.last":[{"id":',
    );
  });
});

/** Two states of one system, in which the same actor, with the very same snapshot, is of one kind and of the other. */
function kinds() {
  const events = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('begun') })]);
  const machine = setup({ types: { context: {} as { count: number } } }).createMachine({
    id: 'toy',
    context: { count: 0 },
    initial: 'idle',
    states: { idle: { on: { begun: 'busy' } }, busy: {} },
  });
  const definition = { machine, events, context: z.strictObject({ count: z.int() }) };
  const system: System = defineSystem({
    kind: 'toy',
    rules: 1,
    root: { name: 'root', ...definition },
    children: { zeroed: { ...definition, defaults: { count: 0 } }, told: { ...definition, defaults: { count: 1 } } },
    effects: {},
    open: { type: 'begun', input: () => ({}) },
  });
  const { root } = stateAfter(system, null, { type: 'begun' });
  const base = { systemId: 'toy-1', seq: 1, rules: 1, root, children: { child: root }, owed: [] };
  return {
    system,
    states: [
      { ...base, kinds: { child: 'zeroed' } },
      { ...base, kinds: { child: 'told' } },
    ],
  };
}

const turned = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('begun') }),
  z.strictObject({ type: z.literal('louder') }),
  z.strictObject({ type: z.literal('off') }),
  z.strictObject({ type: z.literal('on') }),
]);
const player: System = defineSystem({
  kind: 'player',
  rules: 1,
  root: {
    name: 'player',
    machine: setup({}).createMachine({
      id: 'player',
      initial: 'on',
      states: {
        on: {
          initial: 'soft',
          states: { soft: { on: { louder: 'loud' } }, loud: {}, last: { type: 'history' } },
          on: { off: 'off', begun: '.soft' },
        },
        off: { on: { on: 'on.last' } },
      },
    }),
    events: turned,
    context: z.unknown(),
  },
  effects: {},
  open: { type: 'begun', input: () => ({}) },
});

function historyStates(): readonly AnyState[] {
  const states: AnyState[] = [];
  for (const type of ['begun', 'louder', 'off', 'on']) states.push(stateAfter(player, states.at(-1) ?? null, { type }));
  return states;
}

function stateAfter(system: System, state: AnyState | null, event: Input['event']): AnyState {
  const found = decide(system, 'system-1', state, { actor: system.rootName, event, atMs: 1 });
  if (found.kind === 'refused') throw new Error(found.reason);
  return found.state;
}
