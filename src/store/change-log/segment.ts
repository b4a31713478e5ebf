/**
 * One file of the change feed: its lines as text, and what a file holds.
 *
 * Owns: the form of a line, its name, telling a torn end from damage. Does not own: which files there are (store/change-log/segment-folder),
 * appending (store/change-log/change-log).
 *
 * Invariants: 1. A line is its own proof: the hash before it is that of the text behind it, so half of one is never taken for one. 2. Only what lacks its
 * newline is torn: whatever else does not verify, or leaves out a change, is damage.
 */
import { isObject } from '../../base/canonical-json.ts';
import { sha256 } from '../../base/sha256.ts';
import { visibleJson } from '../../base/visible.ts';
import type { Change, ChangeDraft, ChangeSourceRecord } from '../../model/change.ts';
import { decodeText, isOrdinal, parseJson } from '../json-file.ts';
import type { Positions } from './positions.ts';
import type { TextChange } from './recent-changes.ts';

const VERSION = 1;
const SUM_DIGITS = 16;
const NAME_DIGITS = 16;
const NEWLINE = 10;

/** The first line of a file. */
export interface SegmentHead {
  readonly kind: 'head';
  /** The sequence of the first change that can stand in the file. */
  readonly first: number;
  /** The first change of the files that belong together: those before it are another feed's, which was damaged. */
  readonly range: number;
  readonly atMs: number;
  /** When the feed took the place of one that was lost, the last time that this happened; null: it never did. */
  readonly lostAtMs: number | null;
  /** Where the runs were when the file was begun. */
  readonly positions: Positions;
}

/** What a line says. */
export type SegmentLine =
  | SegmentHead
  | {
      readonly kind: 'batch';
      readonly first: number;
      readonly source: ChangeSourceRecord | null;
      readonly changes: readonly TextChange[];
    }
  /** From here on the feed knows the project, whose runs are as far as that. */
  | { readonly kind: 'adopted'; readonly project: string; readonly positions: ReadonlyMap<string, number> }
  | { readonly kind: 'forgotten'; readonly project: string };

/** What a file holds. */
export interface SegmentReading {
  readonly head: SegmentHead | null;
  readonly headBytes: number;
  /** All lines that verify, the head among them. */
  readonly lines: readonly SegmentLine[];
  /** The last change in them; the one before the first that could be, where there is none. */
  readonly last: number;
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

/** The first change of the file with that name, or of one that was set aside with it; null where it is none of the feed's. */
export function segmentFirst(name: string): { readonly first: number; readonly isAside: boolean } | null {
  const [, digits, suffix] = /^(\d{16})\.ndjson(\.damaged-.+)?$/.exec(name) ?? [];
  return digits === undefined ? null : { first: Number(digits), isAside: suffix !== undefined };
}

/** A change, with or without its sequence, as text in which nothing is hidden from whoever prints it. */
export function jsonText(change: ChangeDraft): string {
  return visibleJson(JSON.stringify(change));
}

/** A change with the text that it has in the file and for clients. */
export function textChange(seq: number, draft: ChangeDraft, draftText: string): TextChange {
  return { change: { seq, ...draft }, text: `{"seq":${seq},${draftText.slice(1)}` };
}

/** The line as it stands in a file, with its newline. */
export function lineText(line: SegmentLine): string {
  const text = contentText(line);
  return `${sumOf(text)} ${text}\n`;
}

function contentText(line: SegmentLine): string {
  switch (line.kind) {
    case 'head': {
      const projects = [...line.positions].map(([project, systems]) => [project, Object.fromEntries(systems)] as const);
      const { lostAtMs, ...head } = line;
      const lost = lostAtMs === null ? {} : { lostAtMs };
      return JSON.stringify({ v: VERSION, ...head, ...lost, positions: Object.fromEntries(projects) });
    }
    case 'batch': {
      const changes = line.changes.map(({ text }) => text).join(',');
      return `{"v":${VERSION},"kind":"batch","first":${line.first},"source":${JSON.stringify(line.source)},"changes":[${changes}]}`;
    }
    case 'adopted':
      return JSON.stringify({ v: VERSION, ...line, positions: Object.fromEntries(line.positions) });
    case 'forgotten':
      return JSON.stringify({ v: VERSION, ...line });
  }
}

function sumOf(text: string): string {
  return sha256(text).slice(0, SUM_DIGITS);
}

/** The changes in the lines. */
export function changesIn(lines: readonly SegmentLine[]): readonly TextChange[] {
  return lines.flatMap((line) => (line.kind === 'batch' ? line.changes : []));
}

/** Everything in the file whose first change is that one. */
export function readSegment(bytes: Uint8Array, first: number): SegmentReading {
  const lines: SegmentLine[] = [];
  let head: SegmentHead | null = null;
  let [headBytes, last, end] = [0, first - 1, 0];
  const reading = (damage: string | null, tornBytes = 0): SegmentReading => {
    return { head, headBytes, lines, last, end, tornBytes, damage };
  };
  while (end < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, end);
    // The head was durable before the file had its name.
    if (newline < 0) return head === null ? reading('it has no head') : reading(null, bytes.length - end);
    const line = lineIn(bytes.subarray(end, newline));
    const fault = line === null ? 'does not verify' : faultOf(line, head, first, last);
    if (line === null || fault !== null) return reading(`line ${lines.length + 1} ${fault}`);
    lines.push(line);
    end = newline + 1;
    if (line.kind === 'head') [head, headBytes] = [line, end];
    if (line.kind === 'batch') last += line.changes.length;
  }
  return head === null ? reading('it has no head') : reading(null);
}

/** Why the line cannot stand there. */
function faultOf(line: SegmentLine, head: SegmentHead | null, first: number, last: number): string | null {
  if ((line.kind === 'head') !== (head === null)) return head === null ? 'is no head' : 'is another head';
  if (line.kind === 'head' && line.first !== first) return `begins at ${line.first}, not ${first}`;
  if (line.kind === 'batch' && line.first !== last + 1) return `goes on at ${line.first}, not ${last + 1}`;
  return null;
}

function lineIn(bytes: Uint8Array): SegmentLine | null {
  const text = decodeText(bytes);
  const body = text?.slice(SUM_DIGITS + 1);
  if (text === null || body === undefined || text !== `${sumOf(body)} ${body}`) return null;
  const value = parseJson(body);
  // The hash has said that it is as a version of Pawl wrote it: whose, the version says.
  if (!isObject(value) || value.v !== VERSION) return null;
  switch (value.kind) {
    case 'head': {
      const { first, range, atMs } = value;
      if (!isOrdinal(first) || !isOrdinal(range) || !isOrdinal(atMs)) return null;
      const lostAtMs = isOrdinal(value.lostAtMs) ? value.lostAtMs : null;
      return { kind: 'head', first, range, atMs, lostAtMs, positions: positionsIn(value.positions) };
    }
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

function batchIn({ first, source, changes }: Readonly<Record<string, unknown>>): SegmentLine | null {
  if (!isOrdinal(first) || !Array.isArray(changes)) return null;
  const found = (changes as readonly Change[]).map((change) => ({ change, text: jsonText(change) }));
  if (found.some(({ change }, index) => change.seq !== first + index)) return null;
  return { kind: 'batch', first, source: source as ChangeSourceRecord | null, changes: found };
}

function positionsIn(value: unknown): Positions {
  const projects = isObject(value) ? Object.entries(value) : [];
  return new Map(projects.map(([project, systems]) => [project, ordinalsIn(systems)]));
}

function ordinalsIn(value: unknown): ReadonlyMap<string, number> {
  const entries = isObject(value) ? Object.entries(value) : [];
  return new Map(entries.filter((entry): entry is [string, number] => isOrdinal(entry[1])));
}
