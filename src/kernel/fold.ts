/**
 * A journal folded record by record: the state that it proves, or the record at which it contradicts itself.
 *
 * Owns: replay, checking every `post` and every effect, moving from one version of the rules to the next. Does not own: the chain's bytes
 * (store/journal), decisions (kernel/decide).
 *
 * Invariants: 1. Folding the same records gives the same state, byte for byte (L2). 2. A record is folded under the rules that it was written under.
 * 3. Rules change by a record of their own, and with it nothing else: what is owed stays owed, under the same keys and in the same order.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { canonicalJson, isObject, type Json } from '../base/canonical-json.ts';
import type { Hash } from '../base/sha256.ts';
import {
  DRIVER_ACTOR,
  type PlainEffect,
  type PlainEvent,
  RULES_RAISED,
  type RulesRaised,
  rulesOf,
  type SystemRecord,
} from '../model/system-record.ts';
import { type Decision, type Delivery, decide } from './decide.ts';
import { contextProblem, persist, restore, schemaProblem, stateHash } from './image.ts';
import { type AnyState, actorDefinition, type StateOf, type System, underRules } from './system.ts';

/** The state after one more record, or why the journal contradicts its machines. */
export type Step<State extends AnyState = AnyState> =
  | { readonly kind: 'taken'; readonly state: State; readonly deliveries: readonly Delivery[] }
  | { readonly kind: 'diverged'; readonly seq: number; readonly detail: string; readonly before: State | null }
  /** This definition cannot fold its rules. */
  | { readonly kind: 'unsupported'; readonly seq: number; readonly rules: number; readonly before: State | null };

/** How far a fold looks. */
export interface FoldOptions {
  /** Null: `post` is not checked, where no hash function is available. */
  readonly hash: Hash | null;
}

/** The state after `record`, which a reader has verified as the next of its chain; `state` is null before the first. Never throws for what a record holds. */
export function foldRecord<S extends System>(
  system: S,
  systemId: string,
  state: StateOf<S> | null,
  record: SystemRecord,
  { hash }: FoldOptions,
): Step<StateOf<S>> {
  return foldAny(system, systemId, state as AnyState | null, record, hash) as Step<StateOf<S>>;
}

/** The state that whole records fold to; `onRecord` is called after every one. */
export function fold<S extends System>(
  system: S,
  systemId: string,
  records: readonly SystemRecord[],
  options: FoldOptions & {
    readonly onRecord?: (record: SystemRecord, state: StateOf<S>, deliveries: readonly Delivery[]) => void;
  },
): Exclude<Step<StateOf<S>>, { kind: 'taken' }> | { readonly kind: 'whole'; readonly state: StateOf<S> | null } {
  let state: StateOf<S> | null = null;
  for (const record of records) {
    const step: Step<StateOf<S>> = foldRecord(system, systemId, state, record, options);
    if (step.kind !== 'taken') return step;
    state = step.state;
    options.onRecord?.(record, step.state, step.deliveries);
  }
  return { kind: 'whole', state };
}

function foldAny(
  system: System,
  systemId: string,
  state: AnyState | null,
  record: SystemRecord,
  hash: Hash | null,
): Step {
  const { seq } = record;
  const diverged = (detail: string): Step => ({ kind: 'diverged', seq, detail, before: state });
  const rules = rulesOf(record);
  const under = underRules(system, rules);
  if (under === null) return { kind: 'unsupported', seq, rules, before: state };
  const decision = decideRecord(system, under, systemId, state, record);
  if (decision.kind === 'refused') return diverged(decision.reason);
  if (canonicalJson(decision.effects) !== canonicalJson(record.effects)) {
    return diverged('the recorded effects are not those that the machines ask for');
  }
  if (hash !== null && stateHash(under, decision.state, hash) !== record.post) {
    return diverged('the recorded state hash is not that of the folded state');
  }
  return { kind: 'taken', state: decision.state, deliveries: decision.deliveries };
}

/** A complete record may still hold an event that no machine knows: then it is refused as well. */
function decideRecord(
  system: System,
  under: System,
  systemId: string,
  state: AnyState | null,
  record: SystemRecord,
): Decision {
  const { actor, event, atMs } = record;
  try {
    if (actor === DRIVER_ACTOR && event.type === RULES_RAISED) return raise(system, under, state, event);
    if (state !== null && state.rules !== under.rules) {
      const reason = `it was written under rules ${under.rules}, and the system stood under ${state.rules}`;
      return { kind: 'refused', code: 'PAWL_EVENT_REFUSED', reason };
    }
    return decide(under, systemId, state, { actor, event, atMs });
  } catch (error) {
    return { kind: 'refused', code: 'PAWL_EVENT_REFUSED', reason: String(error) };
  }
}

function raise(system: System, to: System, state: AnyState | null, event: PlainEvent): Decision {
  const [from, said]: readonly unknown[] = [Reflect.get(event, 'from'), Reflect.get(event, 'to')];
  const isNext = state !== null && from === state.rules && said === to.rules && state.rules < to.rules;
  if (!isNext || underRules(system, state.rules) === null) {
    return {
      kind: 'refused',
      code: 'PAWL_EVENT_REFUSED',
      reason: 'its rules are raised from others than it stands under',
    };
  }
  return { kind: 'accepted', state: raised(to, state), effects: [], deliveries: [] };
}

/** The event of the record that moves a state to the current rules; null when it is under them already. */
export function rulesToRaise(system: System, { rules }: Pick<AnyState, 'rules'>): RulesRaised | null {
  return rules === system.rules ? null : { type: RULES_RAISED, from: rules, to: system.rules };
}

/**
 * The state under the rules of `to`, one record later. Throws an Error where the migration changes what is owed in anything but kind and params, asks for an
 * effect that `to` does not have or with params that it does not take, adds or loses an actor, or makes one whose context is not what its schema says or that its
 * machine does not restore.
 */
export function raised<S extends System>(to: S, state: AnyState): StateOf<S> {
  return { ...upcastTo(to, state), seq: state.seq + 1 } as StateOf<S>;
}

function upcastTo(to: System, state: AnyState): AnyState {
  if (state.rules === to.rules) return state;
  if (to.previous === null) throw new Error(`bug: ${to.kind} has no way from rules ${state.rules} to ${to.rules}`);
  const { system: earlier, upcast } = to.previous;
  const before = upcastTo(earlier, state);
  const { actors, kinds = {}, outbox, deadlines } = upcast(persist(earlier, before));
  const owed = owedAfter(to, before.owed, [...outbox, ...deadlines]);
  const names = [to.rootName, ...Object.keys(before.children)];
  const stranger = Object.keys(actors).find((name) => !names.includes(name));
  if (stranger !== undefined) throw unfit(to, `adds ${stranger}`);
  const live = (name: string): AnyMachineSnapshot => actorAfter(to, name, kinds, actors[name]);
  return {
    systemId: before.systemId,
    seq: before.seq,
    rules: to.rules,
    root: live(to.rootName),
    children: Object.fromEntries(Object.keys(before.children).map((name) => [name, live(name)])),
    kinds,
    owed,
  };
}

/** An actor after a migration: what its schema and its machine take. */
function actorAfter(
  to: System,
  name: string,
  kinds: Readonly<Record<string, string>>,
  persisted: Json | undefined,
): AnyMachineSnapshot {
  if (persisted === undefined) throw unfit(to, `loses ${name}`);
  const definition = actorDefinition(to, name, kinds);
  const problem = contextProblem(definition, persisted);
  if (problem !== null) throw unfit(to, `makes a context of ${name}: ${problem}`);
  const found = restore(definition, persisted);
  if (found.kind === 'refused') throw new Error(`bug: rules ${to.rules} do not restore ${name}: ${found.reason}`);
  return found.snapshot;
}

/** What is owed after a migration: the same keys in the same order, each a known effect. */
function owedAfter(to: System, before: readonly PlainEffect[], after: readonly unknown[]): readonly PlainEffect[] {
  const byKey = new Map(after.filter(isEffect).map((effect) => [effect.key, effect]));
  if (byKey.size !== before.length || after.length !== before.length) throw unfit(to, 'changes what is owed');
  return before.map(({ key, actor }) => {
    const effect = byKey.get(key);
    const row = effect === undefined ? undefined : to.effects[effect.kind];
    if (effect === undefined || row === undefined || effect.actor !== actor)
      throw unfit(to, `leaves ${key} without an effect of ${actor}`);
    const { kind, key: _key, actor: _actor, ...params } = effect;
    const problem = schemaProblem(row.params, params);
    if (problem !== null) throw unfit(to, `gives ${kind} params that it does not take: ${problem}`);
    return effect;
  });
}

/** The error of a migration whose result is no state of the new definition. */
function unfit({ rules }: System, what: string): Error {
  return new Error(`bug: the migration to rules ${rules} ${what}`);
}

function isEffect(value: unknown): value is PlainEffect {
  return isObject(value) && ['kind', 'key', 'actor'].every((name) => typeof value[name] === 'string');
}
