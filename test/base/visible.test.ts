/** What cannot be seen in a name from outside is written out, and nothing else is touched. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasHidden, visible, visibleJson } from '../../src/base/visible.ts';
import { seeded } from '../properties/seed.ts';

const HIDDEN: readonly (readonly [string, string, string])[] = [
  ['line feed', '\n', '\\n'],
  ['carriage return', '\r', '\\r'],
  ['tab', '\t', '\\t'],
  ['escape', '\u001b', '\\u{1b}'],
  ['a C1 control', '\u009b', '\\u{9b}'],
  ['right-to-left override', '\u202e', '\\u{202e}'],
  ['zero-width space', '\u200b', '\\u{200b}'],
  ['soft hyphen', '\u00ad', '\\u{ad}'],
  ['line separator', '\u2028', '\\u{2028}'],
  ['paragraph separator', '\u2029', '\\u{2029}'],
  ['no-break space', '\u00a0', '\\u{a0}'],
  ['Hangul filler', '\u3164', '\\u{3164}'],
  ['half of a pair', '\ud800', '\\u{d800}'],
  ['a tag, beyond 16 bits', '\u{e0041}', '\\u{e0041}'],
];

describe('a name from outside', () => {
  it.each(HIDDEN)('has a %s in it written out', (_, character, written) => {
    expect(visible(`a${character}b${character}`)).toBe(`a${written}b${written}`);
    expect(hasHidden(`a${character}b`)).toBe(true);
    expect(hasHidden(character)).toBe(true);
  });

  it('that is plain comes back as it is', () => {
    for (const name of ['', 'a b', 'café/änderung', '日本語', '😀', '\\n', '~!@#$%^&*()']) {
      expect(visible(name)).toBe(name);
      expect(hasHidden(name)).toBe(false);
    }
  });

  it('never holds anything hidden once it is written out', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(hasHidden(visible(name))).toBe(false);
      }),
      seeded(50),
    );
  });
});

describe('JSON text', () => {
  it.each(HIDDEN.filter(([, character]) => character > '\u001f'))('has a %s in it as an escape', (_, character) => {
    const json = visibleJson(JSON.stringify([`a${character}b`]));
    expect(hasHidden(json)).toBe(false);
    expect(JSON.parse(json)).toEqual([`a${character}b`]);
  });

  it('escapes with four digits, each half of a pair by itself', () => {
    expect(visibleJson('"\u00ad\u{e0041}"')).toBe('"\\u00ad\\udb40\\udc41"');
  });

  it('keeps its line ends', () => {
    const json = JSON.stringify({ a: ['\u202e'] }, null, 2);
    expect(visibleJson(json)).toBe('{\n  "a": [\n    "\\u202e"\n  ]\n}');
  });
});
