import { describe, expect, it } from 'vitest';
import { HostPulse } from '../../../src/engine/effects/host-pulse.ts';
import { BOUNDS } from '../../../src/model/limits.ts';
import type { ClockPort } from '../../../src/ports/clock.ts';

const LIMITS = { deadlineMs: 60_000, stallMs: 60_000, graceMs: 1_000, outputBytesMax: 1_000 };

/** Looks at a host every second for `ms`; returns the first moment at which it is taken for hung, null when it never is. */
function hungAfter(ms: number, heartbeatAt: (atMs: number) => number | null): number | null {
  let nowMs = 0;
  const clock: ClockPort = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    timer: () => () => undefined,
    nonce: () => '',
  };
  const pulse = new HostPulse(clock, LIMITS);
  for (; nowMs < ms; nowMs += BOUNDS.watchPollMs) if (pulse.isHung(heartbeatAt(nowMs))) return nowMs;
  return null;
}

describe('a host', () => {
  it('whose heart stops is hung once the silence is over its bound', () => {
    const found = hungAfter(200_000, (atMs) => Math.min(atMs, 10_000));
    expect(found).toBeGreaterThan(10_000 + BOUNDS.hostSilenceMs);
    expect(found).toBeLessThan(10_000 + BOUNDS.hostSilenceMs + 5 * BOUNDS.watchPollMs);
  });

  it('whose heart beats is not hung while a slow git records what its worker left at its deadline', () => {
    const slowMs = LIMITS.deadlineMs + 2 * LIMITS.graceMs + BOUNDS.killMs + 4 * BOUNDS.gitMs;
    expect(hungAfter(slowMs, (atMs) => atMs)).toBe(null);
  });

  it('that outlives every limit that it enforces itself is hung, its heart beating or not', () => {
    expect(hungAfter(24 * 3_600_000, (atMs) => atMs)).not.toBe(null);
  });
});
