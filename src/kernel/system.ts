/**
 * The definition of a system: its machines, the events that they take, the effects that they ask for, and the rules that they were written under.
 *
 * Owns: the types of a definition, and checking that it is whole. Does not own: deciding (kernel/decide), folding (kernel/fold), performing (engine).
 *
 * Invariants: 1. Every action of a machine is a change of context, an effect of the table, or one that the kernel resolves; anything else is refused
 * when the system is defined, not when it runs. 2. The table of effects is exhaustive: it says of every effect all that an engine must know.
 */
import type { AnyStateMachine, AnyStateNode, SnapshotFrom } from 'xstate';
import type { ZodType } from 'zod';
import { isObject, type Json } from '../base/canonical-json.ts';
import type { EffectOf, EffectTable } from '../model/effect-row.ts';
import type { PersistedState, PlainEffect, PlainEvent } from '../model/system-record.ts';
import { KERNEL_ACTIONS } from './actions.ts';
import { wholeDefinition } from './machine-definition.ts';

/** The events of an actor, as a zod union over `type`; what is not one of these never reaches the machine from outside. */
export type EventSchema<Event extends PlainEvent> = ZodType<Event>;

/** An actor of a system. */
export interface ActorDefinition<Machine extends AnyStateMachine, Event extends PlainEvent> {
  readonly machine: Machine;
  /** The events that come from outside. */
  readonly events: EventSchema<Event>;
  /** What its context must look like when it comes from disk. */
  readonly context: ZodType;
  /** Default values of members of the context: the canonical image leaves out members that equal them, so that a member added later changes no old hash. */
  readonly defaults?: { readonly [member: string]: Json };
}

/** How a system's journal begins. */
export interface Opening<Event extends PlainEvent> {
  readonly type: Event['type'];
  /** The input of the root machine. It then takes the event itself. */
  readonly input: (systemId: string, event: Event) => object;
}

/** The previous rules, and how a system under them continues under these. */
export interface PreviousRules {
  readonly system: System;
  /**
   * The state under the present rules. Keys and order of what is owed stay as they are; kinds and params may change.
   * Pure: the record that raises the rules is folded with it for ever.
   */
  readonly upcast: (state: PersistedState) => PersistedState;
}

/** What a system is made of. */
export interface SystemParts<
  Root extends AnyStateMachine,
  Child extends AnyStateMachine,
  RootEvent extends PlainEvent,
  ChildEvent extends PlainEvent,
  Note extends PlainEvent,
  Table extends EffectTable,
> {
  /** What the system is called: `run`, `session`, `order`. */
  readonly kind: string;
  /** Raised by every change that is not additive: a journal names the rules that it was written under. */
  readonly rules: number;
  readonly root: ActorDefinition<Root, RootEvent> & {
    /** The root's actor name in records and snapshots. */
    readonly name: string;
  };
  /** The other actors, by kind. */
  readonly children?: Readonly<Record<string, ActorDefinition<Child, ChildEvent>>>;
  /** What the engine itself records; moves no machine. Absent: it records nothing. */
  readonly notes?: EventSchema<Note>;
  readonly effects: Table;
  readonly open: Opening<RootEvent>;
  /** Absent: journals of earlier rules are not continued. */
  readonly previous?: PreviousRules;
}

/** A system as the kernel works with it. */
export interface System<
  Root extends AnyStateMachine = AnyStateMachine,
  Child extends AnyStateMachine = AnyStateMachine,
  Event extends PlainEvent = PlainEvent,
  Effect extends PlainEffect = PlainEffect,
> {
  readonly kind: string;
  readonly rules: number;
  readonly rootName: string;
  readonly root: ActorDefinition<AnyStateMachine, PlainEvent>;
  readonly children: Readonly<Record<string, ActorDefinition<AnyStateMachine, PlainEvent>>>;
  readonly notes: EventSchema<PlainEvent> | null;
  readonly effects: EffectTable;
  readonly opening: { readonly type: string; readonly input: (systemId: string, event: PlainEvent) => object };
  readonly previous: PreviousRules | null;
  /** Types alone, never a value: what `StateOf`, `EventOf` and `EffectIn` read. */
  readonly types?: { readonly root: Root; readonly child: Child; readonly event: Event; readonly effect: Effect };
}

/** Every event that a journal of the system can hold. */
export type EventOf<S extends System> = S extends System<AnyStateMachine, AnyStateMachine, infer Event> ? Event : never;
/** Every effect of the system, with key and actor. */
export type EffectIn<S extends System> =
  S extends System<AnyStateMachine, AnyStateMachine, PlainEvent, infer Effect> ? Effect : never;

/** The fold of a journal: every machine's snapshot, and what is owed. */
export interface SystemState<RootSnapshot, ChildSnapshot, Effect extends PlainEffect> {
  readonly systemId: string;
  /** Of the last record; 0 before the first. */
  readonly seq: number;
  /** The rules in force. */
  readonly rules: number;
  readonly root: RootSnapshot;
  readonly children: Readonly<Record<string, ChildSnapshot>>;
  /** The kind of every child, by its name. */
  readonly kinds: Readonly<Record<string, string>>;
  /** Asked for and not yet settled, in the order of asking; deadlines included. */
  readonly owed: readonly Effect[];
}

/** The state of a system. */
export type StateOf<S extends System> =
  S extends System<infer Root, infer Child, PlainEvent, infer Effect>
    ? SystemState<SnapshotFrom<Root>, SnapshotFrom<Child>, Effect>
    : never;

/** Any system, without its own types. */
export type AnyState = StateOf<System>;

/**
 * The system of these parts. Throws a TypeError that names what is missing or unknown: an action without an implementation, an effect under a name of the
 * kernel's own, a deadline without an instant, an opening event that the root does not take, a kind that is no name; and what XState would do by itself, unseen
 * by the journal: `after`, `invoke`, actions and guards that are functions.
 */
export function defineSystem<
  Root extends AnyStateMachine,
  Child extends AnyStateMachine,
  RootEvent extends PlainEvent,
  ChildEvent extends PlainEvent,
  Note extends PlainEvent,
  Table extends EffectTable,
>(
  parts: SystemParts<Root, Child, RootEvent, ChildEvent, Note, Table>,
): System<Root, Child, RootEvent | ChildEvent | Note, EffectOf<Table>> {
  const { kind, rules, root, effects, open, children = {}, notes = null, previous = null } = parts;
  for (const name of [kind, root.name, ...Object.keys(children)]) assertKind(name);
  if (!Number.isInteger(rules) || rules < 1) throw new TypeError(`${kind}: rules must be a positive integer`);
  if (previous !== null && previous.system.rules >= rules)
    throw new TypeError(`${kind}: the previous rules (${previous.system.rules}) must be below ${rules}`);
  if (root.name in children) throw new TypeError(`${kind}: ${root.name} names the root and a kind of child`);
  const reserved = Object.keys(effects).find((name) => KERNEL_ACTIONS.some((own) => own === name));
  if (reserved !== undefined) throw new TypeError(`${kind}: ${reserved} is an action of the kernel, not an effect`);
  for (const { machine } of [root, ...Object.values(children)]) {
    assertNothingByItself(kind, machine);
    assertActionsKnown(kind, machine, effects);
  }
  if (!eventTypes(root.events).has(open.type)) throw new TypeError(`${kind}: the root does not take ${open.type}`);
  return {
    kind,
    rules,
    rootName: root.name,
    root,
    children,
    notes,
    effects,
    // The kernel calls it with the event of that very type, which the root's schema has checked.
    opening: open as System['opening'],
    previous,
  };
}

/** The definition of an actor: the root by its name, a child by its kind. Throws for a kind that the system does not have. */
export function actorDefinition(system: System, actor: string, kinds: Readonly<Record<string, string>>) {
  if (actor === system.rootName) return system.root;
  const kind = kinds[actor] ?? onlyKind(system);
  const child = kind === null ? undefined : system.children[kind];
  if (child === undefined) throw new Error(`bug: ${system.kind} has no actor ${actor}`);
  return child;
}

/** The one kind of child that a system has, null where it has none or several. */
export function onlyKind(system: System): string | null {
  const kinds = Object.keys(system.children);
  return kinds.length === 1 ? (kinds[0] ?? null) : null;
}

/** The system under earlier rules, itself under its own; null where these are not supported. */
export function underRules(system: System, rules: number): System | null {
  for (let each: System | null = system; each !== null; each = each.previous?.system ?? null)
    if (each.rules === rules) return each;
  return null;
}

const typesBySchema = new WeakMap<ZodType, ReadonlySet<string>>();

/** The values of `type` that a schema of events admits. Throws a TypeError for a schema that is no union of objects with a literal `type`. */
export function eventTypes(schema: ZodType): ReadonlySet<string> {
  const known = typesBySchema.get(schema);
  if (known !== undefined) return known;
  const types = new Set(optionsOf(schema).flatMap(typesIn));
  typesBySchema.set(schema, types);
  return types;
}

function optionsOf(schema: unknown): readonly unknown[] {
  return isSchema(schema) && Array.isArray(schema.options) ? schema.options.flatMap(optionsOf) : [schema];
}

function typesIn(option: unknown): readonly string[] {
  const shape = isSchema(option) ? option.shape : undefined;
  const type: unknown = isObject(shape) ? shape.type : undefined;
  const values = isSchema(type) && type.values instanceof Set ? [...type.values] : [];
  const names = values.filter((value) => typeof value === 'string');
  if (names.length === 0) throw new TypeError('an event schema must be a union of objects with a literal `type`');
  return names;
}

/** The members of zod's schemas that are read here: `options` of unions, `shape` of objects, `values` of literals. */
function isSchema(
  value: unknown,
): value is { readonly options?: unknown; readonly shape?: unknown; readonly values?: unknown } {
  return typeof value === 'object' && value !== null;
}

/** A kind is part of the names of folders and of keys. */
function assertKind(name: string): void {
  if (/^[a-z][A-Za-z0-9-]*$/.test(name)) return;
  throw new TypeError(`${JSON.stringify(name)} is no kind: a letter a to z, then letters, digits and hyphens`);
}

/** What XState would do without an event that the journal holds: timers and promises of its own, and actions without a name. */
function assertNothingByItself(kind: string, machine: AnyStateMachine): void {
  const refuse = (node: AnyStateNode, what: string): never => {
    const place = [machine.id, ...node.path].join('.');
    throw new TypeError(
      `${kind}: ${place} has ${what}: what a durable system does has a name, and is an effect of its table`,
    );
  };
  const visit = (node: AnyStateNode): void => {
    if (node.invoke.length > 0) refuse(node, '`invoke`');
    if (node.after.length > 0) refuse(node, '`after`');
    const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
    const actions = [...node.entry, ...node.exit, ...transitions.flatMap((transition) => transition.actions)];
    const isInline = (action: unknown): boolean => typeof action === 'function' && !('resolve' in action);
    if (actions.some(isInline)) refuse(node, 'an action that is a function');
    if (transitions.some(({ guard }) => typeof guard === 'function' && !('check' in guard)))
      refuse(node, 'a guard that is a function');
    for (const child of Object.values(node.states)) visit(child);
  };
  visit(machine.root);
}

/** A machine holds its actions by name in its implementations and uses them by name in its chart. */
function assertActionsKnown(kind: string, machine: AnyStateMachine, effects: EffectTable): void {
  const implemented: Readonly<Record<string, unknown>> = machine.implementations.actions;
  for (const name of actionNames(wholeDefinition(machine))) {
    const isOurs = name in effects || KERNEL_ACTIONS.some((own) => own === name);
    const isBuiltIn = typeof implemented[name] === 'function' && 'type' in implemented[name];
    if (isOurs || isBuiltIn || name.startsWith('xstate.')) continue;
    throw new TypeError(
      `${kind}: the machine ${machine.id} asks for ${name}, which is neither an effect of the system nor a change of context`,
    );
  }
}

/** The names of all actions in the plain form of a machine's definition. */
function actionNames(definition: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (value: unknown, isAction: boolean): void => {
    if (Array.isArray(value)) {
      for (const each of value) visit(each, isAction);
    } else if (isObject(value)) {
      if (isAction && typeof value.type === 'string') names.add(value.type);
      for (const [name, member] of Object.entries(value)) {
        if (isAction || name === 'params' || name === 'context' || name === 'meta') continue;
        visit(member, name === 'actions' || name === 'entry' || name === 'exit');
      }
    }
  };
  visit(definition, false);
  return names;
}
