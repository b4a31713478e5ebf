import { describe, expect, test } from 'vitest';
import { charterViolations, undocumentedExports, unfinishedNotes } from './comments.ts';
import { codeFiles, type SourceFile, told } from './source-tree.ts';

const CHARTER = '/**\n * A thing.\n *\n * Owns: the thing. Does not own: others.\n */\n';
const file = (text: string, path = 'src/run/a.ts'): SourceFile => ({ path, text });
const tree = codeFiles();

describe('a charter', () => {
  test('opens every module, with what it owns and what it does not', () => {
    expect(charterViolations([file(CHARTER), file(`#!/usr/bin/env node\n${CHARTER}`)])).toEqual([]);
    expect(told(charterViolations([file(`import './b.ts';\n${CHARTER}`)]))).toEqual([
      'src/run/a.ts:1 does not open with its charter',
    ]);
    expect(told(charterViolations([file('/**\n * A thing.\n *\n * Owns: the thing.\n */')]))).toEqual([
      "src/run/a.ts:1 its charter lacks 'Does not own:'",
    ]);
    expect(told(charterViolations([file('/**\n * Does not own: others.\n */')]))).toEqual([
      "src/run/a.ts:1 its charter lacks 'Owns:'",
      'src/run/a.ts:1 its charter lacks a sentence',
    ]);
    expect(charterViolations([file('/** A thing. Owns: the thing. Does not own: others. */')])).toEqual([]);
  });

  test('is not asked of tests and of programs that tests start', () => {
    expect(charterViolations([file('', 'test/a.test.ts'), file('', 'test/fixtures/forever.mjs')])).toEqual([]);
  });
});

describe('a doc comment', () => {
  test.each([
    'export function f(): void {}',
    'export async function f(): Promise<void> {}',
    'export const f = 1;',
    'export class f {}',
    'export abstract class f {}',
    'export interface f {}',
    'export type f = string;',
  ])('is missed at `%s`', (line) => {
    expect(told(undocumentedExports([file(`${CHARTER}import './b.ts';\n\n${line}\n`)]))).toEqual([
      'src/run/a.ts:8 export f has no doc comment',
    ]);
    expect(undocumentedExports([file(`${CHARTER}import './b.ts';\n\n/** What holds. */\n${line}\n`)])).toEqual([]);
  });

  test('is neither the charter, nor a plain comment, nor one of the line before', () => {
    expect(undocumentedExports([file(`${CHARTER}export const a = 1;`)])).toHaveLength(1);
    expect(
      undocumentedExports([file(`${CHARTER}import './b.ts';\n/* What holds. */\nexport const a = 1;`)]),
    ).toHaveLength(1);
    expect(undocumentedExports([file(`${CHARTER}/** Of b. */\nconst b = 2;\nexport const a = 1;`)])).toHaveLength(1);
  });

  test('is asked once of an overloaded function', () => {
    const text = `${CHARTER}import './b.ts';\n/** What holds. */\nexport function a(b: string): string;\nexport function a(b: number): number;\n`;
    expect(undocumentedExports([file(text)])).toEqual([]);
  });
});

describe('unfinished work', () => {
  test('is seen in comments', () => {
    const note = ['TO', 'DO'].join('');
    expect(told(unfinishedNotes([file(`const a = '${note}';\n// ${note}: later\n`)]))).toEqual([
      'src/run/a.ts:2 leaves something to do',
    ]);
  });
});

describe('the project', () => {
  test('opens every module with its charter', () => expect(told(charterViolations(tree))).toEqual([]));
  test('documents every export', () => expect(told(undocumentedExports(tree))).toEqual([]));
  test('leaves nothing to do in comments', () => expect(told(unfinishedNotes(tree))).toEqual([]));
});
