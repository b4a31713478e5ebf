/**
 * Reads the fields of a line that an agent wrote, whatever it holds.
 *
 * Owns: what counts as a text, a number, an object. Does not own: which fields a line has (a file for each kind of agent).
 *
 * Invariant: total: a field of another type counts as absent, and nothing throws.
 */
import type { Json, JsonObject } from '../../base/canonical-json.ts';

/** The object, null when the value is none. */
export function objectOf(value: Json | undefined): JsonObject | null {
  return isJsonObject(value) ? value : null;
}

/** The object's fields, none when the value is not an object. */
export function fieldsOf(value: Json | undefined): JsonObject {
  return objectOf(value) ?? {};
}

/** The text, null when the value is none or empty. */
export function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

const ASKS = [
  'command',
  'cmd',
  'file_path',
  'filePath',
  'absolute_path',
  'notebook_path',
  'path',
  'dir_path',
  'url',
  'pattern',
  'query',
];

/** What a tool's input asks for, as far as it does in a text or in words: its command, else the path, address or pattern that it names; null: it does not. */
export function whatOf(input: Json | undefined): string | null {
  const fields = fieldsOf(input);
  for (const name of ASKS) {
    const words = textsOf(fields[name]);
    const text = textOf(fields[name]) ?? (words.length > 0 ? words.join(' ') : null);
    if (text !== null) return text;
  }
  return null;
}

/** The number, null when the value is none. */
export function numberOf(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** The number, rounded, null when the value is none. */
export function wholeOf(value: Json | undefined): number | null {
  const number = numberOf(value);
  return number === null ? null : Math.round(number);
}

/** The number, 0 when the value is none or below. */
export function countOf(value: Json | undefined): number {
  return Math.max(0, numberOf(value) ?? 0);
}

/** The characters of a text, or of what is not one when it is written down; 0 when there is nothing. */
export function charsIn(value: Json | undefined): number {
  if (typeof value === 'string') return value.length;
  return value === undefined || value === null ? 0 : JSON.stringify(value).length;
}

/** The list, empty when the value is none. */
export function listOf(value: Json | undefined): readonly Json[] {
  return isList(value) ? value : [];
}

/** The texts of a list. */
export function textsOf(value: Json | undefined): readonly string[] {
  return listOf(value).flatMap((item) => textOf(item) ?? []);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
