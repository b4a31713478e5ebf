// An order that is paid, then shipped. Kill this process at any instant and start it again: the order continues, and nobody pays twice.
//   npm run build && node dist/docs/examples/order.js ./shop order-17
import { appendFileSync } from 'node:fs';
import { type At, defineSystem, effect, openRegistry, type Performing, work } from 'pawl/kernel';
import { assign, setup } from 'xstate';
import { z } from 'zod';

const key = z.string();
const events = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('orderPlaced'), cents: z.int() }),
  z.strictObject({ type: z.literal('cardCharged'), key, receipt: z.string() }),
  z.strictObject({ type: z.literal('cardDeclined'), key }),
  z.strictObject({ type: z.literal('parcelShipped'), key, tracking: z.string() }),
]);
const context = z.strictObject({ cents: z.int(), receipt: z.string().nullable(), tracking: z.string().nullable() });
const charge = z.strictObject({ cents: z.int() });
const parcel = z.strictObject({ receipt: z.string().nullable() });

const machine = setup({
  types: {
    context: {} as z.infer<typeof context>,
    events: {} as At<z.infer<typeof events>>,
    input: {} as { cents: number },
  },
  actions: {
    chargeCard: effect<z.infer<typeof charge>>(),
    shipParcel: effect<z.infer<typeof parcel>>(),
    withdraw: effect<{ kind: string }>(),
    note: assign((_, facts: { receipt?: string; tracking?: string }) => facts),
  },
}).createMachine({
  id: 'order',
  context: ({ input }) => ({ cents: input.cents, receipt: null, tracking: null }),
  initial: 'placed',
  states: {
    placed: { on: { orderPlaced: 'paying' } },
    paying: {
      entry: { type: 'chargeCard', params: ({ context: { cents } }) => ({ cents }) },
      exit: { type: 'withdraw', params: { kind: 'chargeCard' } },
      on: {
        cardCharged: {
          target: 'shipping',
          actions: { type: 'note', params: ({ event: { receipt } }) => ({ receipt }) },
        },
        cardDeclined: 'declined',
      },
    },
    shipping: {
      entry: { type: 'shipParcel', params: ({ context: { receipt } }) => ({ receipt }) },
      exit: { type: 'withdraw', params: { kind: 'shipParcel' } },
      on: {
        parcelShipped: {
          target: 'shipped',
          actions: { type: 'note', params: ({ event: { tracking } }) => ({ tracking }) },
        },
      },
    },
    shipped: { type: 'final' },
    declined: { type: 'final' },
  },
});

export const orderSystem = defineSystem({
  kind: 'order',
  rules: 1,
  root: { name: 'order', machine, events, context, defaults: { receipt: null, tracking: null } },
  effects: { chargeCard: work(charge), shipParcel: work(parcel) },
  open: { type: 'orderPlaced', input: (_id, event) => ('cents' in event ? { cents: event.cents } : {}) },
});

const [folder, id = 'order-1'] = process.argv.slice(2);
if (folder !== undefined) {
  // The world outside: asked again under the same key, it gives the same answer.
  const ask = (what: string, { effect: { key } }: Performing<{ key: string }>) => {
    appendFileSync(`${folder}.calls`, `${what} ${key}\n`);
    return `${what} of ${key}`;
  };
  const registry = openRegistry(folder);
  const order = await registry.open(orderSystem, id, {
    begin: { type: 'orderPlaced', cents: 4_200 },
    perform: {
      chargeCard: async (performing) => ({ type: 'cardCharged', receipt: ask('receipt', performing) }),
      shipParcel: async (performing) => ({ type: 'parcelShipped', tracking: ask('tracking', performing) }),
    },
  });
  const { root } = await order.until((state) => state.root.status === 'done', 60_000);
  process.stdout.write(`${id} is ${root.value}: ${root.context.tracking}\n`);
  await registry.close();
}
