// Rules 2 of the order of order.ts: an amount has a currency, and `chargeCard` has become `takePayment`. Orders of rules 1 that have not ended continue.
import { type At, defineSystem, effect, type PersistedState, type Withdrawal, work } from 'pawl/kernel';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { orderSystem as orderSystemOfRules1 } from './order.ts';

const key = z.string();
const events = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('orderPlaced'), cents: z.int(), currency: z.string() }),
  z.strictObject({ type: z.literal('cardCharged'), key, receipt: z.string() }),
  z.strictObject({ type: z.literal('cardDeclined'), key }),
  z.strictObject({ type: z.literal('parcelShipped'), key, tracking: z.string() }),
]);
const amount = z.strictObject({ cents: z.int(), currency: z.string() });
const context = z.strictObject({ amount, receipt: z.string().nullable() });
const payment = z.strictObject({ amount });
const parcel = z.strictObject({ receipt: z.string().nullable() });

const machine = setup({
  types: {
    context: {} as z.infer<typeof context>,
    events: {} as At<z.infer<typeof events>>,
    input: {} as z.infer<typeof payment>,
  },
  actions: {
    takePayment: effect<z.infer<typeof payment>>(),
    shipParcel: effect<z.infer<typeof parcel>>(),
    withdraw: effect<Withdrawal>(),
    noteReceipt: assign((_, { receipt }: { receipt: string }) => ({ receipt })),
  },
}).createMachine({
  id: 'order',
  context: ({ input: { amount } }) => ({ amount, receipt: null }),
  initial: 'placed',
  states: {
    placed: { on: { orderPlaced: 'paying' } },
    paying: {
      entry: { type: 'takePayment', params: ({ context: { amount } }) => ({ amount }) },
      exit: { type: 'withdraw', params: { kind: 'takePayment' } },
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

/** What rules 1 have stored, as far as it changes: XState's persisted snapshot of the root, and what may be owed. */
const rootOfRules1 = z
  .object({ context: z.object({ cents: z.int(), receipt: z.string().nullable() }) })
  .catchall(z.json());
const chargeOfRules1 = z.object({ kind: z.literal('chargeCard'), cents: z.int() }).catchall(z.json());

/** Pure, and kept for as long as a journal of rules 1 is. */
function upcast(state: PersistedState): PersistedState {
  const { context: old, ...root } = rootOfRules1.parse(state.actors.order);
  const context = { amount: inFrancs(old.cents), receipt: old.receipt };
  return {
    ...state,
    actors: { ...state.actors, order: { ...root, context } },
    outbox: state.outbox.map((effect) => {
      if (effect.kind !== 'chargeCard') return effect;
      const { cents, ...owed } = chargeOfRules1.parse(effect);
      return { ...owed, kind: 'takePayment', amount: inFrancs(cents) };
    }),
  };
}

function inFrancs(cents: number): z.infer<typeof amount> {
  return { cents, currency: 'CHF' };
}

export const orderSystem = defineSystem({
  kind: 'order',
  rules: 2,
  previous: { system: orderSystemOfRules1, upcast },
  root: { name: 'order', machine, events, context, defaults: { receipt: null } },
  effects: { takePayment: work(payment), shipParcel: work(parcel) },
  open: {
    type: 'orderPlaced',
    input: (_id, event) =>
      event.type === 'orderPlaced' ? { amount: { cents: event.cents, currency: event.currency } } : {},
  },
});
