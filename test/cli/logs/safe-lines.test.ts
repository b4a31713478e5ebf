/** A text shown line by line hides what the same text hides as a whole. */
import { expect, it } from 'vitest';
import { sanitise } from '../../../src/base/sanitise.ts';
import { SafeLines } from '../../../src/cli/safe-lines.ts';

function shown(text: string): readonly string[] {
  const lines = new SafeLines();
  return text.split('\n').flatMap((line) => lines.take(line));
}

const KEY = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n${'A+/z09=='.repeat(8)}\n${'B'.repeat(64)}\n-----END RSA PRIVATE KEY-----`;

it.each([
  ['escapes, bells and marks', '\u001b[31mred\u001b[0m \u0007\u009b1m x\u202ey \u001b]0;title\u0007end'],
  ['secrets', 'token=abcdefgh12345678 and https://me:pass@example.invalid'],
  ['a lone surrogate', 'a\ud800b'],
])('%s', (_what, text) => {
  expect(shown(text).join('\n')).toBe(sanitise(text, 10_000));
});

it('hides the lines of a private key and nothing else', () => {
  expect(shown(`before\n${KEY}\nafter`)).toEqual(['before', '[secret]', 'after']);
});

it('shows everything after a mere mention of a private key', () => {
  const text = 'It begins with -----BEGIN PRIVATE KEY-----\nand then there is more.\nDONE';
  expect(shown(text)).toEqual(['It begins with [secret]', 'and then there is more.', 'DONE']);
});

it('shows what a carriage return would overwrite, and none for the end of a line', () => {
  expect(shown('50 %\r100 %\r')).toEqual(['50 %', '100 %']);
});
