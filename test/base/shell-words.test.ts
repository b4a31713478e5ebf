import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shellCommand, shellWord } from '../../src/base/shell-words.ts';
import { visible } from '../../src/base/visible.ts';
import { seeded } from '../properties/seed.ts';
import { HOSTILE } from '../support/hostile-names.ts';
import { readWithShell } from '../support/shell-reader.ts';

describe('a word of a shown command', () => {
  test.each([
    ['run_WID-12_0123456789ab', 'run_WID-12_0123456789ab'],
    ['--registry=/a/b', '--registry=/a/b'],
    ['', "''"],
    ["it's", `'it'\\''s'`],
    ['=ls', "'=ls'"],
    ['a b', "'a b'"],
    ['~', "'~'"],
    ['a\nb', "$'a\\012b'"],
    ["a\u202e'\\", "$'a\\342\\200\\256\\047\\134'"],
  ])('%j is written %s', (word, written) => {
    expect(shellWord(word)).toBe(written);
  });

  test('holds nothing that a terminal obeys or that cannot be seen, whatever it stands for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 0x10ffff })), (points) => {
        const word = String.fromCodePoint(...points);
        const written = shellWord(word);
        expect(visible(written)).toBe(written);
      }),
      seeded(200),
    );
  });
});

describe('a shown command', () => {
  const argvs = [
    ...HOSTILE.map((word) => ['pawl', 'resolve', word, 'abandon', '--reason', '']),
    ...HOSTILE.map((word) => ['git', 'log', `main..${word}`, word]),
    ...fc
      .sample(
        fc.array(fc.string({ unit: fc.constantFrom(...`'"\\$\`!;&|<>(){}[]*?#~ \t\n\u0003\u001b\u202eé0a`) })),
        seeded(300),
      )
      .map((words) => ['pawl', ...words.map((word) => word.replaceAll('\0', ''))]),
  ];

  test('is read by bash as exactly its words, and nothing else runs', () => {
    const { ran, complaints, files } = readWithShell('bash', argvs.map(shellCommand));
    expect({ complaints, files }).toEqual({ complaints: '', files: [] });
    expect(ran).toEqual(argvs);
  });

  test('is read by sh as exactly its words where nothing is hidden in them, and nothing else ever runs', () => {
    const { ran, complaints, files } = readWithShell('sh', argvs.map(shellCommand));
    expect({ complaints, files }).toEqual({ complaints: '', files: [] });
    expect(ran.map((words) => words.length)).toEqual(argvs.map((words) => words.length));
    const plain = argvs.flatMap((words, at) => (words.every((word) => visible(word) === word) ? [at] : []));
    expect(plain.map((at) => ran[at])).toEqual(plain.map((at) => argvs[at]));
    expect(plain.length).toBeGreaterThan(20);
  });
});
