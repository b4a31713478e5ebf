/** A long list in one line says how many it leaves out. */
import { expect, it } from 'vitest';
import { listed } from '../../src/base/listed.ts';

it.each([
  [[], 2, undefined, ''],
  [['a'], 2, undefined, 'a'],
  [['a', 'b'], 2, undefined, 'a, b'],
  [['a', 'b', 'c'], 2, undefined, 'a, b and 1 more'],
  [['a', 'b', 'c', 'd'], 1, undefined, 'a and 3 more'],
  [['a', 'b'], 2, 2, 'a, b'],
  [['a', 'b'], 2, 7, 'a, b and 5 more'],
])('%j, at most %d of %s, is told as "%s"', (items, max, total, told) => {
  expect(total === undefined ? listed(items, max) : listed(items, max, total)).toBe(told);
});
