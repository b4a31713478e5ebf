/** JSON that people write: what is wrong with it is told with its line and column. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../src/base/json-text.ts';
import { seeded } from '../properties/seed.ts';

const problemOf = (text: string): string => {
  const reading = readJson(text);
  return reading.kind === 'wrong' ? reading.problem : 'nothing';
};

describe('JSON that people write', () => {
  it('has the value that JSON.parse gives it, whatever the layout, with a byte order mark or without', () => {
    const check = (value: unknown, indent: string | undefined, mark: string): void => {
      const text = JSON.stringify(value, null, indent);
      expect(readJson(mark + text)).toEqual({ kind: 'value', value: JSON.parse(text) });
    };
    const layouts = fc.constantFrom(undefined, '  ', '\t');
    fc.assert(fc.property(fc.jsonValue(), layouts, fc.constantFrom('', '\uFEFF'), check), seeded(300));
  });

  it.each([
    ['{"a": 1,\n "b": 2,\r\n "a": 3}', 'line 3, column 2: "a" is there twice, first in line 1'],
    ['[{"a": [{"x": 1, "x": 1}]}]', 'line 1, column 18: "x" is there twice, first in line 1'],
    ['\uFEFF{"a":1,"a":2}', 'line 1, column 9: "a" is there twice, first in line 1'],
    ['{"\\u0061": 1, "a": 2}', 'line 1, column 15: "a" is there twice, first in line 1'],
    ['{"__proto__": 1, "__proto__": 2}', 'line 1, column 18: "__proto__" is there twice, first in line 1'],
    ['{"a\u202eb": 1, "a\u202eb": 2}', 'line 1, column 12: "a\\u{202e}b" is there twice, first in line 1'],
  ])('is refused where a name stands twice in one object: %j', (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  it('may name the same thing in different objects', () => {
    expect(readJson('[{"a": {"a": 1}}, {"a": 2}]')).toMatchObject({ kind: 'value' });
  });

  it.each([
    ['{"packets": [\n  {"task_id": "A",}\n]}', 'line 2, column 19: it is not JSON: '],
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: it is not JSON: '],
    ["{\n  'a': 1}", 'line 2, column 3: it is not JSON: '],
    ['{"a": 1}\n\nmore', 'line 3, column 1: it is not JSON: '],
    ['\uFEFF{"a": tru}', 'line 1, column '],
    ['// no\n{}', 'line 1, column 1: it is not JSON: '],
    ['NaN', 'line 1, column 1: it is not JSON: a value is expected'],
    ['{"a": 1', 'line 1, column 8: it is not JSON: '],
    ['', 'line 1, column 1: it is not JSON: '],
    ['"a\nb"', 'line 1, column 3: it is not JSON: '],
  ])('is refused with its place where it is none: %j', (text, beginning) => {
    const problem = problemOf(text);
    expect(problem.slice(0, beginning.length)).toBe(beginning);
    expect(problem).not.toMatch(/position|\n|is not valid/);
  });

  it('of which the engine gives no place, or the text itself, is told in few words', () => {
    expect(problemOf(`{"a": ${'x'.repeat(5_000)}}`).length).toBeLessThan(120);
  });

  it('is refused when it is nested more deeply than can be read', () => {
    const depth = 200_000;
    expect(problemOf('['.repeat(depth) + ']'.repeat(depth))).toContain('nested too deeply');
  });
});
