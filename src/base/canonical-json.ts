/**
 * One text for one JSON value (RFC 8785), so that equal values have equal bytes and equal hashes.
 *
 * Owns: the canonical form, and the type of a plain JSON value.
 * Does not own: hashing, parsing.
 */
import canonicalize from 'canonicalize';

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
/** A JSON object; a key whose value is undefined counts as absent. */
export type JsonObject = { readonly [key: string]: Json | undefined };

/** ASCII: text of which JSON.stringify gives the canonical form. */
const PLAIN_TEXT = /^[\0-\x7f]*$/;

/** How JSON.stringify begins what it writes for a lone surrogate, which has no canonical form. */
const ESCAPED_SURROGATE = '\\ud';

/** Deeper than anything of ours. */
const DEPTH_MAX = 64;

/**
 * The canonical JSON text of `value` (RFC 8785: keys sorted by UTF-16 code unit, no white space).
 * Throws on what JSON cannot hold (NaN, infinities, lone surrogates, cycles).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value === 'string' && PLAIN_TEXT.test(value)) return JSON.stringify(value);
  const inOrder = typeof value === 'object' ? textInOrder(value) : null;
  if (inOrder !== null) return inOrder;
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('canonicalJson: the value has no JSON form');
  return text;
}

/**
 * The text that JSON.stringify gives for `value`, where that is the canonical form: plain values, all keys in their order, as in what was read
 * from canonical text; null where it may be another one.
 */
function textInOrder(value: object): string | null {
  if (!isInOrder(value, DEPTH_MAX)) return null;
  const text = JSON.stringify(value);
  return text.includes(ESCAPED_SURROGATE) ? null : text;
}

/** A value that is deeper than `depth`, or that never ends, is not judged: false. */
function isInOrder(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth === 0) return false;
  if (Array.isArray(value)) {
    for (const member of value) if (!isInOrder(member, depth - 1)) return false;
    return true;
  }
  if (!isPlain(value)) return false;
  let last = '';
  for (const key in value) {
    if (key < last || !isInOrder(value[key], depth - 1)) return false;
    last = key;
  }
  return true;
}

function isPlain(value: object): value is Record<string, unknown> {
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** The canonical JSON text of an object, put together from the canonical texts that `textOf` gives for its members. */
export function canonicalObject(
  value: Readonly<Record<string, unknown>>,
  textOf: (member: unknown, name: string) => string,
): string {
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  const members = names.sort().map((name) => `${JSON.stringify(name)}:${textOf(value[name], name)}`);
  return `{${members.join(',')}}`;
}

const lastingTexts = new WeakMap<object, string>();

/** The canonical JSON text of a value that never changes once it is made: that of an object is made once. */
export function lastingJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return canonicalJson(value);
  const known = lastingTexts.get(value);
  if (known !== undefined) return known;
  const text = canonicalJson(value);
  lastingTexts.set(value, text);
  return text;
}

/**
 * A maker of canonical texts for a series of objects in which most members are the very ones of the object before; members never
 * change themselves. The text of a member is made once as long as it stays. A member whose text is that in `leftOut` is left out.
 */
export function canonicalSeries(
  leftOut: { readonly [name: string]: string } = {},
): (value: Readonly<Record<string, unknown>>) => string {
  const last = new Map<string, { readonly member: unknown; readonly text: string }>();
  const textOf = (name: string, member: unknown): string => {
    const known = last.get(name);
    if (known !== undefined && known.member === member) return known.text;
    const memberText = lastingJson(member);
    const text = memberText === leftOut[name] ? '' : `${JSON.stringify(name)}:${memberText}`;
    last.set(name, { member, text });
    return text;
  };
  return (value) => {
    const names = Object.keys(value).filter((name) => value[name] !== undefined);
    const members = names.sort().map((name) => textOf(name, value[name]));
    return `{${members.filter((text) => text !== '').join(',')}}`;
  };
}

/** True when `value` is a JSON object: not null, not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
