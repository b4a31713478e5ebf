/** Every defect that is planted in a system is found, by a sentence that names it and a shortest way to it; without it nothing is. */
import { expect, test } from 'vitest';
import type { SystemProof } from '../../../src/durable-actors.ts';
import { provePlanted } from './planted-system.ts';

const sentences = ({ broken }: SystemProof): readonly string[] => broken.map(({ sentence }) => sentence);
const ACTING = { entry: 'act', exit: { type: 'withdraw', params: { kind: 'act' } }, on: { done: 'last' } } as const;
const LAST = { type: 'final' } as const;

test('a system without a defect: nothing is found', async () => {
  const proof = await provePlanted({ first: ACTING, last: LAST });
  // Its child is opened by one of the defects alone.
  expect(proof).toMatchObject({ states: 2, steps: 2, broken: [], statesNeverReached: ['child.idle', 'child.busy'] });
});

test('a deadline before an earlier one: the step is walked, not played, and counted', async () => {
  const after = (id: string, ms: number) =>
    ({
      type: 'deadline',
      params: ({ event }: { event: { atMs: number } }) => ({ id, atMs: event.atMs + ms }),
    }) as const;
  const exit = { type: 'withdraw', params: { kind: 'deadline' } } as const;
  const first = {
    entry: [after('late', 20_000), after('soon', 10_000)],
    exit,
    on: { deadlineReached: 'last' },
  } as const;
  const proof = await provePlanted({ first, last: LAST }, { stopsMax: 20 });
  expect(proof).toMatchObject({ steps: 3, stepsUnplayed: 1, paths: 1, broken: [] });
  expect(proof.stops.tried).toBe(20);
});

test('a state that owes nothing and waits for nothing', async () => {
  const proof = await provePlanted({ first: { ...ACTING, on: { done: 'second' } }, second: {} });
  expect(proof.broken).toEqual([
    { sentence: 'second is not final, owes nothing and waits for nothing', path: ['begun', 'done'], count: 1 },
  ]);
});

test('an open child that waits for nothing itself', async () => {
  const params = { actor: 'child-1', kind: 'child', input: {} };
  const proof = await provePlanted({ first: { entry: { type: 'openChild', params } } });
  expect(sentences(proof)).toEqual(['first is not final, owes nothing and waits for nothing, as does child-1']);
});

test('a state that waits for a command which nobody can give', async () => {
  const proof = await provePlanted({ first: { tags: 'waiting', on: { failed: 'last' } }, last: LAST });
  expect(sentences(proof)).toEqual(['first waits for a command, and none of the given ones is accepted']);
});

test('a parked state that names no blocker', async () => {
  const proof = await provePlanted({ first: { tags: 'parked', on: { poked: 'last' } }, last: LAST });
  expect(sentences(proof)).toEqual(['first is parked or ended and names no blocker']);
});

test('an effect that no fact settles', async () => {
  const answered = await provePlanted({ first: { entry: 'act' } });
  expect(sentences(answered)).toEqual(['it owes act, and no fact settles it']);
  const unanswered = await provePlanted({ first: { entry: 'act' } }, { answers: () => [] });
  expect(sentences(unanswered)).toEqual(['it owes act, and no fact settles it']);
});

test('an answer that is refused beside one that is taken', async () => {
  const answers = () => [{ type: 'done' }, { type: 'failed' }] as const;
  const proof = await provePlanted({ first: ACTING, last: LAST }, { answers });
  expect(sentences(proof)).toEqual([expect.stringMatching(/^it owes act #1, whose answer failed is refused: /)]);
});

test('a final state that still owes', async () => {
  const proof = await provePlanted({ first: { entry: 'act', on: { poked: 'last' } }, last: LAST });
  expect(sentences(proof)).toContain('planted is final, and act is still owed');
  expect(proof.stepsUnplayed).toBe(proof.steps);
});

test('a child that still owes when its root has ended', async () => {
  const params = { actor: 'child-1', kind: 'child', input: { isBusy: true } };
  const proof = await provePlanted({
    first: { entry: { type: 'openChild', params }, on: { poked: 'last' } },
    last: LAST,
  });
  expect(sentences(proof)).toContain('planted is final, and act is still owed by child-1');
});

test('a fact that leaves its effect owed', async () => {
  const proof = await provePlanted({
    first: { entry: 'act', on: { done: 'second' } },
    second: { on: { done: 'second' } },
  });
  expect(sentences(proof)).toContain('act is still owed after its answer done');
});

test('a context that holds a date, and one that holds no number', async () => {
  const dated = await provePlanted({ first: { ...ACTING, entry: ['act', 'keepDate'] }, last: LAST });
  expect(sentences(dated)).toEqual(['planted.context.made is a Date, which JSON does not carry']);
  const odd = await provePlanted({ first: { ...ACTING, entry: ['act', 'keepNumber'] }, last: LAST });
  expect(sentences(odd)[0]).toMatch(/^begun makes the system throw: /);
});

test('a context that is not what its schema says', async () => {
  const proof = await provePlanted({ first: { ...ACTING, entry: ['act', 'halve'] }, last: LAST });
  expect(sentences(proof)).toEqual([expect.stringMatching(/^it cannot be restored from disk: planted: count: /)]);
});

test('a machine that asks chance', async () => {
  const proof = await provePlanted({ first: { ...ACTING, entry: ['act', 'keepChance'] }, last: LAST });
  expect(sentences(proof)).toContain('begun, decided twice, leads to two different states');
});

test('a machine that sees what no disk keeps', async () => {
  const first = {
    ...ACTING,
    entry: ['act', 'keepNothing'],
    on: { done: [{ guard: 'hasMade', target: 'last' }, { target: 'second' }] },
  } as const;
  const proof = await provePlanted({ first, second: LAST, last: LAST });
  expect(sentences(proof)).toEqual(['done leads to a different state after the system was read from disk']);
});

test('a machine that throws', async () => {
  const proof = await provePlanted({
    first: { ...ACTING, on: { done: { target: 'last', actions: 'fail' } } },
    last: LAST,
  });
  expect(proof.broken[0]).toMatchObject({
    sentence: expect.stringMatching(/^done makes the system throw: .*the machine fails/),
    path: ['begun', 'done'],
  });
});

test('an effect whose params no journal takes', async () => {
  const params = { id: 'x'.repeat(401), atMs: 1 };
  const proof = await provePlanted({
    first: { entry: { type: 'deadline', params }, on: { deadlineReached: 'last', poked: 'last' } },
    last: LAST,
  });
  expect(sentences(proof)).toContainEqual(expect.stringMatching(/^begun cannot be recorded: deadline: id /));
});

test('a counter that is ignored and decides what comes next', async () => {
  const first = {
    tags: 'waiting',
    on: { poked: [{ guard: 'isFew', target: 'first', actions: 'count', reenter: true }, { target: 'last' }] },
  } as const;
  const whole = await provePlanted({ first, last: LAST });
  expect(whole).toMatchObject({ states: 5, broken: [] });
  const merged = await provePlanted({ first, last: LAST }, { ignore: { planted: ['count'] } });
  expect(merged.broken[0]).toMatchObject({
    sentence: expect.stringMatching(/^poked does not lead where it leads from a state that counts as equal/),
    path: ['begun', 'poked', 'poked', 'poked', 'poked'],
  });
});

test('a counter without bound: the walk ends at its bound and says so', async () => {
  const first = { tags: 'waiting', on: { poked: { target: 'first', actions: 'count', reenter: true } } } as const;
  const proof = await provePlanted({ first }, { statesMax: 50 });
  expect(sentences(proof)).toEqual([
    'there are more than 50 states: ignore what does not distinguish them, or raise statesMax',
  ]);
});
