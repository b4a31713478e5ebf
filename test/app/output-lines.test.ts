/** Lines are the same however the bytes arrive. */
import { expect, it } from 'vitest';
import { OutputLines } from '../../src/app/output-lines.ts';
import { BOUNDS } from '../../src/model/limits.ts';

const TEXT = 'one\n\nzwei Körbe €5 \u{1f600}\r\nlast';
const bytes = Buffer.from(TEXT);

it('gives the same lines wherever the bytes are divided, also within a character', () => {
  for (let at = 0; at <= bytes.length; at += 1) {
    const lines = new OutputLines();
    const given = [...lines.take(bytes.subarray(0, at)), ...lines.take(bytes.subarray(at)), ...lines.rest()];
    expect(given, `divided at ${at}`).toEqual(TEXT.split('\n'));
  }
});

it('gives nothing of a line before its end, and nothing more when there is nothing left', () => {
  const lines = new OutputLines();
  expect(lines.take(Buffer.from('half'))).toEqual([]);
  expect(lines.take(Buffer.from(' a line\n'))).toEqual(['half a line']);
  expect(lines.rest()).toEqual([]);
});

it('gives a line over the bound in pieces that end between characters', () => {
  const long = `${'x'.repeat(BOUNDS.lineBytes - 2)}\u{1f600}${'y'.repeat(10)}`;
  const lines = new OutputLines();
  expect(lines.take(Buffer.from(long)).map((line) => line.length)).toEqual([BOUNDS.lineBytes - 2]);
  expect(lines.rest()).toEqual([`\u{1f600}${'y'.repeat(10)}`]);
});

it('shows bytes that are no UTF-8 as what they are not', () => {
  const lines = new OutputLines();
  expect(lines.take(Buffer.from([0x61, 0xff, 0x62, 10]))).toEqual(['a\ufffdb']);
});
