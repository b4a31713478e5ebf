/** However the bytes of an output arrive, and wherever a reader begins again: the same lines, each once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../src/model/limits.ts';
import { FIRST_LINE, type LineCursor, type OutputLine, readLines, readRest } from '../../src/turn/agent-lines.ts';
import { seeded } from '../properties/seed.ts';

const bytesOf = (text: string): Buffer => Buffer.from(text);
const kindsOf = (lines: readonly OutputLine[]): string[] => lines.map(({ content }) => content.kind);
const MAX = BOUNDS.lineBytes;

/** A line of any sort, its end included. */
const someLine = fc.oneof(
  fc.json().map((json) => bytesOf(`${json}\n`)),
  fc.constantFrom('\n', '  \t\n', '{"half":\n', 'words\n', '\r\n', '{"a":1}\r\n').map(bytesOf),
  fc.constant(Buffer.from([0x22, 0xff, 0xfe, 0x22, 0x0a])),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => bytesOf(`${JSON.stringify(text)}\n`)),
);
const rest = fc.oneof(fc.constant(''), fc.json(), fc.constantFrom('{"cut', '   ', '"ü', '[1,2')).map(bytesOf);
const output = fc
  .tuple(fc.array(someLine, { maxLength: 12 }), rest)
  .map(([lines, last]) => Buffer.concat([...lines, last]));

/** Reads `all` as one does who finds `sizes` more bytes at each look, and starts again from its cursor alone. */
function inPieces(all: Buffer, sizes: readonly number[]): { lines: OutputLine[]; cursor: LineCursor } {
  const lines: OutputLine[] = [];
  let cursor = FIRST_LINE;
  let known = 0;
  for (const size of sizes) {
    known = Math.min(all.length, known + size);
    const reading = readLines(cursor, all.subarray(cursor.offset, known));
    lines.push(...reading.lines);
    ({ cursor } = reading);
  }
  return { lines, cursor };
}

describe('an output', () => {
  it('read in any pieces, from any cursor on, has the lines of one reading', () => {
    fc.assert(
      fc.property(output, fc.array(fc.nat(30), { maxLength: 40 }), (all, sizes) => {
        const whole = readRest(FIRST_LINE, all);
        const { lines, cursor } = inPieces(all, sizes);
        const last = readRest(cursor, all.subarray(cursor.offset));
        expect([...lines, ...last.lines]).toEqual(whole.lines);
        expect(last.cursor).toEqual(whole.cursor);
        expect(whole.cursor.offset).toBe(all.length);
      }),
      seeded(300),
    );
  });

  it('gives every line once, in order, at its own place', () => {
    fc.assert(
      fc.property(output, (all) => {
        const offsets = readRest(FIRST_LINE, all).lines.map(({ offset }) => offset);
        expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
        for (const offset of offsets) expect(offset === 0 || all[offset - 1] === 0x0a).toBe(true);
      }),
      seeded(100),
    );
  });
});

describe('the last line', () => {
  it('is none while it has no end, and is one afterwards if it is whole', () => {
    const { lines, cursor } = readLines(FIRST_LINE, bytesOf('{"a":1}\n{"b":2}'));
    expect(lines).toEqual([{ offset: 0, content: { kind: 'json', value: { a: 1 } } }]);
    expect(cursor).toEqual({ offset: 8, isSkipping: false });
    expect(readRest(cursor, bytesOf('{"b":2}')).lines).toEqual([
      { offset: 8, content: { kind: 'json', value: { b: 2 } } },
    ]);
  });

  it('is counted as malformed where it was cut off, be it in the middle of a character', () => {
    expect(kindsOf(readRest(FIRST_LINE, bytesOf('{"b":')).lines)).toEqual(['malformed']);
    expect(kindsOf(readRest(FIRST_LINE, bytesOf('"ü"').subarray(0, 2)).lines)).toEqual(['malformed']);
    expect(kindsOf(readRest(FIRST_LINE, bytesOf('')).lines)).toEqual([]);
  });
});

describe('a line over the bound', () => {
  const long = Buffer.alloc(MAX + 1, 0x78);
  const quoted = (length: number): Buffer => bytesOf(`"${'x'.repeat(length - 2)}"\n`);

  it('is reported once, and everything up to its end is left out', () => {
    const first = readLines(FIRST_LINE, long);
    expect(kindsOf(first.lines)).toEqual(['overlong']);
    const second = readLines(first.cursor, bytesOf('more of it\n{"next":1}\n'));
    expect(second.lines.map(({ content }) => content)).toEqual([{ kind: 'json', value: { next: 1 } }]);
    expect(readRest(first.cursor, bytesOf('and the end')).lines).toEqual([]);
  });

  it('is the same line in one piece and in several, one byte over and not at the bound', () => {
    expect(kindsOf(readLines(FIRST_LINE, quoted(MAX)).lines)).toEqual(['json']);
    expect(kindsOf(readLines(FIRST_LINE, quoted(MAX + 1)).lines)).toEqual(['overlong']);
    expect(kindsOf(readRest(FIRST_LINE, quoted(MAX + 1).subarray(0, -1)).lines)).toEqual(['overlong']);
    for (const length of [MAX, MAX + 1]) {
      const all = Buffer.concat([quoted(length), bytesOf('{}\n')]);
      const { lines } = inPieces(all, [MAX - 1, 1, 1, 1, 10]);
      expect(lines).toEqual(readLines(FIRST_LINE, all).lines);
    }
  });
});
