/**
 * One event, one atomic step over a system's machines: the next state and the effects it asks for, or a refusal that changes nothing.
 *
 * Owns: routing an event to its machine, resolving messages between the actors of a system, the outbox.
 * Does not own: what an event means (machines), the record around it (kernel/fold), doing anything (engine).
 *
 * Invariants: 1. Pure (L2): the same state and input give the same decision. 2. An event with a key counts only while its effect is owed.
 * 3. Messages are resolved until none is left, at most BOUNDS.internalEventsPerRecord of them (L9).
 */
import { type AnyMachineSnapshot, type AnyStateMachine, type ExecutableActionObject, initialTransition } from 'xstate';
import { isObject } from '../base/canonical-json.ts';
import { BOUNDS } from '../model/limits.ts';
import { DRIVER_ACTOR, type PlainEffect, type PlainEvent } from '../model/system-record.ts';
import type { ChildOpening, Telling, Withdrawal } from './actions.ts';
import { inertScope } from './inert-scope.ts';
import {
  type ActorDefinition,
  type AnyState,
  actorDefinition,
  type EventOf,
  eventTypes,
  onlyKind,
  type StateOf,
  type System,
} from './system.ts';

/** One external event: its actor, its content, and the instant of its record. */
export interface Input<Event extends PlainEvent = PlainEvent> {
  readonly actor: string;
  readonly event: Event;
  readonly atMs: number;
}

/** An event as one machine received it, in order: what a mirror is fed. */
export interface Delivery {
  readonly actor: string;
  readonly event: PlainEvent & { readonly atMs: number };
  /** Present where the actor was created by this very record. */
  readonly input?: object;
}

/** Why an event was not accepted. */
export type RefusalCode = 'PAWL_EVENT_REFUSED' | 'PAWL_EVENT_STALE';

/** What one event does: nothing, with a code, or the next state and what it newly asks for. */
export type Decision<State extends AnyState = AnyState> =
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly reason: string }
  | {
      readonly kind: 'accepted';
      readonly state: State;
      /** Newly asked for by this record and still owed after it. */
      readonly effects: State['owed'];
      readonly deliveries: readonly Delivery[];
    };

/** A message between actors, before it is delivered. */
interface Message {
  readonly to: string;
  readonly event: PlainEvent;
}

/** The step being taken: the only mutable thing here, never seen outside. */
interface Step {
  readonly system: System;
  readonly systemId: string;
  readonly seq: number;
  readonly atMs: number;
  root: AnyMachineSnapshot;
  children: Record<string, AnyMachineSnapshot>;
  kinds: Readonly<Record<string, string>>;
  owed: PlainEffect[];
  readonly asked: PlainEffect[];
  readonly messages: Message[];
  readonly deliveries: Delivery[];
}

/** Decides on `input`; `state` is null before the first record, which only the system's opening event can open. */
export function decide<S extends System>(
  system: S,
  systemId: string,
  state: StateOf<S> | null,
  input: Input<EventOf<S>>,
): Decision<StateOf<S>> {
  // The body knows no particular system: its types are those of its inputs.
  return decideAny(system, systemId, state, input) as Decision<StateOf<S>>;
}

function decideAny(system: System, systemId: string, state: AnyState | null, input: Input): Decision {
  if (state === null) return open(system, systemId, input);
  const { actor, event } = input;
  if (actor === DRIVER_ACTOR) {
    const isNote = system.notes !== null && eventTypes(system.notes).has(event.type);
    if (!isNote) return refuse('PAWL_EVENT_REFUSED', `${event.type} is not a note of the engine`);
    return { kind: 'accepted', state: { ...state, seq: state.seq + 1 }, effects: [], deliveries: [] };
  }
  const owed = event.key === undefined ? undefined : state.owed.find(({ key }) => key === event.key);
  if (event.key !== undefined && owed?.actor !== actor) {
    const why = owed === undefined ? 'which is not owed' : `which ${owed.actor} owes, not ${actor}`;
    return refuse('PAWL_EVENT_STALE', `${event.type} settles ${event.key}, ${why}`);
  }
  const step = stepFrom(system, state, input.atMs);
  const definition = definitionIn(step, actor);
  const isKnown = definition !== null && eventTypes(definition.events).has(event.type);
  if (!isKnown || !deliver(step, actor, event))
    return refuse('PAWL_EVENT_REFUSED', `${event.type} is not accepted by ${actor} ${placeOf(step, actor)}`);
  drain(step);
  return accept(step);
}

function open(system: System, systemId: string, { actor, event, atMs }: Input): Decision {
  if (actor !== system.rootName || event.type !== system.opening.type) {
    return refuse('PAWL_EVENT_REFUSED', `a ${system.kind} opens with ${system.opening.type}, not with ${event.type}`);
  }
  const input = system.opening.input(systemId, event);
  const [root, actions] = initialTransition(system.root.machine, input);
  const step: Step = {
    system,
    systemId,
    seq: 1,
    atMs,
    root,
    children: {},
    kinds: {},
    owed: [],
    asked: [],
    messages: [],
    deliveries: [],
  };
  collect(step, actor, actions);
  if (!deliver(step, actor, event, input)) return refuse('PAWL_EVENT_REFUSED', `${event.type} was not accepted`);
  drain(step);
  return accept(step);
}

function stepFrom(system: System, state: AnyState, atMs: number): Step {
  return {
    system,
    systemId: state.systemId,
    seq: state.seq + 1,
    atMs,
    root: state.root,
    children: { ...state.children },
    kinds: state.kinds,
    owed: [...state.owed],
    asked: [],
    messages: [],
    deliveries: [],
  };
}

function refuse(code: RefusalCode, reason: string): Decision {
  return { kind: 'refused', code, reason };
}

function accept(step: Step): Decision {
  const { system, systemId, seq, root, children, kinds, owed } = step;
  const effects = step.asked.filter((effect) => owed.includes(effect));
  const state: AnyState = { systemId, seq, rules: system.rules, root, children, kinds, owed };
  return { kind: 'accepted', state, effects, deliveries: step.deliveries };
}

/** Whether the actor's machine took the event. One that has ended takes nothing. */
function deliver(step: Step, actor: string, event: PlainEvent, input?: object): boolean {
  const from = actor === step.system.rootName ? step.root : step.children[actor];
  const definition = definitionIn(step, actor);
  if (from === undefined || definition === null || from.status !== 'active') return false;
  // No spread: copying with added members costs several times as much, here and in `ask`.
  const timed = Object.assign({}, event, { atMs: step.atMs });
  const actions: ExecutableActionObject[] = [];
  const next = definition.machine.transition(from, timed, inertScope(actions));
  // XState gives back the very same snapshot for an event that is not taken, and for one that is taken and changes nothing of it.
  const isTaken = next !== from || actions.length > 0 || hasTransition(definition.machine, from, timed);
  if (!isTaken) return false;
  if (next.status === 'error') throw next.error;
  if (actor === step.system.rootName) step.root = next;
  else step.children[actor] = next;
  step.deliveries.push(input === undefined ? { actor, event: timed } : { actor, event: timed, input });
  collect(step, actor, actions);
  return true;
}

/** A transition without target and actions is XState's way to forbid an event that an outer state would take. */
function hasTransition(machine: AnyStateMachine, from: AnyMachineSnapshot, event: PlainEvent): boolean {
  return machine
    .getTransitionData(from, event)
    .some(({ target, actions }) => target !== undefined || actions.length > 0);
}

function definitionIn(
  { system, children, kinds }: Step,
  actor: string,
): ActorDefinition<AnyStateMachine, PlainEvent> | null {
  return actor === system.rootName || actor in children ? actorDefinition(system, actor, kinds) : null;
}

function drain(step: Step): void {
  for (let n = 0; ; n += 1) {
    const message = step.messages.shift();
    if (message === undefined) return;
    if (n >= BOUNDS.internalEventsPerRecord) throw new Error(`bug: record ${step.seq} does not come to rest`);
    deliver(step, message.to, message.event);
  }
}

/** Turns the actions of one transition into effects, withdrawals, messages and new actors; anything else is a bug of the machine. */
function collect(step: Step, actor: string, actions: readonly ExecutableActionObject[]): void {
  for (const { type, params: given } of actions) {
    const params: unknown = isObject(given) ? given : {};
    if (type in step.system.effects) ask(step, actor, type, params as object);
    else if (type === 'withdraw') withdraw(step, actor, params as Withdrawal);
    else if (type === 'openChild') openChild(step, params as ChildOpening<object>);
    else if (type === 'tell') {
      const { actor: to, event } = params as Telling;
      step.messages.push({ to, event });
    } else throw new Error(`bug: ${actor} asked for ${type}, which nobody performs`);
  }
}

function ask(step: Step, actor: string, kind: string, params: object): void {
  const key = `${step.systemId}/${step.seq}.${step.asked.length}:${kind}`;
  const keyed: PlainEffect = Object.assign({}, params, { kind, key, actor });
  step.asked.push(keyed);
  step.owed.push(keyed);
}

function withdraw(step: Step, actor: string, { kind, id }: Withdrawal): void {
  const isMeant = (effect: PlainEffect & { readonly id?: unknown }): boolean =>
    effect.actor === actor && effect.kind === kind && (id === undefined || effect.id === id);
  step.owed = step.owed.filter((effect) => !isMeant(effect));
}

function openChild(step: Step, { actor, kind, input }: ChildOpening<object>): void {
  if (actor in step.children || actor === step.system.rootName || actor === DRIVER_ACTOR)
    throw new Error(`bug: ${actor} was opened twice`);
  const definition = step.system.children[kind];
  if (definition === undefined) throw new Error(`bug: ${step.system.kind} has no children of the kind ${kind}`);
  const [child, actions] = initialTransition(definition.machine, input);
  step.children[actor] = child;
  if (onlyKind(step.system) === null) step.kinds = { ...step.kinds, [actor]: kind };
  collect(step, actor, actions);
}

function placeOf({ system, root, children }: Step, actor: string): string {
  const snapshot = actor === system.rootName ? root : children[actor];
  if (snapshot === undefined) return '(which does not exist)';
  return `in ${JSON.stringify(snapshot.value)}${snapshot.status === 'active' ? '' : ` (${snapshot.status})`}`;
}
