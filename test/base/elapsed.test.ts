import { describe, expect, it } from 'vitest';
import { elapsed, spanMs } from '../../src/base/elapsed.ts';

describe('a span of time', () => {
  it('is never negative, however the clock was set', () => {
    expect([spanMs(5_000, 8_000), spanMs(8_000, 5_000), elapsed(-3_000)]).toEqual([3_000, 0, '0s']);
  });

  it.each([
    [440, '0.4s'],
    [9_999, '9.9s'],
    [10_000, '10s'],
    [12_345, '12s'],
    [59_999, '59s'],
    [60_000, '1m00s'],
    [185_000, '3m05s'],
    [3_599_999, '59m59s'],
    [3_600_000, '1h00m'],
    [7_800_000, '2h10m'],
    [86_400_000, '1d0h'],
    [273_600_000, '3d4h'],
  ])('of %i ms is told as %s', (ms, words) => {
    expect(elapsed(ms)).toBe(words);
  });
});
