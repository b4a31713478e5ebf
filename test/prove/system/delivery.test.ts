/** The proof passes on a system with a child, a deadline and a person, and knows what it looks at there. */
import { expect, test } from 'vitest';
import { type ProveOptions, proofText, proveSystem } from '../../../src/durable-actors.ts';
import { IS_WHOLE, SEED } from '../../support/draw.ts';
import { deliverySystem } from './delivery-system.ts';

const OPTIONS: ProveOptions<typeof deliverySystem> = {
  begin: { type: 'deliveryAsked', street: 'High Street' },
  answers: () => [{ type: 'parcelDelivered' }, { type: 'driverLost' }],
  commands: () => [{ event: { type: 'retryAsked' } }],
};

test('nothing refutes the delivery, stopped at some calls, others each time', async () => {
  const proof = await proveSystem(deliverySystem, { ...OPTIONS, seed: SEED, ...(IS_WHOLE ? {} : { stopsMax: 80 }) });
  expect(proofText(proof)).toMatch(/^delivery: nothing refutes it\n {2}10 states, 11 steps, 5 paths\n/);
  expect(proof.stepsUnplayed).toBe(0);
});

test('a deadline that nothing answers is reached by time, and a parked system moves by a command alone', async () => {
  const proof = await proveSystem(deliverySystem, {
    begin: OPTIONS.begin,
    answers: () => [{ type: 'parcelDelivered' }, { type: 'driverLost' }],
    stopsMax: 0,
  });
  expect(proof.broken.map(({ sentence }) => sentence)).toEqual([
    'parked waits for a command, and none of the given ones is accepted',
  ]);
  expect(proof.statesNeverReached).toEqual(['delivery.givenUp']);
});

test('an effect that nothing answers is no fault while a deadline ends the wait', async () => {
  const proof = await proveSystem(deliverySystem, { ...OPTIONS, answers: () => [], stopsMax: 0 });
  expect(proof.broken).toEqual([]);
  expect(proof.statesNeverReached).toEqual(['delivery.delivered', 'drive.arrived']);
});

test('without members that are ignored, two openings are two histories; with them, one', async () => {
  const streets = ['High Street', 'Low Street'].map((street) => ({ type: 'deliveryAsked', street }) as const);
  const two = await proveSystem(deliverySystem, { ...OPTIONS, begin: streets, stopsMax: 0 });
  expect(two.states).toBe(20);
  const one = await proveSystem(deliverySystem, {
    ...OPTIONS,
    begin: streets,
    ignore: { delivery: ['street'] },
    stopsMax: 0,
  });
  expect(one.states).toBe(10);
  expect(one.broken).toEqual([]);
});
