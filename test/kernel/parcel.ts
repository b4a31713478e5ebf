/**
 * A small system under two versions of its rules that do not agree: a parcel is packed, a courier takes it, and it is abandoned when nobody does so in time.
 *
 * Owns: both definitions, and the way from one to the other. Does not own: what is shown with them.
 * Under rules 2 packing is a state inside of another one, has another effect with other params, and counts items in place of a flag; and the courier is met
 * before it is on the way.
 */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { type At, effect } from '../../src/kernel/actions.ts';
import { defineSystem } from '../../src/kernel/system.ts';
import { DEADLINE_ROW, deadlineReachedSchema } from '../../src/model/deadline.ts';
import { work } from '../../src/model/effect-row.ts';
import type { PersistedState } from '../../src/model/system-record.ts';

const key = z.string();
const placed = z.strictObject({ type: z.literal('parcelOrdered'), address: z.string(), byMs: z.number() });
const courierEvents = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('courierLeft'), key }),
  z.strictObject({ type: z.literal('courierArrived'), key }),
]);
type CourierEvent = z.infer<typeof courierEvents>;
type CourierMessage = { readonly type: 'parcelTaken' };
const delivery = z.strictObject({ address: z.string() });
const notes = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('noted'), text: z.string() })]);

/** The courier, under both rules: rules 2 meet it at the door first. */
function courierOf(first: 'driving' | 'meeting') {
  return setup({
    types: { context: {} as { address: string }, events: {} as At<CourierEvent>, input: {} as { address: string } },
    actions: {
      meet: effect<{ address: string }>(),
      deliver: effect<{ address: string }>(),
      withdraw: effect<{ kind: string }>(),
      tell: effect<{ actor: string; event: CourierMessage }>(),
    },
  }).createMachine({
    id: 'courier',
    context: ({ input }) => ({ address: input.address }),
    initial: first,
    states: {
      meeting: {
        entry: { type: 'meet', params: ({ context }) => context },
        exit: { type: 'withdraw', params: { kind: 'meet' } },
        on: { courierLeft: 'driving' },
      },
      driving: {
        entry: { type: 'deliver', params: ({ context }) => context },
        exit: { type: 'withdraw', params: { kind: 'deliver' } },
        on: { courierArrived: 'arrived' },
      },
      arrived: { type: 'final', entry: { type: 'tell', params: { actor: 'parcel', event: { type: 'parcelTaken' } } } },
    },
  });
}

const toCourier = ({ context }: { context: { address: string } }) => ({
  actor: 'courier-1',
  kind: 'courier',
  input: { address: context.address },
});

const eventsOne = z.discriminatedUnion('type', [
  placed,
  z.strictObject({ type: z.literal('parcelPacked'), key }),
  z.strictObject({ type: z.literal('parcelDropped'), key }),
  deadlineReachedSchema,
]);
const contextOne = z.strictObject({ address: z.string(), isPacked: z.boolean() });
const packOne = z.strictObject({ address: z.string() });

const machineOne = setup({
  types: {
    context: {} as z.infer<typeof contextOne>,
    events: {} as At<z.infer<typeof eventsOne> | CourierMessage>,
    input: {} as { address: string },
  },
  actions: {
    pack: effect<{ address: string }>(),
    deadline: effect<{ id: string; atMs: number }>(),
    withdraw: effect<{ kind: string }>(),
    openChild: effect<{ actor: string; kind: string; input: object }>(),
    notePacked: assign({ isPacked: true }),
  },
}).createMachine({
  id: 'parcel',
  context: ({ input }) => ({ address: input.address, isPacked: false }),
  initial: 'ordered',
  states: {
    ordered: {
      on: {
        parcelOrdered: {
          target: 'packing',
          actions: { type: 'deadline', params: ({ event }) => ({ id: 'give-up', atMs: event.byMs }) },
        },
      },
    },
    packing: {
      entry: { type: 'pack', params: ({ context }) => ({ address: context.address }) },
      exit: { type: 'withdraw', params: { kind: 'pack' } },
      on: {
        parcelPacked: { target: 'underWay', actions: ['notePacked', { type: 'openChild', params: toCourier }] },
        parcelDropped: { target: 'packing', reenter: true },
        deadlineReached: 'givenUp',
      },
    },
    underWay: { on: { parcelTaken: 'delivered' } },
    delivered: { type: 'final', entry: { type: 'withdraw', params: { kind: 'deadline' } } },
    givenUp: { type: 'final', entry: { type: 'withdraw', params: { kind: 'deadline' } } },
  },
});

/** The parcel under rules 1. */
export const parcelOne = defineSystem({
  kind: 'parcel',
  rules: 1,
  root: { name: 'parcel', machine: machineOne, events: eventsOne, context: contextOne, defaults: { isPacked: false } },
  children: { courier: { machine: courierOf('driving'), events: courierEvents, context: delivery } },
  notes,
  effects: { pack: work(packOne), meet: work(delivery), deliver: work(delivery), deadline: DEADLINE_ROW },
  open: { type: 'parcelOrdered', input: (_id, event) => ('address' in event ? { address: event.address } : {}) },
});

const eventsTwo = z.discriminatedUnion('type', [
  placed,
  z.strictObject({ type: z.literal('boxPacked'), key, items: z.int() }),
  deadlineReachedSchema,
]);
const contextTwo = z.strictObject({ address: z.string(), items: z.int(), insuredBy: z.string().nullable() });
const packTwo = z.strictObject({ box: z.strictObject({ to: z.string() }), size: z.enum(['small', 'large']) });

const machineTwo = setup({
  types: {
    context: {} as z.infer<typeof contextTwo>,
    events: {} as At<z.infer<typeof eventsTwo> | CourierMessage>,
    input: {} as { address: string },
  },
  actions: {
    packBox: effect<z.infer<typeof packTwo>>(),
    deadline: effect<{ id: string; atMs: number }>(),
    withdraw: effect<{ kind: string }>(),
    openChild: effect<{ actor: string; kind: string; input: object }>(),
    noteItems: assign((_, { items }: { items: number }) => ({ items })),
  },
}).createMachine({
  id: 'parcel',
  context: ({ input }) => ({ address: input.address, items: 0, insuredBy: null }),
  initial: 'ordered',
  states: {
    ordered: {
      on: {
        parcelOrdered: {
          target: 'preparing',
          actions: { type: 'deadline', params: ({ event }) => ({ id: 'give-up', atMs: event.byMs }) },
        },
      },
    },
    preparing: {
      initial: 'packing',
      states: {
        packing: {
          entry: { type: 'packBox', params: ({ context }) => ({ box: { to: context.address }, size: 'small' }) },
          exit: { type: 'withdraw', params: { kind: 'packBox' } },
          on: {
            boxPacked: {
              target: '#parcel.underWay',
              actions: [
                { type: 'noteItems', params: ({ event }) => event },
                { type: 'openChild', params: toCourier },
              ],
            },
            deadlineReached: '#parcel.givenUp',
          },
        },
      },
    },
    underWay: { on: { parcelTaken: 'delivered' } },
    delivered: { type: 'final', entry: { type: 'withdraw', params: { kind: 'deadline' } } },
    givenUp: { type: 'final', entry: { type: 'withdraw', params: { kind: 'deadline' } } },
  },
});

/** From rules 1 to rules 2: the place of packing, what is counted, the name and params of what is owed for it. */
export function upcastParcel(state: PersistedState): PersistedState {
  const actors = Object.entries(state.actors).map(
    ([name, actor]) => [name, name === 'parcel' ? moved(actor) : actor] as const,
  );
  const outbox = state.outbox.map(({ address, ...effect }) =>
    effect.kind === 'pack'
      ? { ...effect, kind: 'packBox', box: { to: address }, size: 'small' as const }
      : { ...effect, ...(address === undefined ? {} : { address }) },
  );
  return { ...state, actors: Object.fromEntries(actors), outbox };
}

function moved(actor: PersistedState['actors'][string]): PersistedState['actors'][string] {
  const { value, context, ...rest } = { value: null, context: {}, ...(actor as object) };
  const { isPacked, ...kept } = { isPacked: false, ...context };
  return {
    ...rest,
    value: value === 'packing' ? { preparing: 'packing' } : value,
    context: { ...kept, items: isPacked ? 1 : 0, insuredBy: null },
  };
}

/** What rules 2 are made of. */
export const PARTS_TWO = {
  kind: 'parcel',
  rules: 2,
  root: {
    name: 'parcel',
    machine: machineTwo,
    events: eventsTwo,
    context: contextTwo,
    defaults: { items: 0, insuredBy: null },
  },
  children: { courier: { machine: courierOf('meeting'), events: courierEvents, context: delivery } },
  notes,
  effects: { packBox: work(packTwo), meet: work(delivery), deliver: work(delivery), deadline: DEADLINE_ROW },
  open: {
    type: 'parcelOrdered',
    input: (_id: string, event: z.infer<typeof eventsTwo>) => ('address' in event ? { address: event.address } : {}),
  },
} as const;

/** The parcel under rules 2, which take over what stands under rules 1. */
export const parcelTwo = defineSystem({ ...PARTS_TWO, previous: { system: parcelOne, upcast: upcastParcel } });
