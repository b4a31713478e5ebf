/** One event, one step over all machines of a system; or a refusal that changes nothing. */
import { describe, expect, it } from 'vitest';
import { assign, createMachine, setup } from 'xstate';
import { z } from 'zod';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { effect } from '../../src/kernel/actions.ts';
import { type Decision, decide } from '../../src/kernel/decide.ts';
import { stateImage } from '../../src/kernel/image.ts';
import { defineSystem, type EventOf, type StateOf } from '../../src/kernel/system.ts';
import { work } from '../../src/model/effect-row.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { parcelOne } from './parcel.ts';

type State = StateOf<typeof parcelOne>;
type Event = EventOf<typeof parcelOne>;

const BEGIN: Event = { type: 'parcelOrdered', address: 'Main Street 1', byMs: 5_000 };
const send = (state: State | null, actor: string, event: Event): Decision<State> =>
  decide(parcelOne, 'parcel-1', state, { actor, event, atMs: 1_000 });

function taken(decision: Decision<State>): State {
  if (decision.kind === 'refused') throw new Error(decision.reason);
  return decision.state;
}

const ordered = (): State => taken(send(null, 'parcel', BEGIN));
const keyOf = (state: State, kind: string): string => state.owed.find((each) => each.kind === kind)?.key ?? '';
const underWay = (): State => {
  const state = ordered();
  return taken(send(state, 'parcel', { type: 'parcelPacked', key: keyOf(state, 'pack') }));
};

describe('the first event', () => {
  it('opens the system: the root machine begins and takes it, and what it asks for has keys by its record', () => {
    expect(ordered()).toMatchObject({
      systemId: 'parcel-1',
      seq: 1,
      rules: 1,
      children: {},
      root: { value: 'packing' },
    });
    expect(ordered().owed).toEqual([
      { kind: 'deadline', id: 'give-up', atMs: 5_000, key: 'parcel-1/1.0:deadline', actor: 'parcel' },
      { kind: 'pack', address: 'Main Street 1', key: 'parcel-1/1.1:pack', actor: 'parcel' },
    ]);
  });

  it.each<[string, Event]>([
    ['parcel', { type: 'parcelPacked', key: 'x' }],
    ['courier-1', BEGIN],
    ['driver', { type: 'noted', text: 'x' }],
  ])('that %s would take is refused unless it is the opening one, for the root', (actor, event) => {
    expect(send(null, actor, event)).toMatchObject({ kind: 'refused', code: 'PAWL_EVENT_REFUSED' });
  });
});

describe('an event', () => {
  it('that settles what is owed moves its machine, and a child that is opened asks in the same record', () => {
    const state = underWay();
    expect([state.seq, state.root.value, state.children['courier-1']?.value]).toEqual([2, 'underWay', 'driving']);
    expect(state.owed.map(({ key }) => key)).toEqual(['parcel-1/1.0:deadline', 'parcel-1/2.0:deliver']);
  });

  it('with a key that is not owed, or is owed by another actor, is stale', () => {
    const state = underWay();
    const stale = { kind: 'refused', code: 'PAWL_EVENT_STALE' };
    expect(send(state, 'parcel', { type: 'parcelPacked', key: 'parcel-1/1.1:pack' })).toMatchObject(stale);
    expect(send(state, 'parcel', { type: 'courierArrived', key: keyOf(state, 'deliver') })).toMatchObject(stale);
  });

  it('of another actor, of none, or one that only other actors may send is refused', () => {
    const state = underWay();
    const refused = { kind: 'refused', code: 'PAWL_EVENT_REFUSED' };
    const message: unknown = { type: 'parcelTaken' };
    expect(send(state, 'courier-1', BEGIN)).toMatchObject(refused);
    expect(send(state, 'courier-2', BEGIN)).toMatchObject(refused);
    expect(send(state, 'parcel', message as Event)).toMatchObject(refused);
  });

  it('that the state does not take is refused, and the state is the very same afterwards', () => {
    const state = underWay();
    const before = stateImage(parcelOne, state);
    expect(send(state, 'parcel', BEGIN)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('underWay'),
    });
    expect(stateImage(parcelOne, state)).toBe(before);
  });

  it('that re-enters a state and changes nothing in its context is taken: the effect is owed under a new key', () => {
    const state = ordered();
    const next = taken(send(state, 'parcel', { type: 'parcelDropped', key: keyOf(state, 'pack') }));
    expect(next.owed.map(({ key }) => key)).toEqual(['parcel-1/1.0:deadline', 'parcel-1/2.0:pack']);
  });

  it('to a child that ends reaches the root within the record, and what it then withdraws is no longer owed', () => {
    const state = underWay();
    const decision = send(state, 'courier-1', { type: 'courierArrived', key: keyOf(state, 'deliver') });
    const end = taken(decision);
    expect([end.root.status, end.root.value, end.children['courier-1']?.status, end.owed]).toEqual([
      'done',
      'delivered',
      'done',
      [],
    ]);
    expect(decision.kind === 'accepted' && decision.deliveries.map(({ actor, event }) => [actor, event.type])).toEqual([
      ['courier-1', 'courierArrived'],
      ['parcel', 'parcelTaken'],
    ]);
    expect(send(end, 'parcel', BEGIN).kind).toBe('refused');
  });

  it('is decided alike however often it is asked about', () => {
    const state = ordered();
    const event = { type: 'parcelPacked', key: keyOf(state, 'pack') } as const;
    const [one, other] = [send(state, 'parcel', event), send(state, 'parcel', event)];
    expect(canonicalJson(one)).toBe(canonicalJson(other));
  });
});

describe('a note of the engine', () => {
  it('is counted and moves nothing; what is no note is refused', () => {
    const state = ordered();
    const next = taken(send(state, 'driver', { type: 'noted', text: 'x' }));
    expect(next).toEqual({ ...state, seq: 2 });
    expect(send(state, 'driver', BEGIN)).toMatchObject({ kind: 'refused', code: 'PAWL_EVENT_REFUSED' });
  });
});

/** A system whose root does this on `begun`. */
function systemOf(actions: readonly { readonly type: string; readonly params?: object }[], effects = {}) {
  const machine = setup({
    types: { context: {} as object, events: {} as { type: 'begun' | 'said' } },
    actions: {
      openChild: effect<object>(),
      tell: effect<object>(),
      withdraw: effect<object>(),
      call: effect<object>(),
      count: assign({}),
    },
  }).createMachine({
    id: 'root',
    context: {},
    initial: 'idle',
    states: {
      idle: {
        on: {
          begun: { actions: actions as never },
          said: { actions: { type: 'tell', params: { actor: 'root', event: { type: 'said' } } } },
        },
      },
    },
  });
  const begun = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('begun') })]);
  return defineSystem({
    kind: 'toy',
    rules: 1,
    root: { name: 'root', machine, events: begun, context: z.object({}) },
    children: {
      child: {
        machine: createMachine({ id: 'child', initial: 'here', states: { here: {} } }),
        events: begun,
        context: z.object({}),
      },
    },
    effects,
    open: { type: 'begun', input: () => ({}) },
  });
}

const begin = (system: ReturnType<typeof systemOf>) =>
  decide(system, 'toy-1', null, { actor: 'root', event: { type: 'begun' }, atMs: 1 });

describe('a machine', () => {
  const child = { type: 'openChild', params: { actor: 'child-1', kind: 'child', input: {} } };

  it('that opens a child twice, or one of a kind that there is not, is a bug that is named', () => {
    expect(() => begin(systemOf([child, child]))).toThrow('child-1 was opened twice');
    const params = { actor: 'child-1', kind: 'cousin', input: {} };
    expect(() => begin(systemOf([{ type: 'openChild', params }]))).toThrow('no children of the kind cousin');
  });

  it('that tells itself without end is stopped at the bound', () => {
    expect(BOUNDS.internalEventsPerRecord).toBeGreaterThan(0);
    const says = { type: 'tell', params: { actor: 'root', event: { type: 'said' } } };
    expect(() => begin(systemOf([says]))).toThrow('does not come to rest');
  });

  it('that withdraws one of two by its id leaves the other', () => {
    const call = (id: string) => ({ type: 'call', params: { id } });
    const found = begin(
      systemOf([call('a'), call('b'), { type: 'withdraw', params: { kind: 'call', id: 'a' } }], {
        call: work(z.object({ id: z.string() })),
      }),
    );
    expect(found.kind === 'accepted' && found.effects).toEqual([
      { kind: 'call', id: 'b', key: 'toy-1/1.1:call', actor: 'root' },
    ]);
  });
});

describe('a definition', () => {
  it('with an action without an implementation is refused, by its name', () => {
    expect(() => systemOf([{ type: 'call' }])).toThrow('asks for call');
    expect(() => systemOf([{ type: 'call' }], { call: work(z.object({})) })).not.toThrow();
  });

  it.each([
    ['`after`', { after: { 10: 'there' } }],
    ['`invoke`', { invoke: { src: 'call' } }],
    ['an action that is a function', { entry: () => undefined }],
    ['an action that is a function', { on: { begun: { actions: () => undefined } } }],
    ['an action that is a function', { always: { target: 'there', actions: () => undefined } }],
    ['a guard that is a function', { on: { begun: { target: 'there', guard: () => true } } }],
  ])('with %s, which XState would do by itself, is refused with its place', (what, node) => {
    const machine = createMachine({ id: 'root', initial: 'here', states: { here: node, there: {} } } as never);
    const begun = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('begun') })]);
    const root = { name: 'root', machine, events: begun, context: z.object({}) };
    const define = () =>
      defineSystem({ kind: 'toy', rules: 1, root, effects: {}, open: { type: 'begun', input: () => ({}) } });
    expect(define).toThrow(`toy: root.here has ${what}`);
  });

  it.each(['a/b', 'Toy', '', 'toy kind', '..'])('of the kind %j, which is no name, is refused', (kind) => {
    const system = systemOf([]);
    const { root, opening: open } = system;
    const parts = { rules: 1, root: { ...root, name: 'root' }, effects: {}, open };
    expect(() => defineSystem({ ...parts, kind })).toThrow('is no kind');
    expect(() => defineSystem({ ...parts, kind: 'toy', children: { [kind]: root } })).toThrow('is no kind');
    expect(() => defineSystem({ ...parts, kind: 'toy' })).not.toThrow();
  });

  it('with an effect under a name of the kernel is refused', () => {
    expect(() => systemOf([], { withdraw: work(z.object({})) })).toThrow('withdraw is an action of the kernel');
  });
});
