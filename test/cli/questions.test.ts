/** A question is answered or abandoned; nothing that was typed is lost. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { type Questions, questionsOn } from '../../src/cli/questions.ts';

function open(): { readonly input: PassThrough; readonly questions: Questions } {
  const input = new PassThrough();
  return { input, questions: questionsOn(input, new PassThrough()) };
}

test('lines that are pasted at once answer one question each', async () => {
  const { input, questions } = open();
  const first = questions.ask('a? ');
  input.write('one\n  two  \n\nfour\n');
  expect(await first).toBe('one');
  expect([await questions.ask('b? '), await questions.ask('c? ')]).toEqual(['two', '']);
  questions.close();
  expect([await questions.ask('d? '), await questions.ask('e? ')]).toEqual(['four', null]);
});

test.each([
  ['the end of input', '\u0004', 2],
  ['Ctrl-C', '\u0003', 130],
])('%s gives up what is asked and what is asked later', async (_title, key, exit) => {
  const { input, questions } = open();
  const asked = questions.ask('a? ');
  input.write(key);
  expect([await asked, await questions.ask('b? ')]).toEqual([null, null]);
  expect(questions.exitCode()).toBe(exit);
});
