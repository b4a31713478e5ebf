/**
 * The canonical image of a state as a snapshot stores it.
 *
 * Owns: the text of persisted actors, without what equals a declared default. Does not own: the image of live actors (kernel/image), which is the same text.
 * Free of zod and xstate: `status` compares a stored snapshot with the journal's last record by it.
 */
import { canonicalJson, canonicalObject, isObject, type Json, lastingJson } from '../base/canonical-json.ts';
import type { PersistedState } from '../model/system-record.ts';

/** The canonical texts of the members of a context that stand for nothing, by name. */
export type DefaultTexts = { readonly [member: string]: string };

/** The defaults of an actor, by its name. */
export type DefaultsOf = (actor: string) => DefaultTexts;

/** The canonical texts of declared defaults. */
export function defaultTexts(defaults: { readonly [member: string]: Json }): DefaultTexts {
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, canonicalJson(value)]));
}

/** The canonical text of what a snapshot stores: that of the state which it was made from. */
export function persistedImage({ actors, kinds, outbox, deadlines }: PersistedState, defaultsOf: DefaultsOf): string {
  const actorTexts = canonicalObject(actors, (actor, name) => actorText(actor, defaultsOf(name)));
  return stateText({
    actors: actorTexts,
    kinds: kinds ?? {},
    outbox: outbox.map(lastingJson),
    deadlines: deadlines.map(lastingJson),
  });
}

/** The image put together from its parts; `kinds` is part of it only where there are any. */
export function stateText(parts: {
  readonly actors: string;
  readonly kinds: { readonly [actor: string]: string };
  readonly outbox: readonly string[];
  readonly deadlines: readonly string[];
}): string {
  const kinds = Object.keys(parts.kinds).length === 0 ? '' : `"kinds":${lastingJson(parts.kinds)},`;
  const { actors, outbox, deadlines } = parts;
  return `{"actors":${actors},"deadlines":[${deadlines.join(',')}],${kinds}"outbox":[${outbox.join(',')}]}`;
}

function actorText(actor: Json | unknown, defaults: DefaultTexts): string {
  if (!isObject(actor)) return canonicalJson(actor);
  return canonicalObject(actor, (member, name) =>
    name === 'context' && isObject(member) ? contextText(member, defaults) : canonicalJson(member),
  );
}

function contextText(context: Readonly<Record<string, unknown>>, defaults: DefaultTexts): string {
  const kept = Object.entries(context).filter(
    ([name, member]) => member !== undefined && canonicalJson(member) !== defaults[name],
  );
  return canonicalObject(Object.fromEntries(kept), canonicalJson);
}
