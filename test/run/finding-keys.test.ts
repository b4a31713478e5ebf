/** A fault keeps its key while only what changes from run to run has changed; another fault has another. */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import type { Finding } from '../../src/model/request.ts';
import { areAllAdded, findingKeys } from '../../src/run/finding-keys.ts';

const hash = (text: string): string => sha256(new TextEncoder().encode(text));
const finding = (message: string, file?: string, line?: number): Finding => ({
  severity: 'error',
  message,
  ...(file === undefined ? {} : { file }),
  ...(line === undefined ? {} : { line }),
});
const keyOf = (one: Finding): string | undefined => findingKeys([one], hash)[0];

describe('the key of a finding', () => {
  it.each([
    ['its line', finding('x is not used', 'a.ts', 3), finding('x is not used', 'a.ts', 70)],
    ['white space', finding('x  is\n not used ', 'a.ts'), finding('x is not used', 'a.ts')],
    ['capitals', finding('X is Not used', 'a.ts'), finding('x is not used', 'a.ts')],
    ['figures', finding('failed after 12.5 ms', 'a.ts'), finding('failed after 7.25 ms', 'a.ts')],
    ['addresses', finding('at 0x7ffe12ab', 'a.ts'), finding('at 0x55aa0001', 'a.ts')],
    ['hashes', finding('commit 12ab34cd56 broke', 'a.ts'), finding('commit ff00112233 broke', 'a.ts')],
    ['how its file is written', finding('x', './a.ts'), finding('x', 'a.ts')],
    ['its severity', { ...finding('x', 'a.ts'), severity: 'warning' }, finding('x', 'a.ts')],
  ])('does not depend on %s', (_name, one, other) => {
    expect(keyOf(one)).toBe(keyOf(other));
  });

  it.each([
    ['another file', finding('x', 'a.ts'), finding('x', 'b.ts')],
    ['no file', finding('x', 'a.ts'), finding('x')],
    ['another text', finding('x is not used', 'a.ts'), finding('y is not used', 'a.ts')],
  ])('is another for %s', (_name, one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  it('is given once, in an order that does not depend on that of the findings, and contains no word of them', () => {
    const findings = [finding('secret one', 'a.ts', 1), finding('two', 'b.ts'), finding('secret one', 'a.ts', 9)];
    const keys = findingKeys(findings, hash);
    expect(keys).toHaveLength(2);
    expect(findingKeys(findings.toReversed(), hash)).toEqual(keys);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{16}$/);
  });

  it('is none where there are more than can be kept: a part of them would compare as the whole', () => {
    const many = (count: number): Finding[] =>
      Array.from({ length: count }, (_, n) => finding('x', `${'a'.repeat(n + 1)}.ts`));
    expect(findingKeys(many(BOUNDS.findingKeys), hash)).toHaveLength(BOUNDS.findingKeys);
    expect(findingKeys(many(BOUNDS.findingKeys + 1), hash)).toEqual([]);
  });
});

describe('findings in what a fix has added', () => {
  const added = [{ file: 'a.ts', first: 10, last: 20 }];

  it('are all in it only where every one names a place there', () => {
    expect(areAllAdded([finding('x', './a.ts', 10), finding('y', 'a.ts', 20)], added)).toBe(true);
    for (const other of [
      finding('x', 'a.ts', 9),
      finding('x', 'a.ts', 21),
      finding('x', 'b.ts', 15),
      finding('x', 'a.ts'),
    ])
      expect(areAllAdded([finding('x', 'a.ts', 15), other], added)).toBe(false);
    expect(areAllAdded([], added)).toBe(false);
    expect(areAllAdded([finding('x', 'a.ts', 15)], [])).toBe(false);
  });
});
