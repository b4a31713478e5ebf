/**
 * Cuts an agent's output into lines, from any byte on: every reader gets the same lines, however the bytes arrive.
 *
 * Owns: line ends, the bound of a line, broken UTF-8 and broken JSON. Does not own: reading the file (worker/turn-output), what a line means (adapters/agents).
 *
 * Invariants: 1. A line is known by its position in the output and is given once: a reader continues at its cursor, never before it, except for
 * the last line of all, whose bound is wider. 2. A line without its end does not count while the agent may still write; once the agent is gone, the rest is a line if it is complete JSON, else it is dropped and counted. 3. Memory is bounded (L9).
 */
import type { Json } from '../base/canonical-json.ts';
import { BOUNDS } from '../model/limits.ts';

/** Where a reader stands. */
export interface LineCursor {
  /** The first byte that belongs to no line given so far. */
  readonly offset: number;
  /** True inside a line that exceeds the bound: everything up to its end is left out. */
  readonly isSkipping: boolean;
}

/** What a line holds. */
export type LineContent =
  | { readonly kind: 'json'; readonly value: Json }
  | { readonly kind: 'blank' | 'malformed' | 'overlong' };

/** A line of the output. */
export interface OutputLine {
  /** Of its first byte in the output. */
  readonly offset: number;
  readonly content: LineContent;
}

/** The result of reading. */
export interface LineReading {
  readonly lines: readonly OutputLine[];
  readonly cursor: LineCursor;
}

/** Where every reader begins. */
export const FIRST_LINE: LineCursor = { offset: 0, isSkipping: false };

const LINE_FEED = 10;

/** The lines that end within `bytes`, which begin at the cursor's offset; the cursor after them. */
export function readLines(cursor: LineCursor, bytes: Uint8Array): LineReading {
  const lines: OutputLine[] = [];
  let { isSkipping } = cursor;
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(LINE_FEED, start);
    if (end === -1) break;
    if (!isSkipping) lines.push(lineOf(cursor.offset + start, bytes.subarray(start, end)));
    isSkipping = false;
    start = end + 1;
  }
  if (isSkipping) return { lines, cursor: { offset: cursor.offset + bytes.length, isSkipping } };
  if (bytes.length - start <= BOUNDS.lineBytes) return { lines, cursor: { offset: cursor.offset + start, isSkipping } };
  lines.push({ offset: cursor.offset + start, content: { kind: 'overlong' } });
  return { lines, cursor: { offset: cursor.offset + bytes.length, isSkipping: true } };
}

/** The last line when nothing more will be written: `bytes` are what is left from the cursor on. */
export function readRest(cursor: LineCursor, bytes: Uint8Array): LineReading {
  const { lines, cursor: after } = readLines(cursor, bytes);
  const rest = bytes.subarray(after.offset - cursor.offset);
  if (after.isSkipping || rest.length === 0) return { lines, cursor: after };
  return {
    lines: [...lines, lineOf(after.offset, rest)],
    cursor: { offset: after.offset + rest.length, isSkipping: false },
  };
}

/** The last line of all, which may be longer than others: `bytes` are what is left of the output from its first byte on, or one more than its bound. */
export function readLastLine(offset: number, bytes: Uint8Array): OutputLine {
  const end = bytes.indexOf(LINE_FEED);
  return lineOf(offset, end === -1 ? bytes : bytes.subarray(0, end), BOUNDS.lastLineBytes);
}

function lineOf(offset: number, bytes: Uint8Array, bytesMax: number = BOUNDS.lineBytes): OutputLine {
  if (bytes.length > bytesMax) return { offset, content: { kind: 'overlong' } };
  return { offset, content: contentOf(bytes) };
}

function contentOf(bytes: Uint8Array): LineContent {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
    return text === '' ? { kind: 'blank' } : { kind: 'json', value: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return { kind: 'malformed' };
    throw error;
  }
}
