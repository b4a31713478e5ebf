// A trip that a person approves in time, and that a child then books. A command cancels it while it is not booked. travel.ts runs it.
import {
  type At,
  type ChildOpening,
  DEADLINE_ROW,
  deadlineReachedSchema,
  defineSystem,
  effect,
  type Telling,
  type Withdrawal,
  work,
} from 'pawl/kernel';
import { assign, setup } from 'xstate';
import { z } from 'zod';

const ANSWER_MS = 3 * 24 * 3_600_000;
const key = z.string();
const asked = z.strictObject({ city: z.string() });
type Asked = z.infer<typeof asked>;

/** Messages between the actors. They are not part of `events`: nobody can send them from outside. */
type ToTrip = { type: 'bookingEnded'; seat: string };
type ToBooking = { type: 'calledOff' };

const bookingEvents = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('seatBooked'), key, seat: z.string() }),
]);
const booking = setup({
  types: {
    context: {} as Asked,
    events: {} as At<z.infer<typeof bookingEvents> | ToBooking>,
    input: {} as Asked,
  },
  actions: { bookSeat: effect<Asked>(), withdraw: effect<Withdrawal>(), tell: effect<Telling<ToTrip>>() },
}).createMachine({
  id: 'booking',
  context: ({ input }) => input,
  initial: 'asking',
  states: {
    asking: {
      entry: { type: 'bookSeat', params: ({ context }) => context },
      exit: { type: 'withdraw', params: { kind: 'bookSeat' } },
      on: {
        seatBooked: {
          target: 'ended',
          actions: {
            type: 'tell',
            params: ({ event: { seat } }) => ({ actor: 'trip', event: { type: 'bookingEnded', seat } }),
          },
        },
        calledOff: 'ended',
      },
    },
    ended: { type: 'final' },
  },
});

const events = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('tripAsked'), city: z.string() }),
  z.strictObject({ type: z.literal('managerDecided'), key, isApproved: z.boolean() }),
  z.strictObject({ type: z.literal('tripCancelled') }),
  deadlineReachedSchema,
]);
const context = z.strictObject({ city: z.string(), seat: z.string().nullable() });
const trip = setup({
  types: {
    context: {} as z.infer<typeof context>,
    events: {} as At<z.infer<typeof events> | ToTrip>,
    input: {} as Asked,
  },
  actions: {
    askManager: effect<Asked>(),
    deadline: effect<{ id: string; atMs: number }>(),
    withdraw: effect<Withdrawal>(),
    openChild: effect<ChildOpening<Asked>>(),
    tell: effect<Telling<ToBooking>>(),
    noteSeat: assign((_, { seat }: { seat: string }) => ({ seat })),
  },
  guards: { isApproved: (_, { isApproved }: { isApproved: boolean }) => isApproved },
}).createMachine({
  id: 'trip',
  context: ({ input: { city } }) => ({ city, seat: null }),
  initial: 'asked',
  states: {
    asked: { on: { tripAsked: 'approving' } },
    approving: {
      entry: [
        { type: 'askManager', params: ({ context: { city } }) => ({ city }) },
        { type: 'deadline', params: ({ event }) => ({ id: 'approval', atMs: event.atMs + ANSWER_MS }) },
      ],
      exit: [
        { type: 'withdraw', params: { kind: 'askManager' } },
        { type: 'withdraw', params: { kind: 'deadline', id: 'approval' } },
      ],
      on: {
        managerDecided: [
          { guard: { type: 'isApproved', params: ({ event }) => event }, target: 'booking' },
          { target: 'declined' },
        ],
        deadlineReached: 'lapsed',
        tripCancelled: 'cancelled',
      },
    },
    booking: {
      entry: {
        type: 'openChild',
        params: ({ context: { city } }) => ({ actor: 'seat', kind: 'booking', input: { city } }),
      },
      on: {
        bookingEnded: { target: 'booked', actions: { type: 'noteSeat', params: ({ event }) => event } },
        // The end of the root does not end the child.
        tripCancelled: {
          target: 'cancelled',
          actions: { type: 'tell', params: { actor: 'seat', event: { type: 'calledOff' } } },
        },
      },
    },
    booked: { type: 'final' },
    declined: { type: 'final' },
    lapsed: { type: 'final' },
    cancelled: { type: 'final' },
  },
});

export const tripSystem = defineSystem({
  kind: 'trip',
  rules: 1,
  root: { name: 'trip', machine: trip, events, context, defaults: { seat: null } },
  children: { booking: { machine: booking, events: bookingEvents, context: asked } },
  effects: {
    askManager: { params: asked, waitsFor: 'person', isRest: true, occupiesSlot: false, isBeginning: false },
    bookSeat: work(asked),
    deadline: DEADLINE_ROW,
  },
  open: { type: 'tripAsked', input: (_id, event) => ('city' in event ? { city: event.city } : {}) },
});
