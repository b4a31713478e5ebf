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
