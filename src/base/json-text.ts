/**
 * JSON that people write: its value, or what is wrong with the text and in which line and column.
 *
 * Owns: that reading, and the tree of a text with the place of every value. Does not own: what the value has to be.
 *
 * Invariant: a name that stands twice in one object is refused: whichever of the two counts, somebody meant the other.
 */
import { type DocumentNode, parse, type ValueNode } from '@humanwhocodes/momoa';
import { visible } from './visible.ts';

/** What a text says, or why it says nothing: a clause without a full stop, `line 3, column 7: …`. */
export type JsonReading =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'wrong'; readonly problem: string; readonly cause?: unknown };

/** Reads `text`; a byte order mark before it is passed over. */
export function readJson(text: string): JsonReading {
  try {
    const value: unknown = JSON.parse(withoutMark(text));
    const repeated = repeatedName(jsonTree(text).body);
    return repeated === null ? { kind: 'value', value } : { kind: 'wrong', problem: repeated };
  } catch (error) {
    if (error instanceof RangeError) {
      return { kind: 'wrong', problem: `${placeOf(text, tooDeepAt(text))}it is nested too deeply`, cause: error };
    }
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: 'wrong', problem: `${whereIn(text, error)}it is not JSON: ${wording(error)}`, cause: error };
  }
}

/** The tree of a text that is JSON, with the offset of every value. */
export function jsonTree(text: string): DocumentNode {
  return parse(text.startsWith(MARK) ? ` ${text.slice(MARK.length)}` : text, { mode: 'json', ranges: true });
}

const MARK = '\uFEFF';

function withoutMark(text: string): string {
  return text.startsWith(MARK) ? text.slice(MARK.length) : text;
}

function repeatedName(node: ValueNode): string | null {
  if (node.type === 'Array') return firstOf(node.elements, (element) => repeatedName(element.value));
  if (node.type !== 'Object') return null;
  const firstLines = new Map<string, number>();
  return firstOf(node.members, ({ name, value }) => {
    const text = name.type === 'String' ? name.value : name.name;
    const { line, column } = name.loc.start;
    const first = firstLines.get(text);
    if (first !== undefined)
      return `line ${line}, column ${column}: duplicate name "${named(text)}", first on line ${first}`;
    firstLines.set(text, line);
    return repeatedName(value);
  });
}

function named(text: string): string {
  const shown = visible(text);
  return shown.length > NAME_CHARS_MAX ? `${shown.slice(0, NAME_CHARS_MAX)}…` : shown;
}

const NAME_CHARS_MAX = 60;

function firstOf<T>(items: readonly T[], find: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

/** `line 3, column 7: `, by what the engine says or, where it says nothing of it, by where the tree breaks off. */
function whereIn(text: string, error: SyntaxError): string {
  if (error.message.startsWith('Unexpected end')) return placeOf(text, withoutMark(text).length);
  const [, position] = /at position (\d+)/.exec(error.message) ?? [];
  return placeOf(text, position === undefined ? (brokenAt(text) ?? incompleteFrom(text)) : Number(position));
}

function placeOf(text: string, offset: number | null): string {
  if (offset === null) return '';
  const before = withoutMark(text)
    .slice(0, offset)
    .split(/\r\n|\r|\n/);
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: `;
}

function brokenAt(text: string): number | null {
  try {
    parse(withoutMark(text), { mode: 'json' });
    return null;
  } catch (error) {
    return error instanceof Error && 'offset' in error && typeof error.offset === 'number' ? error.offset : null;
  }
}

/** Where the engine gives no place and the tree cannot be made: up to there the text is the beginning of JSON. */
function incompleteFrom(text: string): number {
  const whole = withoutMark(text);
  let [good, bad] = [0, whole.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isBeginning(whole.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return isBeginning(whole) ? whole.length : good;
}

function isBeginning(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return /^(?:Unexpected end|Unterminated)/.test(error.message);
  }
}

/** Where the text is deeper than it may be; null where it is not. */
function tooDeepAt(text: string): number | null {
  let depth = 0;
  const token = /"(?:[^"\\]|\\.)*"|[[\]{}]/gsu;
  const whole = withoutMark(text);
  for (let match = token.exec(whole); match !== null; match = token.exec(whole)) {
    if (match[0] === '[' || match[0] === '{') depth += 1;
    else if (match[0] === ']' || match[0] === '}') depth -= 1;
    if (depth > DEPTH_MAX) return match.index;
  }
  return null;
}

/** No file that a person writes is as deep; what can be read of a deeper one depends on the machine. */
const DEPTH_MAX = 1_000;

/** The engine's words without the place and without the text itself, which may be long. */
function wording({ message }: SyntaxError): string {
  const words = message.replace(/, (?:\.\.\.)?"[\s\S]*$/, '').replace(/ (?:in JSON )?at position \d+[\s\S]*$/, '');
  return words.endsWith('is not valid JSON') ? 'a value is expected' : visible(lowered(words)).replace(/\s/g, ' ');
}

function lowered(words: string): string {
  return words.slice(0, 1).toLowerCase() + words.slice(1);
}
