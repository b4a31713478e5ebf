/** A system with children of two kinds: which child is of which kind is part of its state, of its hash and of its snapshot. */
import { expect, it } from 'vitest';
import { createMachine, setup } from 'xstate';
import { z } from 'zod';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { DurableSystem } from '../../src/engine/durable-system.ts';
import { rehydrateSystem, sizeAfterRepair } from '../../src/engine/rehydrate-system.ts';
import { SystemRegistry } from '../../src/engine/system-registry.ts';
import { effect } from '../../src/kernel/actions.ts';
import { persistedHash, snapshotOf, stateHash } from '../../src/kernel/image.ts';
import { defineSystem, type System } from '../../src/kernel/system.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { systemFiles } from '../../src/store/file-store.ts';
import { Files } from '../../src/store/files.ts';
import { readSnapshot } from '../../src/store/snapshot-reading.ts';

const EVENTS = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('begun') }),
  z.strictObject({ type: z.literal('catCame') }),
  z.strictObject({ type: z.literal('dogCame') }),
]);
const PET_EVENTS = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('fed') }),
  z.strictObject({ type: z.literal('walked') }),
]);

const pet = (id: string, takes: 'fed' | 'walked') =>
  createMachine({ id, initial: 'waiting', states: { waiting: { on: { [takes]: 'happy' } }, happy: {} } });
const opens = (actor: string, kind: string) => ({ type: 'openChild' as const, params: { actor, kind, input: {} } });

const house = setup({
  types: { events: {} as z.infer<typeof EVENTS> },
  actions: { openChild: effect<{ actor: string; kind: string; input: object }>() },
}).createMachine({
  id: 'house',
  initial: 'open',
  states: {
    open: { on: { begun: {}, catCame: { actions: opens('tom', 'cat') }, dogCame: { actions: opens('rex', 'dog') } } },
  },
});

const parts = {
  kind: 'house',
  rules: 1,
  root: { name: 'house', machine: house, events: EVENTS, context: z.object({}) },
  effects: {},
  open: { type: 'catCame', input: () => ({}) },
} as const;
const pets = defineSystem({
  ...parts,
  children: {
    cat: { machine: pet('cat', 'fed'), events: PET_EVENTS, context: z.object({}) },
    dog: { machine: pet('dog', 'walked'), events: PET_EVENTS, context: z.object({}) },
  },
});

it('one that is opened by an event takes the next event of its own kind before either is durable', async () => {
  const [fed, walked]: readonly z.ZodType<z.infer<typeof PET_EVENTS>>[] = PET_EVENTS.options;
  if (fed === undefined || walked === undefined) throw new Error('there are two events');
  const children = {
    cat: { machine: pet('cat', 'fed'), events: fed, context: z.object({}) },
    dog: { machine: pet('dog', 'walked'), events: walked, context: z.object({}) },
  };
  const files = new Files(new MemoryFs(), systemClock);
  const registry = await SystemRegistry.open({ files, clock: systemClock, processes: systemProcesses() }, '/street');
  const home = await registry.open(defineSystem({ ...parts, children }) as System, 'h', {
    begin: { type: 'catCame' },
    perform: {},
  });
  const sent = [
    home.send({ type: 'dogCame' }),
    home.send({ type: 'walked' }, 'rex'),
    home.send({ type: 'fed' }, 'rex'),
  ];
  expect(await Promise.all(sent)).toEqual([null, null, expect.objectContaining({ code: 'PAWL_EVENT_REFUSED' })]);
  expect(home.state.children.rex?.value).toBe('happy');
  await registry.close();
});

it('each takes the events of its kind alone, before and after it comes back from disk', async () => {
  const files = new Files(new MemoryFs(), systemClock);
  await files.ensureFolders(['/h']);
  const lies = { journal: '/h/events.jsonl', snapshot: '/h/snapshot.json' };
  const place = {
    store: systemFiles(files, lies, () => undefined),
    clock: systemClock,
    generation: 1,
    definitionHash: 'd',
  };
  const start = { systemId: 'h', state: null, sum: '', journalEnd: 0, snapshotSeq: 0 };
  const first = await DurableSystem.open(pets, place, start, {});
  await first.start({ type: 'catCame' });
  expect(await first.send({ type: 'dogCame' })).toBeNull();
  expect(await first.send({ type: 'walked' }, 'tom')).toMatchObject({ code: 'PAWL_EVENT_REFUSED' });
  expect(await first.send({ type: 'fed' }, 'tom')).toBeNull();
  expect(first.state.kinds).toEqual({ tom: 'cat', rex: 'dog' });
  await first.close();

  const stored = readSnapshot(files, '/h/snapshot.json');
  expect(stored).toMatchObject({ kinds: { tom: 'cat', rex: 'dog' } });
  const found = await rehydrateSystem(pets, 'h', place.store);
  if (found.kind !== 'live') throw new Error(found.kind);
  const { state, last, reading } = found;
  expect(persistedHash(pets, snapshotOf(pets, state, last.sum, 'd'), sha256)).toBe(last.post);
  // Which kind a child is of is hashed: the same child as one of another kind is another state.
  expect(stateHash(pets, { ...state, kinds: { ...state.kinds, rex: 'cat' } }, sha256)).not.toBe(last.post);
  const end = { state, sum: last.sum, journalEnd: sizeAfterRepair(reading), snapshotSeq: last.seq };
  const second = await DurableSystem.open(pets, place, { systemId: 'h', ...end }, {});
  await second.start(null);
  expect(await second.send({ type: 'fed' }, 'rex')).toMatchObject({ code: 'PAWL_EVENT_REFUSED' });
  expect(await second.send({ type: 'walked' }, 'rex')).toBeNull();
  expect(second.state.children.rex?.value).toBe('happy');
  await second.close();
});
