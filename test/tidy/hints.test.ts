/** Hints are sentences: each begins in upper case and ends with a full stop, unless it is a command. */
import { expect, test } from 'vitest';
import { codeFiles } from './source-tree.ts';

/** A hint that is one literal, on the line of its name. */
const HINT = /\bhint: (['"`])((?:(?!\1).)*)\1[,\s}]/g;
const COMMAND = /^(?:pawl|gh|git) /;

function badHints(text: string): readonly string[] {
  return [...text.matchAll(HINT)].flatMap(([, , hint = '']) =>
    hint === '' || COMMAND.test(hint) || /^[A-Z`$"[].*[.!})]$/s.test(hint) ? [] : [hint],
  );
}

test('a hint in lower case, or without an end, is seen', () => {
  expect(badHints("    hint: 'check the disk.',\n    hint: 'Check the disk',\n    hint: 'Check the disk.',\n")).toEqual(
    ['check the disk.', 'Check the disk'],
  );
});

test('every hint of the shipped source is a sentence or a command', () => {
  const sources = codeFiles().filter(({ path }) => path.startsWith('src/') && !path.startsWith('src/prove/'));
  expect(sources.flatMap(({ path, text }) => badHints(text).map((hint) => `${path}: ${hint}`))).toEqual([]);
});
