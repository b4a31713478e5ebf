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
    ['{"a": 1,\n "b": 2,\r\n "a": 3}', 'line 3, column 2: duplicate name "a", first on line 1'],
    ['[{"a": [{"x": 1, "x": 1}]}]', 'line 1, column 18: duplicate name "x", first on line 1'],
    ['\uFEFF{"a":1,"a":2}', 'line 1, column 9: duplicate name "a", first on line 1'],
    ['{"\\u0061": 1, "a": 2}', 'line 1, column 15: duplicate name "a", first on line 1'],
    ['{"__proto__": 1, "__proto__": 2}', 'line 1, column 18: duplicate name "__proto__", first on line 1'],
    ['{"a\u202eb": 1, "a\u202eb": 2}', 'line 1, column 12: duplicate name "a\\u{202e}b", first on line 1'],
  ])('is refused where a name stands twice in one object: %j', (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  it('is refused with the beginning of a long duplicate name', () => {
    const twice = (name: string): string => problemOf(`{"${name}":1,"${name}":2}`);
    expect(twice('a'.repeat(60))).toContain(`: duplicate name "${'a'.repeat(60)}", first`);
    expect(twice('a'.repeat(61))).toContain(`: duplicate name "${'a'.repeat(60)}…", first`);
  });

  it('may name the same thing in different objects', () => {
    expect(readJson('[{"a": {"a": 1}}, {"a": 2}]')).toMatchObject({ kind: 'value' });
  });

  it.each([
    ['{"packets": [\n  {"task_id": "A",}\n]}', 2, 19, 'expected double-quoted property name'],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, "expected ',' or '}' after property value"],
    ['{"a":1\r"b":2}', 2, 1, "expected ',' or '}' after property value"],
    ["{\n  'a': 1}", 2, 3, "expected property name or '}'"],
    ['{"a", "b"}', 1, 5, "expected ':' after property name"],
    ['[1 "x"]', 1, 4, "expected ',' or ']' after array element"],
    [`[${'1,'.repeat(100)}?]`, 1, 202, "unexpected token '?'"],
    ['{"a": "\\x"}', 1, 9, 'bad escaped character'],
    ['{"a": 1}\n\nmore', 3, 1, 'unexpected non-whitespace character after JSON'],
    ['{"a": tru}', 1, 7, "unexpected token '}'"],
    ['\uFEFF{"a": tru}', 1, 7, "unexpected token '}'"],
    ['\uFEFF{"a":\n1,\n}', 3, 1, 'expected double-quoted property name'],
    ['// no\n{}', 1, 1, "unexpected token '/'"],
    ['NaN', 1, 1, 'a value is expected'],
    ['{"a": 1', 1, 8, "expected ',' or '}' after property value"],
    ['', 1, 1, 'unexpected end of JSON input'],
    ['{"packets":[[', 1, 14, 'unexpected end of JSON input'],
    ['[\n', 2, 1, 'unexpected end of JSON input'],
    ['"a\nb"', 1, 3, 'bad control character in string literal'],
  ])('is refused with its place where it is none: %j', (text, line, column, why) => {
    expect(problemOf(text)).toBe(`line ${line}, column ${column}: it is not JSON: ${why}`);
  });

  it('of which the engine gives no place, or the text itself, is told in few words', () => {
    expect(problemOf(`{"a": ${'x'.repeat(5_000)}}`).length).toBeLessThan(120);
  });

  it('is refused when it is nested more deeply than can be read', () => {
    const depth = 200_000;
    expect(problemOf('['.repeat(depth) + ']'.repeat(depth))).toBe('line 1, column 1001: it is nested too deeply');
    const repeated = `${'{"[":'.repeat(100_000)}{"a":1,\n"a":2}${'}'.repeat(100_000)}`;
    expect(problemOf(repeated)).toBe('line 1, column 5001: it is nested too deeply');
  });

  it('has its place however deep it is', () => {
    const deep = '['.repeat(100_000);
    expect(problemOf(deep)).toMatch(/^line 1, column 100001: it is not JSON: unexpected end/);
    expect(problemOf(`${deep}\n\n  x`)).toMatch(/^line 3, column 3: it is not JSON: /);
    expect(problemOf(`${deep}"a`)).toMatch(/^line 1, column 100003: it is not JSON: unterminated string/);
  });

  it.each(['[tru\n', '[\u001b]0;x', '[\u202e1]'])(
    'is refused in one line that a terminal does not obey: %j',
    (text) => {
      expect(problemOf(text)).toMatch(/^line 1, column \d+: it is not JSON: [ -~]+$/);
    },
  );
});
