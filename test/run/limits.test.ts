/** A run's limits are the packet's, else the config's, else the defaults. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { resolveLimits } from '../../src/run/limits.ts';

describe('resolveLimits', () => {
  it('without overrides gives the defaults, every one of them', () => {
    expect(resolveLimits({}, {})).toEqual(DEFAULT_LIMITS);
  });

  it('the packet goes before the config, limit by limit', () => {
    const limits = resolveLimits({ attemptsMax: 5, graceMs: 7 }, { attemptsMax: 9, fixAttemptsMax: 0 });
    expect(limits).toEqual({ ...DEFAULT_LIMITS, attemptsMax: 9, graceMs: 7, fixAttemptsMax: 0 });
  });

  it('one deadline counts for every purpose, one for a purpose only there', () => {
    const limits = resolveLimits({ deadlineMs: 100 }, { deadlineMs: { fix: 5 } });
    expect(limits.deadlineMs).toEqual({ setup: 100, implementation: 100, verification: 100, review: 100, fix: 5 });
    expect(resolveLimits({ deadlineMs: { fix: 5 } }, { deadlineMs: 9 }).deadlineMs.fix).toBe(9);
    expect(resolveLimits({ deadlineMs: { fix: 5 } }, {}).deadlineMs.setup).toBe(DEFAULT_LIMITS.deadlineMs.setup);
  });
});
