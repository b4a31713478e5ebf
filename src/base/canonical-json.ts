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

/**
 * The canonical JSON text of `value` (RFC 8785: keys sorted by UTF-16 code unit, no white space).
 * Throws on what JSON cannot hold (NaN, infinities, lone surrogates, cycles).
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('canonicalJson: the value has no JSON form');
  return text;
}

/** True when `value` is a JSON object: not null, not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
