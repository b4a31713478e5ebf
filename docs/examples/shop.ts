// A shop with one order. Kill this process at any instant and start it again: the order continues, and nobody pays twice.
//   node dist/shop.js ./shop order-17
import { appendFileSync } from 'node:fs';
import { openRegistry } from 'pawl/kernel';
import { orderSystem } from './order.ts';

const [folder = './shop', id = 'order-1'] = process.argv.slice(2);

/** The world outside: asked again under the same key, it does nothing again and gives the same answer. */
function ask(what: string, key: string): string {
  appendFileSync(`${folder}.calls`, `${what} ${key}\n`);
  return `${what} of ${key}`;
}

const registry = await openRegistry(folder);
const order = await registry.open(orderSystem, id, {
  begin: { type: 'orderPlaced', cents: 4_200 },
  perform: {
    chargeCard: async ({ effect }) => ({ type: 'cardCharged', receipt: ask('receipt', effect.key) }),
    shipParcel: async ({ effect }) => ({ type: 'parcelShipped', tracking: ask('tracking', effect.key) }),
  },
});
const { root } = await order.until((state) => state.root.status === 'done', 60_000);
process.stdout.write(`${id} is ${root.value}, paid with the ${root.context.receipt}\n`);
await registry.close();
