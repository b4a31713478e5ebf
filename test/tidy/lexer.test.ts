import { describe, expect, test } from 'vitest';
import { maskSource } from './lexer.ts';
import { codeFiles } from './source-tree.ts';

const codeOf = (text: string): string => maskSource(text).code.replace(/\s+/g, ' ').trim();
const commentsOf = (text: string): string => maskSource(text).comments.replace(/\s+/g, ' ').trim();

describe('the masks of a source file', () => {
  test('comments leave the code and stand alone in the other mask', () => {
    const text = 'const a = 1; // any\n/* as unknown as */ const b = 2;';
    expect(codeOf(text)).toBe('const a = 1; const b = 2;');
    expect(commentsOf(text)).toBe('// any /* as unknown as */');
  });

  test('the content of strings, templates and regular expressions is no code', () => {
    expect(codeOf(`const a = 'any // no';`)).toBe(`const a = ' ';`);
    expect(codeOf('const a = "it\'s \\" any";')).toBe('const a = " ";');
    expect(codeOf('const a = `any`;')).toBe('const a = ` `;');
    expect(codeOf(`const a = /'any[/]x/g; const b = 'c';`)).toBe(`const a = / /g; const b = ' ';`);
    expect(codeOf('return /any/;')).toBe('return / /;');
  });

  test('a division is not taken for a regular expression', () => {
    expect(codeOf(`const a = b / c; const d = 'any' / e;`)).toBe(`const a = b / c; const d = ' ' / e;`);
  });

  test('the holes of a template are code, with braces and templates inside', () => {
    const [hole, open] = ['${', '{'];
    const text = `const a = \`x ${hole}f(${open} b: \`any ${hole}c} any\` })} any\`; const d = 1;`;
    const code = codeOf(text);
    expect(code).toContain('f({ b: `');
    expect(code).toContain('c');
    expect(code).toMatch(/const d = 1;$/);
    expect(code).not.toContain('any');
  });

  test('both masks keep length and line ends of every file of the project', () => {
    for (const { path, text } of codeFiles()) {
      const { code, comments } = maskSource(text);
      expect([path, code.length, comments.length]).toEqual([path, text.length, text.length]);
      expect(code.split('\n').length, path).toBe(text.split('\n').length);
    }
  });

  test('braces of every file of the project are balanced in its code', () => {
    for (const { path, text } of codeFiles()) {
      const { code } = maskSource(text);
      const opened = code.split('{').length;
      const closed = code.split('}').length;
      expect([path, opened]).toEqual([path, closed]);
    }
  });
});
