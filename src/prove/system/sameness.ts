/**
 * What makes two states of a system the same state, and what an event is called in each of them.
 *
 * Owns: the canonical image without what differs between any two histories. Does not own: the image that is hashed (kernel/image).
 *
 * Invariants: 1. Left out are the sequence, and members that the caller names. A key stands by its place among what is owed, an instant of the proof's clock
 * by a mark. 2. Everything else of a state is in its key.
 */
import { canonicalJson, isObject, type Json } from '../../base/canonical-json.ts';
import { persist } from '../../kernel/image.ts';
import type { AnyState, System } from '../../kernel/system.ts';

/** The id of every system that is proven. */
export const PROVEN_ID = 'proof';
/** The instant at which every history begins; no other number of a system is as large. */
export const EPOCH_MS = 1_800_000_000_000;

const LATEST_MS = EPOCH_MS * 2;
const KEY = new RegExp(`${PROVEN_ID}/\\d+\\.\\d+:\\w+`, 'g');

/** The state's key: equal for states that are the same but for what is left out. Throws for a state that has no JSON form. */
export function keyOf(
  system: System,
  state: AnyState | null,
  ignore: Readonly<Record<string, readonly string[]>>,
): string {
  if (state === null) return 'nothing';
  const { actors, ...rest } = persist(system, state);
  const kept = Object.entries(actors).map(([name, actor]) => {
    const kind = name === system.rootName ? name : (state.kinds[name] ?? Object.keys(system.children)[0] ?? name);
    return [name, without(actor, ignore[kind] ?? [])] as const;
  });
  const placeOf = placesIn(state);
  return canonicalJson(plain({ actors: Object.fromEntries(kept), ...rest }, placeOf));
}

/** What an event is called in the state that takes it: its type, its members, and the actor where that is not the root. */
export function nameIn(
  system: System,
  state: AnyState | null,
  actor: string,
  { type, key: _key, ...members }: { readonly type: string; readonly key?: string },
): string {
  const told = Object.keys(members).length === 0 ? '' : ` ${canonicalJson(plain(members, placesIn(state)))}`;
  return `${actor === system.rootName ? '' : `${actor}: `}${type}${told}`;
}

/** What an owed effect is called in the state that owes it. */
export function effectName(state: AnyState | null, key: string): string {
  return placesIn(state)(key);
}

/** What is said of a move that does not lead where it leads from a state of the same key. */
export function unlike(move: string): string {
  return `${move} does not lead where it leads from a state that counts as equal: something that is ignored distinguishes them`;
}

/** A key by its place among what is owed. */
function placesIn(state: AnyState | null): (key: string) => string {
  const places = new Map((state?.owed ?? []).map(({ key, kind }, place) => [key, `${kind} #${place + 1}`]));
  return (key) => places.get(key) ?? 'settled';
}

function without(actor: Json | undefined, members: readonly string[]): unknown {
  if (!isObject(actor) || !isObject(actor.context)) return actor;
  const kept = Object.entries(actor.context).filter(([name]) => !members.includes(name));
  return { ...actor, context: Object.fromEntries(kept) };
}

/** The value without what differs between histories. */
function plain(value: unknown, placeOf: (key: string) => string): unknown {
  const text = (found: string): string => found.replace(KEY, placeOf);
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return value >= EPOCH_MS && value < LATEST_MS ? 'an instant' : value;
  if (Array.isArray(value)) return value.map((each) => plain(each, placeOf));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [text(name), plain(member, placeOf)]));
}
