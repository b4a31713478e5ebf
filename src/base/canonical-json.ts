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

/** Text that stands between its quotes as it is. */
const BARE_TEXT = /^[ !#-[\]-~]*$/;

/** How JSON.stringify begins what it writes for a lone surrogate, which has no canonical form. */
const ESCAPED_SURROGATE = '\\ud';

/** Deeper than anything of ours. */
const DEPTH_MAX = 64;

const FEW_NAMES = 16;

/**
 * The canonical JSON text of `value` (RFC 8785: keys sorted by UTF-16 code unit, no white space).
 * Throws on what JSON cannot hold (NaN, infinities, lone surrogates, cycles).
 */
export function canonicalJson(value: unknown): string {
  const isSorted = typeof value === 'object' && isInOrder(value, DEPTH_MAX);
  const plain = isSorted ? stringified(value) : sortedText(value, DEPTH_MAX);
  const text = plain ?? canonicalize(value);
  if (text === undefined) throw new TypeError('canonicalJson: the value has no JSON form');
  return text;
}

/**
 * True for a plain value all of whose keys are in their order, as in what was read from canonical text: what JSON.stringify gives for it is the
 * canonical form. One that is deeper than `depth`, or that never ends, is not judged: false.
 */
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

/** What JSON.stringify gives; null where that may not be the canonical form. */
function stringified(value: unknown): string | null {
  const text = JSON.stringify(value);
  return text.includes(ESCAPED_SURROGATE) ? null : text;
}

function quoted(name: string): string {
  return BARE_TEXT.test(name) ? `"${name}"` : JSON.stringify(name);
}

/** The canonical text of a plain value, whatever the order of its keys; null for what is not judged, as above, and for what JSON cannot hold. */
function sortedText(value: unknown, depth: number): string | null {
  if (typeof value === 'string') return BARE_TEXT.test(value) ? `"${value}"` : stringified(value);
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : null;
  if (typeof value === 'boolean' || value === null) return `${value}`;
  if (typeof value !== 'object' || depth === 0) return null;
  if (Array.isArray(value)) return sortedList(value, depth);
  return isPlain(value) ? sortedObject(value, depth) : null;
}

function sortedList(list: readonly unknown[], depth: number): string | null {
  const texts: string[] = [];
  for (const member of list) {
    const text = sortedText(member, depth - 1);
    if (text === null) return null;
    texts.push(text);
  }
  return `[${texts.join(',')}]`;
}

function sortedObject(value: Readonly<Record<string, unknown>>, depth: number): string | null {
  let texts = '';
  for (const name of namesInOrder(value)) {
    const member = value[name];
    if (member === undefined) continue;
    const nameText = sortedText(name, depth);
    const text = sortedText(member, depth - 1);
    if (text === null || nameText === null) return null;
    texts += `${texts === '' ? '' : ','}${nameText}:${text}`;
  }
  return `{${texts}}`;
}

/** The names of an object's members in their order. Most objects have few, and `sort` costs several times what it takes to put these in order. */
function namesInOrder(value: object): readonly string[] {
  const names = Object.keys(value);
  if (names.length > FEW_NAMES) return names.sort();
  for (let n = 1; n < names.length; n += 1) {
    const name = names[n] ?? '';
    let at = n;
    for (; at > 0 && (names[at - 1] ?? '') > name; at -= 1) names[at] = names[at - 1] ?? '';
    names[at] = name;
  }
  return names;
}

function isPlain(value: object): value is Record<string, unknown> {
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** The canonical JSON text of an object, put together from the canonical texts that `textOf` gives for its members. */
export function canonicalObject(
  value: Readonly<Record<string, unknown>>,
  textOf: (member: unknown, name: string) => string,
): string {
  let texts = '';
  for (const name of namesInOrder(value)) {
    const member = value[name];
    if (member !== undefined) texts += `${texts === '' ? '' : ','}${quoted(name)}:${textOf(member, name)}`;
  }
  return `{${texts}}`;
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

/** A member of the objects of a series: what it was last, and the text of that with its name; the text is empty where it is left out. */
interface SeriesMember {
  readonly name: string;
  last: unknown;
  text: string;
}

/**
 * A maker of canonical texts for a series of objects in which most members are the very ones of the object before; members never
 * change themselves. The text of a member is made once as long as it stays. A member whose text is that in `leftOut` is left out.
 */
export function canonicalSeries(
  leftOut: { readonly [name: string]: string } = {},
): (value: Readonly<Record<string, unknown>>) => string {
  const known = new Map<string, SeriesMember>();
  let names: readonly string[] = [];
  let members: readonly SeriesMember[] = [];
  const memberOf = (name: string): SeriesMember => {
    const member = known.get(name) ?? { name, last: undefined, text: '' };
    known.set(name, member);
    return member;
  };
  const textOf = (name: string, value: unknown): string => {
    const text = value === undefined ? leftOut[name] : canonicalJson(value);
    return text === leftOut[name] ? '' : `${quoted(name)}:${text}`;
  };
  return (value) => {
    const given = Object.keys(value);
    if (!areSame(given, names)) {
      names = given;
      members = given.toSorted().map(memberOf);
    }
    let texts = '';
    for (const member of members) {
      const present = value[member.name];
      if (present !== member.last) {
        member.text = textOf(member.name, present);
        member.last = present;
      }
      if (member.text !== '') texts += texts === '' ? member.text : `,${member.text}`;
    }
    return `{${texts}}`;
  };
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let n = 0; n < some.length; n += 1) if (some[n] !== others[n]) return false;
  return true;
}

/** True when `value` is a JSON object: not null, not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
