import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, canonicalObject, canonicalSeries, lastingJson } from '../../src/base/canonical-json.ts';

const json = fc.jsonValue({ noUnicodeString: false });
const object = fc.dictionary(fc.string({ unit: 'grapheme' }), json);

describe('the canonical text', () => {
  it('is that of RFC 8785, whichever way it is made', () => {
    const inSeries = canonicalSeries();
    fc.assert(
      fc.property(object, (value) => {
        const expected = canonicalize(value);
        expect(canonicalJson(value)).toBe(expected);
        expect(canonicalObject(value, canonicalJson)).toBe(expected);
        expect(lastingJson(value)).toBe(expected);
        expect(inSeries(value)).toBe(expected);
      }),
    );
  });

  it('is the same for a value whose keys are in order already, as they are in what was read', () => {
    fc.assert(
      fc.property(object, (value) => {
        const expected = canonicalize(value) ?? '';
        expect(canonicalJson(JSON.parse(expected))).toBe(expected);
      }),
    );
    for (const value of [{ 1: 'a', 10: 'b', 2: 'c' }, { a: { c: 1, b: 2 } }, [{ b: 1, a: [] }], { Z: 1, a: 2, é: 3 }]) {
      expect(canonicalJson(value)).toBe(canonicalize(value));
    }
  });

  it('is the same for names in any order, many or few, and for members that are absent or no text of ours', () => {
    const names = Array.from({ length: 40 }, (_, n) => `${String.fromCharCode(122 - (n % 26))}é${n}`);
    for (const count of [0, 1, 2, 15, 16, 17, 40]) {
      const value = Object.fromEntries(names.slice(0, count).map((name, n) => [name, n % 3 === 0 ? undefined : { n }]));
      expect(canonicalJson(value)).toBe(canonicalize(value));
      expect(canonicalObject(value, canonicalJson)).toBe(canonicalize(value));
    }
    for (const value of [
      { b: [undefined, 1], a: undefined },
      { b: Symbol('b'), a: 1 },
      { b: Object.create(null), a: '"\\' },
      { '"': '\\ud800', ' ': '\u007f' },
    ]) {
      expect(canonicalJson(value)).toBe(canonicalize(value));
    }
  });

  it('of what is deeper than any file of ours, or says itself how it is written, is that of RFC 8785 too', () => {
    let deep: unknown = { b: 1, a: 2 };
    for (let depth = 0; depth < 200; depth += 1) deep = [deep];
    expect(canonicalJson(deep)).toBe(canonicalize(deep));
    const date = { a: new Date(0), b: { toJSON: () => ({ y: 1, x: 2 }) } };
    expect(canonicalJson(date)).toBe(canonicalize(date));
  });

  it.each([{ a: '\ud800' }, { '\ud800': 1 }, { a: [Number.NaN] }])(
    'of an object that holds what JSON cannot is refused: %j',
    (value) => {
      expect(() => canonicalJson(value)).toThrow();
    },
  );

  it('of an object that holds itself is refused', () => {
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    expect(() => canonicalJson(loop)).toThrow('Circular');
  });

  it('of an object in a series is that of its own members, when some stay, change, come and go', () => {
    const inSeries = canonicalSeries();
    const kept = { z: [1, { y: null }], a: 'é' };
    for (const value of [
      { kept, b: 1, gone: true },
      { kept, b: 2 },
      { b: -0, kept: [kept] },
      { kept, b: undefined },
    ]) {
      expect(inSeries(value)).toBe(canonicalize(value));
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '\ud800', undefined, () => 1])('is refused to %j', (value) => {
    expect(() => canonicalJson(value)).toThrow();
    expect(() => lastingJson(value)).toThrow();
  });

  it('of text beyond ASCII, of control characters and of negative zero is as the standard has it', () => {
    for (const value of ['é€😀', '\u0000\u001f\u007f"\\/', '\u2028', -0, 1e21, 1e-7]) {
      expect(canonicalJson(value)).toBe(canonicalize(value));
    }
  });
});
