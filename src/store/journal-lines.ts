/**
 * One line of a journal, and its place in the chain (pure).
 *
 * Owns: what makes a line a record (canonical JSON, shape, sum) and a record the next one (seq, gen, prev); sealing a record.
 * Does not own: files, the last line's special cases (store/journal), the schema of events (model/event).
 *
 * Invariant: a line that is accepted is, byte for byte, the canonical JSON of its record.
 * Free of zod: `status` loads this file.
 */
import { canonicalJson, isObject } from '../base/canonical-json.ts';
import { sha256 } from '../base/sha256.ts';
import { BOUNDS } from '../model/limits.ts';
import type { JournalRecord } from '../model/record.ts';
import {
  FIRST_PREV,
  type PlainEffect,
  type PlainEvent,
  RECORD_VERSION,
  rulesOf,
  type SystemRecord,
} from '../model/system-record.ts';
import { decodeText, isOrdinal, isSha256, parseJson } from './json-file.ts';

/** A record before it is sealed. */
export type RecordFields<Event extends PlainEvent = PlainEvent, Effect extends PlainEffect = PlainEffect> = Omit<
  SystemRecord<Event, Effect>,
  'sum'
>;

/** What one line holds: a record, or the reason why it is invalid. */
export type LineReading =
  | { readonly kind: 'record'; readonly record: JournalRecord }
  | { readonly kind: 'bad'; readonly detail: string };

/** The end of every record; inside a record's texts the quotes would be escaped. */
const RECORD_END = /,"sum":"[0-9a-f]{64}","v":[12]\}/g;
const RECORD_ENDS_TRIED = 16;
/** The members of a record, by the version of its shape. */
const KEYS = {
  1: 'actor,atMs,effects,event,gen,post,prev,seq,sum,v',
  2: 'actor,atMs,effects,event,gen,post,prev,rules,seq,sum,v',
} as const;

/** The end of the canonical text of a record without its sum; the sum belongs just before it. */
const unsealedEnd = (v: SystemRecord['v']): string => `,"v":${v}}`;

/** The record with its sum, and its line: canonical JSON and a newline. Throws when the line is longer than a reader takes. */
export function sealRecord<Event extends PlainEvent, Effect extends PlainEffect>(
  fields: RecordFields<Event, Effect>,
): { readonly record: SystemRecord<Event, Effect>; readonly line: string } {
  if (fields.v === RECORD_VERSION && fields.rules === undefined) throw new Error('bug: a record names no rules');
  const members = unsealedMembers(fields);
  const end = unsealedEnd(fields.v);
  const sum = sha256(`${members}${end}`);
  const text = `${members},"sum":"${sum}"${end}`;
  if (Buffer.byteLength(text) > BOUNDS.journalLineBytes) {
    throw new Error(`bug: record ${fields.seq} (${fields.event.type}) is longer than ${BOUNDS.journalLineBytes} bytes`);
  }
  return { record: { ...fields, sum }, line: `${text}\n` };
}

/** The canonical text of a record up to its version: its members are in the order of their names. */
function unsealedMembers({ actor, atMs, effects, event, gen, post, prev, rules, seq }: RecordFields): string {
  const asked = `"actor":${canonicalJson(actor)},"atMs":${canonicalJson(atMs)},"effects":${canonicalJson(effects)}`;
  const chain = `"gen":${canonicalJson(gen)},"post":${canonicalJson(post)},"prev":${canonicalJson(prev)}`;
  const under = rules === undefined ? '' : `"rules":${canonicalJson(rules)},`;
  return `{${asked},"event":${canonicalJson(event)},${chain},${under}"seq":${canonicalJson(seq)}`;
}

/** What the bytes of one line, without its newline, say by themselves. */
export function readLine(bytes: Uint8Array): LineReading {
  const text = decodeText(bytes);
  if (text === null) return bad('it is not UTF-8');
  const value = parseJson(text);
  if (value === undefined) return bad('it is not JSON');
  if (!isObject(value)) return bad('it is not an object');
  if (!isCanonical(value, text)) return bad('it is not canonical JSON');
  if (value.v !== 1 && value.v !== RECORD_VERSION)
    return bad(`its version ${JSON.stringify(value.v)?.slice(0, 40)} is unknown`);
  if (!hasRecordShape(value)) return bad('it does not have the shape of a record');
  // Cut the sum out and hash what is left.
  const end = unsealedEnd(value.v);
  const sealedEnd = `,"sum":"${value.sum}"${end}`;
  if (sha256(`${text.slice(0, -sealedEnd.length)}${end}`) !== value.sum) return bad('its sum is wrong');
  return { kind: 'record', record: value };
}

/**
 * True when an unfinished line begins with a complete record: that was written to its end, perhaps acknowledged, and its newline
 * changed afterwards.
 */
export function beginsWithRecord(bytes: Uint8Array): boolean {
  // One character per byte, so that offsets in the text are offsets in the bytes.
  const text = Buffer.from(bytes).toString('latin1');
  let tries = 0;
  for (const end of text.matchAll(RECORD_END)) {
    tries += 1;
    if (tries > RECORD_ENDS_TRIED) return false;
    if (readLine(bytes.subarray(0, end.index + end[0].length)).kind === 'record') return true;
  }
  return false;
}

/** Why `record` cannot follow `previous` (null: it is the first), null when it can. */
export function chainFault(previous: JournalRecord | null, record: JournalRecord): string | null {
  const seq = (previous?.seq ?? 0) + 1;
  if (record.seq !== seq) return `its seq is ${record.seq} and should be ${seq}`;
  if (record.prev !== (previous?.sum ?? FIRST_PREV)) return 'its prev is not the sum of the record before it';
  if (previous !== null && record.gen < previous.gen) {
    return `its generation ${record.gen} is below its predecessor's ${previous.gen}`;
  }
  if (previous !== null && rulesOf(record) < rulesOf(previous)) {
    return `its rules ${rulesOf(record)} are below its predecessor's ${rulesOf(previous)}`;
  }
  return null;
}

function isCanonical(value: unknown, text: string): boolean {
  try {
    return canonicalJson(value) === text;
  } catch (error) {
    // A lone surrogate written as an escape: JSON that has no canonical form.
    if (error instanceof Error) return false;
    throw error;
  }
}

/** The record's own fields; of event and effects only that they are named objects (rehydration checks them with zod). */
function hasRecordShape(value: Record<string, unknown>): value is Record<string, unknown> & JournalRecord {
  return (
    (value.v === 1 || value.v === RECORD_VERSION) &&
    Object.keys(value).sort().join() === KEYS[value.v] &&
    (value.v === 1 || isOrdinal(value.rules, 1)) &&
    isOrdinal(value.seq, 1) &&
    isOrdinal(value.gen) &&
    typeof value.atMs === 'number' &&
    typeof value.actor === 'string' &&
    isObject(value.event) &&
    typeof value.event.type === 'string' &&
    Array.isArray(value.effects) &&
    value.effects.every(hasEffectShape) &&
    isSha256(value.post) &&
    isSha256(value.prev) &&
    isSha256(value.sum)
  );
}

function hasEffectShape(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.kind === 'string' &&
    typeof value.key === 'string' &&
    typeof value.actor === 'string'
  );
}

function bad(detail: string): LineReading {
  return { kind: 'bad', detail };
}
