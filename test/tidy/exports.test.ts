import { describe, expect, test } from 'vitest';
import { exportViolations } from './exports.ts';
import { importingFiles, type SourceFile, told } from './source-tree.ts';

const file = (path: string, ...lines: readonly string[]): SourceFile => ({ path, text: lines.join('\n') });
const PART = file('src/run/part.ts', '/** A. */', 'export function a(): number {', '  return 1;', '}');
const TEST = file('test/run/part.test.ts', "import { a } from '../../src/run/part.ts';", 'a();');

describe('an export that no production code needs', () => {
  test('is one that only tests use', () => {
    expect(told(exportViolations([PART, TEST]))).toEqual([
      'src/run/part.ts:2 exports a, which only tests use: move it to test/',
    ]);
  });

  test('is one that nothing uses, whatever else a file of that name imports', () => {
    const other = file('src/run/other.ts', "import { b } from './part.ts';", 'b();');
    const namesake = file('src/app/own.ts', 'const a = 1;', 'export default a;');
    expect(told(exportViolations([PART, other, namesake]))).toEqual([
      'src/run/part.ts:2 exports a, which nothing uses',
    ]);
  });

  test('is one that only its own file uses', () => {
    const own = file(
      'src/run/own.ts',
      'export const LIMIT = 3;',
      'export async function go() {',
      '  return LIMIT;',
      '}',
    );
    const user = file('src/app/user.ts', "export { go } from '../run/own.ts';");
    expect(told(exportViolations([own, user]))).toEqual(['src/run/own.ts:1 exports LIMIT, which only this file uses']);
  });

  test.each([
    ['another file of src/ imports it', file('src/app/user.ts', "import { a } from '../run/part.ts';", 'a();')],
    ['a component of the page imports it', file('src/inspector/page/a.tsx', "import { a } from '../../run/part.ts';")],
    ['a machine imports it', file('machines/run/a.ts', "import { a } from '../../src/run/part.ts';")],
    ['it is loaded late', file('src/app/user.ts', "(await import('../run/part.ts')).a();")],
    ['a public entry hands it on', file('src/index.ts', "export { a } from './run/part.ts';")],
  ])('is none when %s', (_, user) => {
    expect(exportViolations([PART, TEST, user])).toEqual([]);
  });

  test('is none when its own file uses it and a test tests it', () => {
    const used = file(PART.path, PART.text, 'export const b = a();');
    const user = file('src/app/user.ts', "import { b } from '../run/part.ts';");
    expect(exportViolations([used, TEST, user])).toEqual([]);
  });

  test('is none in a public entry, and a type is none', () => {
    const entry = file('src/index.ts', 'export const a = 1;');
    const types = file('src/run/types.ts', 'export interface A {}', 'export type B = A;');
    expect(exportViolations([entry, types])).toEqual([]);
  });
});

describe('the project', () => {
  test('exports nothing of src/ that no production code needs', () => {
    expect(told(exportViolations(importingFiles()))).toEqual([]);
  });
});
