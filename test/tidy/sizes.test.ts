import { describe, expect, test } from 'vitest';
import { FILE_LINES_ADVISED, longFiles, longFunctions } from './sizes.ts';
import { codeFiles, type SourceFile, told } from './source-tree.ts';

const file = (text: string, path = 'src/run/a.ts'): SourceFile => ({ path, text });
const body = (lines: number): string => '  step();\n'.repeat(lines);
const tree = codeFiles();

describe('sizes', () => {
  test('a file with a line too many is seen, one at the limit is not', () => {
    expect(told(longFiles([file('a;\n'.repeat(5))], 4))).toEqual([
      'src/run/a.ts has 5 lines of 4: look for the second idea in it',
    ]);
    expect(longFiles([file('a;\n'.repeat(4))], 4)).toEqual([]);
  });

  test.each([
    ['a function', 'export function a(b: { c: string }): void {'],
    ['an async function', 'export async function a(): Promise<Map<string, number>> {'],
    ['a function with an object as return type', 'function a(b: string): { readonly c: string } | null {'],
    ['a function with a list of objects as return type', 'function a(): readonly { c: string }[] {'],
    ['a function that returns a function', 'function a(): (b: string) => void {'],
    ['a generic function', 'function a<T extends { b: (c: string) => void }>(d: T): d is T {'],
    ['an arrow function', 'const a = (b: string): void => {'],
    ['a method', '  private async a(b = 1): Promise<void> {'],
    ['a private method', '  #a(b: string) {'],
    ['a constructor', '  constructor(readonly a: string) {'],
    ['a test', "test('a true sentence', async () => {"],
  ])('%s that is too long is seen', (_name, header) => {
    expect(told(longFunctions([file(`\n${header}\n${body(4)}}\n`)], 5))).toEqual([
      'src/run/a.ts:2 a function of 6 lines, of 5: look for the second idea in it',
    ]);
    expect(longFunctions([file(`\n${header}\n${body(4)}}\n`)], 6)).toEqual([]);
  });

  test.each([
    ['describe', "describe('a thing', () => {"],
    ['an object', 'const a: Record<string, number> = {'],
    ['a type', 'interface A {'],
    ['a signature without a body', 'declare function a(): { b: string };\nconst c = {'],
    ['a call', 'call({'],
    ['a class', 'class A extends B {'],
  ])('%s is no function', (_name, header) => {
    expect(longFunctions([file(`\n${header}\n${body(9)}}\n`)], 5)).toEqual([]);
  });
});

describe('the project', () => {
  test('has no file past the hard limit', () => {
    const advised = told(longFiles(tree, FILE_LINES_ADVISED));
    if (advised.length > 0) console.warn(`past the advised length:\n${advised.join('\n')}`);
    expect(told(longFiles(tree))).toEqual([]);
  });
  test('has no function past the limit', () => expect(told(longFunctions(tree))).toEqual([]));
});
