/**
 * One file of the change feed: its lines as text, and what a file holds.
 *
 * Owns: the form of a line, telling a torn end from damage. Does not own: which files there are, appending (store/change-log/change-log).
 *
 * Invariant: a line is its own proof: the hash before it is that of the text behind it, so half of one is never taken for one.
 */
import { isObject } from '../../base/canonical-json.ts';
import { sha256 } from '../../base/sha256.ts';
import type { Change, ChangeBatch, ChangeDraft, ChangeSourceRecord } from '../../model/change.ts';
import { isOrdinal, parseJson } from '../json-file.ts';

const SUM_DIGITS = 16;
const NAME_DIGITS = 16;

/** How far the feed has taken the runs of every project: the sequence of the last record of each. */
export type Positions = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** What a line says. */
export type SegmentLine =
  | { readonly kind: 'head'; readonly first: number; readonly atMs: number; readonly positions: Positions }
  | {
      readonly kind: 'batch';
      readonly first: number;
      readonly source: ChangeSourceRecord | null;
      readonly changes: readonly Change[];
    }
  /** From here on the feed knows the project, whose runs are as far as that. */
  | { readonly kind: 'adopted'; readonly project: string; readonly positions: ReadonlyMap<string, number> }
  | { readonly kind: 'forgotten'; readonly project: string };

/** What a file holds. */
export interface SegmentReading {
  readonly lines: readonly SegmentLine[];
  /** Bytes of the lines that verify. */
  readonly end: number;
  /** Bytes behind them that are no whole line: an append that was cut off. */
  readonly tornBytes: number;
  /** Why the file cannot be read further, where that is no cut append; null otherwise. */
  readonly damage: string | null;
}

/** The name of the file whose first change is that one. */
export function segmentName(first: number): string {
  return `${String(first).padStart(NAME_DIGITS, '0')}.ndjson`;
}

/** The first change of the file with that name; null where it is none of the feed's. */
export function segmentFirst(name: string): number | null {
  const [, digits] = /^(\d{16})\.ndjson$/.exec(name) ?? [];
  return digits === undefined ? null : Number(digits);
}

/** The head of a file. */
export function headLine(first: number, atMs: number, positions: Positions): string {
  const plain = Object.fromEntries([...positions].map(([project, systems]) => [project, Object.fromEntries(systems)]));
  return sealed({ v: 1, kind: 'head', first, atMs, positions: plain });
}

/** A batch whose first change is that one. */
export function batchLine(first: number, { source, changes }: ChangeBatch): string {
  return sealed({ v: 1, kind: 'batch', first, source: source === null ? null : { ...source }, changes });
}

/** A project is known from here on. */
export function adoptedLine(project: string, positions: ReadonlyMap<string, number>): string {
  return sealed({ v: 1, kind: 'adopted', project, positions: Object.fromEntries(positions) });
}

/** A project is known no more. */
export function forgottenLine(project: string): string {
  return sealed({ v: 1, kind: 'forgotten', project });
}

function sealed(content: object): string {
  const text = JSON.stringify(content);
  return `${sumOf(text)} ${text}\n`;
}

function sumOf(text: string): string {
  return sha256(text).slice(0, SUM_DIGITS);
}

/** Everything that a file holds. */
export function readSegment(bytes: Uint8Array): SegmentReading {
  const lines: SegmentLine[] = [];
  let end = 0;
  while (end < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, end);
    if (newline < 0) return { lines, end, tornBytes: bytes.length - end, damage: null };
    const line = lineIn(new TextDecoder().decode(bytes.subarray(end, newline)));
    if (line === null) {
      // Blocks of a last append may reach the disk in any order: what stands at the very end is torn, not damaged.
      const isLast = newline === bytes.length - 1;
      const damage = isLast ? null : `line ${lines.length + 1} does not verify`;
      return { lines, end, tornBytes: bytes.length - end, damage };
    }
    lines.push(line);
    end = newline + 1;
  }
  return { lines, end, tornBytes: 0, damage: null };
}

const NEWLINE = 10;

function lineIn(text: string): SegmentLine | null {
  const body = text.slice(SUM_DIGITS + 1);
  if (text[SUM_DIGITS] !== ' ' || sumOf(body) !== text.slice(0, SUM_DIGITS)) return null;
  const value = parseJson(body);
  if (!isObject(value) || value.v !== 1) return null;
  switch (value.kind) {
    case 'head':
      return isOrdinal(value.first) && isOrdinal(value.atMs)
        ? { kind: 'head', first: value.first, atMs: value.atMs, positions: positionsIn(value.positions) }
        : null;
    case 'batch':
      return batchIn(value);
    case 'adopted':
      return typeof value.project === 'string'
        ? { kind: 'adopted', project: value.project, positions: ordinalsIn(value.positions) }
        : null;
    case 'forgotten':
      return typeof value.project === 'string' ? { kind: 'forgotten', project: value.project } : null;
    default:
      return null;
  }
}

/** The hash has said that it is as it was written. */
function batchIn({ first, source, changes }: Readonly<Record<string, unknown>>): SegmentLine | null {
  if (!isOrdinal(first) || !Array.isArray(changes)) return null;
  return {
    kind: 'batch',
    first,
    source: source as ChangeSourceRecord | null,
    changes: (changes as object[] as ChangeDraft[]).map((draft, index) => ({ seq: first + index, ...draft })),
  };
}

function positionsIn(value: unknown): Positions {
  const projects = isObject(value) ? Object.entries(value) : [];
  return new Map(projects.map(([project, systems]) => [project, ordinalsIn(systems)]));
}

function ordinalsIn(value: unknown): ReadonlyMap<string, number> {
  const entries = isObject(value) ? Object.entries(value) : [];
  return new Map(entries.filter((entry): entry is [string, number] => isOrdinal(entry[1])));
}
