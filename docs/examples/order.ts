// An order that is paid, then shipped. shop.ts runs it.
import { type At, defineSystem, effect, work } from 'pawl/kernel';
import { assign, setup } from 'xstate';
import { z } from 'zod';

const key = z.string();
const events = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('orderPlaced'), cents: z.int() }),
  z.strictObject({ type: z.literal('cardCharged'), key, receipt: z.string() }),
  z.strictObject({ type: z.literal('cardDeclined'), key }),
  z.strictObject({ type: z.literal('parcelShipped'), key, tracking: z.string() }),
]);
const context = z.strictObject({ cents: z.int(), receipt: z.string().nullable() });
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
    noteReceipt: assign((_, { receipt }: { receipt: string }) => ({ receipt })),
  },
}).createMachine({
  id: 'order',
  context: ({ input }) => ({ cents: input.cents, receipt: null }),
  initial: 'placed',
  states: {
    placed: { on: { orderPlaced: 'paying' } },
    paying: {
      entry: { type: 'chargeCard', params: ({ context: { cents } }) => ({ cents }) },
      exit: { type: 'withdraw', params: { kind: 'chargeCard' } },
      on: {
        cardCharged: { target: 'shipping', actions: { type: 'noteReceipt', params: ({ event }) => event } },
        cardDeclined: 'declined',
      },
    },
    shipping: {
      entry: { type: 'shipParcel', params: ({ context: { receipt } }) => ({ receipt }) },
      exit: { type: 'withdraw', params: { kind: 'shipParcel' } },
      on: { parcelShipped: 'shipped' },
    },
    shipped: { type: 'final' },
    declined: { type: 'final' },
  },
});

export const orderSystem = defineSystem({
  kind: 'order',
  rules: 1,
  root: { name: 'order', machine, events, context, defaults: { receipt: null } },
  effects: { chargeCard: work(charge), shipParcel: work(parcel) },
  open: { type: 'orderPlaced', input: (_id, event) => ('cents' in event ? { cents: event.cents } : {}) },
});
