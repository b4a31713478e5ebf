/**
 * The canonical image of a state as a snapshot stores it.
 *
 * Owns: the text of persisted actors, without what equals a declared default. Does not own: the image of live actors (kernel/image), which is the same text.
 * Free of zod and xstate: `status` compares a stored snapshot with the journal's last record by it.
 */
import { canonicalJson, isObject, type Json, lastingJson } from '../base/canonical-json.ts';
import type { PersistedState } from '../model/system-record.ts';

/** The canonical texts of the default members of a context, by name. */
export type DefaultTexts = { readonly [member: string]: string };

/** The defaults of an actor, by its name. */
export type DefaultsOf = (actor: string) => DefaultTexts;

/** The canonical texts of declared defaults. */
export function defaultTexts(defaults: { readonly [member: string]: Json }): DefaultTexts {
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, canonicalJson(value)]));
}

/**
 * The canonical text of a stored snapshot, which is that of the state that it was made from. It is written as one text: the code of a program that
 * has just started is slow, the built-in JSON writer is not.
 */
export function persistedImage({ actors, kinds, outbox, deadlines }: PersistedState, defaultsOf: DefaultsOf): string {
  const kept = Object.entries(actors).map(([name, actor]) => [name, withoutDefaults(actor, defaultsOf(name))]);
  const hasKinds = kinds !== undefined && Object.keys(kinds).length > 0;
  return canonicalJson({ actors: Object.fromEntries(kept), deadlines, ...(hasKinds ? { kinds } : {}), outbox });
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

/** The actor, its context without what equals its default. */
function withoutDefaults(actor: unknown, defaults: DefaultTexts): unknown {
  if (!isObject(actor) || !isObject(actor.context)) return actor;
  const kept = Object.entries(actor.context).filter(([name, member]) => !hasText(member, defaults[name]));
  return { ...actor, context: Object.fromEntries(kept) };
}

/** True when the text is the member's; for most this can be told without writing them out. */
function hasText(member: unknown, text: string | undefined): boolean {
  if (text === undefined || text === 'null' || member === null) return text === 'null' && member === null;
  if (text === '[]') return Array.isArray(member) && member.length === 0;
  return member !== undefined && canonicalJson(member) === text;
}
