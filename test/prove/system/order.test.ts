/** The proof passes on the order of the documentation, and says what it has looked at. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { orderSystem } from '../../../docs/examples/order.ts';
import { isSound, type ProveOptions, proofText, proveSystem, type SystemProof } from '../../../src/durable-actors.ts';

const OPTIONS: ProveOptions<typeof orderSystem> = {
  begin: { type: 'orderPlaced', cents: 4_200 },
  answers: ({ kind }) => {
    switch (kind) {
      case 'chargeCard':
        return [{ type: 'cardCharged', receipt: 'r-1' }, { type: 'cardDeclined' }];
      case 'shipParcel':
        return [{ type: 'parcelShipped', tracking: 't-1' }];
    }
  },
};

const found = ({ broken }: SystemProof): readonly string[] => broken.map(({ sentence }) => sentence);

test('nothing refutes the order, as its example proves it: every step is walked, and its engine stopped at every call', async () => {
  const { proof } = await import('../../../docs/examples/prove-order.ts');
  expect(proofText(proof)).toMatch(/^order: nothing refutes it\n {2}4 states, 4 steps, 2 paths\n/);
  expect(isSound(proof)).toBe(true);
  expect(proof.stops.tried).toBe(proof.stops.of);
  expect(proof.failures.tried).toBe(proof.failures.of);
  expect(proof.stops.of).toBeGreaterThan(50);
  expect(proof.failures.of).toBeGreaterThan(90);
  expect(proof.stepsUnplayed).toBe(0);
});

test('the page about it shows that example', () => {
  const read = (path: string): string => readFileSync(new URL(`../../../docs/${path}`, import.meta.url), 'utf8');
  expect(read('proving-systems.md')).toContain(read('examples/prove-order.ts').replace(/^(?:\/\/.*\n)+/, ''));
});

test('a part of the stops is drawn where there are more than the bound, and the proof says so', async () => {
  const proof = await proveSystem(orderSystem, { ...OPTIONS, stopsMax: 5, seed: 7 });
  expect(proof.stops.tried).toBe(5);
  expect(proof.failures.tried).toBe(5);
  expect(proofText(proof)).toMatch(/5 of \d+ stops, 5 of \d+ failing file operations, seed 7/);
});

test('what the world is not said to answer leaves a state of the chart that is never reached', async () => {
  const proof = await proveSystem(orderSystem, {
    ...OPTIONS,
    stopsMax: 0,
    answers: ({ kind }) => (kind === 'chargeCard' ? [{ type: 'cardDeclined' }] : []),
  });
  expect(proof.statesNeverReached).toEqual(['order.shipping', 'order.shipped']);
  expect(proof.effectsNeverAsked).toEqual(['shipParcel']);
  expect(isSound(proof)).toBe(false);
  expect(proofText(proof)).toContain('- never reached: the state order.shipped\n');
});

test('an answer that the order does not take is found, with the way to it', async () => {
  const proof = await proveSystem(orderSystem, {
    ...OPTIONS,
    stopsMax: 0,
    answers: ({ kind }) => [
      ...(kind === 'chargeCard' ? ([{ type: 'cardCharged', receipt: 'r' }] as const) : []),
      { type: 'parcelShipped', tracking: 't' },
    ],
  });
  const [finding] = proof.broken;
  expect(finding?.sentence).toMatch(/^it owes chargeCard #1, whose answer parcelShipped .* is refused: /);
  expect(finding?.path).toEqual(['orderPlaced {"cents":4200}']);
});

test("an invariant of the system's own that a state breaks is found", async () => {
  const proof = await proveSystem(orderSystem, {
    ...OPTIONS,
    stopsMax: 0,
    invariants: {
      'an order that has a receipt is shipped': ({ root: { context, value } }) =>
        context.receipt === null || value === 'shipped',
    },
  });
  expect(found(proof)).toEqual(['it does not hold: an order that has a receipt is shipped']);
  expect(proof.broken[0]?.path).toEqual(['orderPlaced {"cents":4200}', 'cardCharged {"receipt":"r-1"}']);
});

test('a walk that reaches its bound says so, and takes nothing for proven', async () => {
  const proof = await proveSystem(orderSystem, { ...OPTIONS, statesMax: 2 });
  expect(found(proof)).toEqual([
    'there are more than 2 states: ignore what does not distinguish them, or raise statesMax',
  ]);
  expect(proof.stops.of).toBe(0);
});

test('an opening event that the order does not begin with is found', async () => {
  const proof = await proveSystem(orderSystem, {
    ...OPTIONS,
    begin: { type: 'cardDeclined', key: 'proof/1.0:chargeCard' },
  });
  expect(found(proof)).toEqual([expect.stringMatching(/^the opening event cardDeclined is refused: /)]);
});
