/** The migration of docs/examples: an order of rules 1 continues under rules 2, one that has ended stays as it was. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { orderSystem as rules1 } from '../../docs/examples/order.ts';
import { orderSystem as rules2 } from '../../docs/examples/order-rules-2.ts';
import { openRegistry, type Performers, type SystemRegistry } from '../../src/durable-actors.ts';

const ID = 'order-17';
const BEGIN = { type: 'orderPlaced', cents: 4_200 } as const;
const hasEnded = ({ root }: { readonly root: { readonly status: string } }): boolean => root.status === 'done';
let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'pawl-rules-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

async function inRegistry<T>(body: (registry: SystemRegistry) => Promise<T>): Promise<T> {
  const registry = await openRegistry(join(place, 'shop'));
  try {
    return await body(registry);
  } finally {
    await registry.close();
  }
}

/** Opens the order under rules 2, and notes every effect that is performed. */
async function continued(performed: object[]) {
  const perform: Performers<typeof rules2> = {
    takePayment: async ({ effect }) => {
      performed.push(effect);
      return { type: 'cardCharged', receipt: 'r-1' };
    },
    shipParcel: async ({ effect }) => {
      performed.push(effect);
      return { type: 'parcelShipped', tracking: 't-1' };
    },
  };
  return inRegistry(async (registry) => (await registry.open(rules2, ID, { perform })).until(hasEnded, 5_000));
}

it('an order whose payment is owed under rules 1 is paid under rules 2, under the key of before', async () => {
  await inRegistry(async (registry) => {
    const perform: Performers<typeof rules1> = { chargeCard: async () => null, shipParcel: async () => null };
    await registry.open(rules1, ID, { begin: BEGIN, perform });
  });
  const performed: object[] = [];
  const end = await continued(performed);
  const amount = { cents: 4_200, currency: 'CHF' };
  expect([end.rules, end.root.value, end.root.context]).toEqual([2, 'shipped', { amount, receipt: 'r-1' }]);
  expect(performed).toEqual([
    { kind: 'takePayment', key: `${ID}/1.0:chargeCard`, actor: 'order', amount },
    { kind: 'shipParcel', key: `${ID}/3.0:shipParcel`, actor: 'order', receipt: 'r-1' },
  ]);
});

it('an order that has ended keeps the rules and the context that it ended with', async () => {
  await inRegistry(async (registry) => {
    const perform: Performers<typeof rules1> = {
      chargeCard: async () => ({ type: 'cardDeclined' }),
      shipParcel: async () => null,
    };
    await (await registry.open(rules1, ID, { begin: BEGIN, perform })).until(hasEnded, 5_000);
  });
  const performed: object[] = [];
  const end = await continued(performed);
  expect([end.rules, end.root.value, end.root.context, performed]).toEqual([
    1,
    'declined',
    { cents: 4_200, receipt: null },
    [],
  ]);
});
