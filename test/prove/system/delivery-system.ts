/**
 * A system with a child, a deadline and a person: a parcel is driven out, called off when it is late, and tried once more when somebody says so.
 *
 * Owns: its machines and its definition. Does not own: what is proven of it (delivery.test).
 */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import {
  type At,
  type ChildOpening,
  DEADLINE_ROW,
  deadlineReachedSchema,
  defineSystem,
  effect,
  type Telling,
  work,
} from '../../../src/durable-actors.ts';

const key = z.string();
const LATE_MS = 90_000;

const driveEvents = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('parcelDelivered'), key }),
  z.strictObject({ type: z.literal('driverLost'), key }),
]);

const drive = setup({
  types: {
    context: {} as { atMs: number },
    events: {} as At<z.infer<typeof driveEvents>> | { type: 'calledOff'; atMs: number },
    input: {} as { atMs: number },
  },
  actions: {
    sendDriver: effect(),
    withdraw: effect<{ kind: string }>(),
    tell: effect<Telling>(),
  },
}).createMachine({
  id: 'drive',
  context: ({ input }) => ({ atMs: input.atMs }),
  initial: 'driving',
  states: {
    driving: {
      entry: 'sendDriver',
      exit: { type: 'withdraw', params: { kind: 'sendDriver' } },
      on: {
        parcelDelivered: {
          target: 'arrived',
          actions: { type: 'tell', params: { actor: 'delivery', event: { type: 'driveArrived' } } },
        },
        driverLost: {
          target: 'lost',
          actions: { type: 'tell', params: { actor: 'delivery', event: { type: 'driveLost' } } },
        },
        calledOff: 'lost',
      },
    },
    arrived: { type: 'final' },
    lost: { type: 'final' },
  },
});

const events = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('deliveryAsked'), street: z.string() }),
  z.strictObject({ type: z.literal('retryAsked') }),
  deadlineReachedSchema,
]);
const blocker = z.strictObject({ code: z.string() });
const context = z.strictObject({
  street: z.string(),
  drives: z.int(),
  dueAtMs: z.number().nullable(),
  blockers: z.array(blocker),
});
type Inner = { type: 'driveArrived' } | { type: 'driveLost' };

const delivery = setup({
  types: {
    context: {} as z.infer<typeof context>,
    events: {} as At<z.infer<typeof events> | Inner>,
    input: {} as { street: string },
    tags: {} as 'parked',
  },
  actions: {
    deadline: effect<{ id: string; atMs: number }>(),
    withdraw: effect<{ kind: string }>(),
    openChild: effect<ChildOpening>(),
    tell: effect<Telling>(),
    depart: assign({
      drives: ({ context: { drives } }) => drives + 1,
      dueAtMs: ({ event }) => event.atMs + LATE_MS,
      blockers: [],
    }),
    block: assign({ blockers: (_, { code }: { code: string }) => [{ code }], dueAtMs: null }),
  },
  guards: { isFirst: ({ context: { drives } }) => drives < 2 },
}).createMachine({
  id: 'delivery',
  context: ({ input }) => ({ street: input.street, drives: 0, dueAtMs: null, blockers: [] }),
  initial: 'asked',
  states: {
    asked: { on: { deliveryAsked: 'underWay' } },
    underWay: {
      entry: [
        'depart',
        { type: 'deadline', params: ({ event }) => ({ id: 'late', atMs: event.atMs + LATE_MS }) },
        {
          type: 'openChild',
          params: ({ context: { drives }, event: { atMs } }) => ({
            actor: `drive-${drives}`,
            kind: 'drive',
            input: { atMs },
          }),
        },
      ],
      exit: { type: 'withdraw', params: { kind: 'deadline' } },
      on: {
        driveArrived: 'delivered',
        driveLost: { target: 'parked', actions: { type: 'block', params: { code: 'DRIVER_LOST' } } },
        deadlineReached: {
          target: 'parked',
          actions: [
            { type: 'block', params: { code: 'LATE' } },
            {
              type: 'tell',
              params: ({ context: { drives } }) => ({ actor: `drive-${drives}`, event: { type: 'calledOff' } }),
            },
          ],
        },
      },
    },
    parked: {
      tags: 'parked',
      on: { retryAsked: [{ guard: 'isFirst', target: 'underWay' }, { target: 'givenUp' }] },
    },
    delivered: { type: 'final' },
    givenUp: { type: 'final' },
  },
});

/** A delivery with at most two drives. */
export const deliverySystem = defineSystem({
  kind: 'delivery',
  rules: 1,
  root: { name: 'delivery', machine: delivery, events, context },
  children: { drive: { machine: drive, events: driveEvents, context: z.strictObject({ atMs: z.number() }) } },
  effects: { sendDriver: work(z.strictObject({})), deadline: DEADLINE_ROW },
  open: {
    type: 'deliveryAsked',
    input: (_id, event) => (event.type === 'deliveryAsked' ? { street: event.street } : {}),
  },
});
