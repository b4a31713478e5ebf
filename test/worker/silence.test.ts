/** How long a worker may be silent: for stallMs without any sign of life, for silenceMaxMs whatever else it does. */
import { describe, expect, it } from 'vitest';
import { BOUNDS, type LimitOverrides, SILENCE_MAX_MS } from '../../src/model/limits.ts';
import type { LimitsInput } from '../../src/model/packet-schema.ts';
import { packetOf } from '../../src/packets/packet-fields.ts';
import { resolveLimits, silenceMaxMs } from '../../src/run/limits.ts';
import type { Activity } from '../../src/worker/activity.ts';
import { byBytes, type Reason } from '../../src/worker/silence.ts';
import { conclusionOf } from '../support/told-ends.ts';

const LIMITS = { deadlineMs: 1, stallMs: 60_000, silenceMaxMs: 300_000, graceMs: 0, outputBytesMax: 1 };
const LOOK_MS = LIMITS.stallMs / BOUNDS.activityLooks;

/** What a worker is ended for, and when, that is looked at every 200 ms; `bytes` and `activity` by its age. */
function endOf(activity: Activity, bytes: (nowMs: number) => number = () => 0, limits: Partial<typeof LIMITS> = {}) {
  const silence = byBytes({ ...LIMITS, ...limits }, activity, 0);
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += BOUNDS.watchLookMs) {
    const reason: Reason | null = silence(nowMs, bytes(nowMs));
    if (reason !== null) return { ...reason, nowMs };
  }
  return null;
}

const never: Activity = () => false;
const always: Activity = () => true;

describe('a silent worker', () => {
  it('is ended after stallMs without any sign of life, and the reason names that limit', () => {
    expect(endOf(never)).toEqual({
      forced: 'stalled',
      nowMs: LIMITS.stallMs,
      obstacle: { kind: 'silent', ms: LIMITS.stallMs, hasSigns: false },
    });
  });

  it('keeps running while it gives other signs of life, until silenceMaxMs, and the reason names that limit', () => {
    const end = endOf(always);
    expect(end).toMatchObject({ forced: 'stalled', nowMs: LIMITS.silenceMaxMs });
    expect(end?.obstacle).toEqual({ kind: 'silent', ms: LIMITS.silenceMaxMs, hasSigns: true });
  });

  it('is ended stallMs after its last other sign', () => {
    const end = endOf((nowMs) => nowMs < 100_000);
    expect(end?.obstacle).toEqual({ kind: 'silent', ms: LIMITS.stallMs, hasSigns: false });
    expect(end?.nowMs).toBeGreaterThan(100_000 - LOOK_MS + LIMITS.stallMs - 1);
    expect(end?.nowMs).toBeLessThanOrEqual(100_000 + LIMITS.stallMs);
  });

  it('counts from every byte again, for both limits', () => {
    const spoke = (nowMs: number) => Math.min(3, Math.floor(nowMs / 50_000));
    expect(endOf(never, spoke)?.nowMs).toBe(150_000 + LIMITS.stallMs);
    expect(endOf(always, spoke)?.nowMs).toBe(150_000 + LIMITS.silenceMaxMs);
  });

  it('is checked rarely, and not at all while it prints', () => {
    let looks = 0;
    const counted: Activity = () => {
      looks += 1;
      return true;
    };
    endOf(counted);
    expect(looks).toBeLessThanOrEqual(LIMITS.silenceMaxMs / LOOK_MS + 1);
    expect(looks).toBeGreaterThan(LIMITS.silenceMaxMs / LOOK_MS / 2);
    looks = 0;
    endOf(counted, (nowMs) => nowMs, { stallMs: 600_000 });
    expect(looks).toBe(0);
  });

  it('is never ended by the longer limit before the shorter', () => {
    expect(endOf(always, undefined, { silenceMaxMs: 1 })?.nowMs).toBe(LIMITS.stallMs);
  });
});

it('the longest silence is never below stallMs, and has a default where none was recorded', () => {
  expect(silenceMaxMs({ stallMs: 5 })).toBe(SILENCE_MAX_MS);
  expect(silenceMaxMs({ stallMs: 2 * SILENCE_MAX_MS })).toBe(2 * SILENCE_MAX_MS);
  expect(silenceMaxMs({ stallMs: 5, silenceMaxMs: 3 })).toBe(5);
  expect(silenceMaxMs({ stallMs: 5, silenceMaxMs: 7 })).toBe(7);
});

it('is said by the packet in either spelling, else by the config, else by default', () => {
  const of = (config: LimitOverrides, limits: LimitsInput) =>
    resolveLimits(config, packetOf({ limits }, 'T').limits).silenceMaxMs;
  expect(of({}, {})).toBe(SILENCE_MAX_MS);
  expect(of({ silenceMaxMs: 9 }, {})).toBe(9);
  expect(of({ silenceMaxMs: 9 }, { silenceMaxMs: 8 })).toBe(8);
  expect(of({ silenceMaxMs: 9 }, { silence_max_ms: 7 })).toBe(7);
});

it('the sentence of a stalled worker names the limit', () => {
  const { message } = conclusionOf({
    purpose: 'fix',
    completion: 'file',
    exit: null,
    reading: { kind: 'missing' },
    forced: 'stalled',
    orphanResult: 'lost',
    obstacle: endOf(always)?.obstacle ?? { kind: 'said', words: '' },
  });
  expect(message).toBe(
    'The worker was stopped because it had been silent for too long. Reason: it has produced no output for 5m00s, although it gave other signs of life (limits.silenceMaxMs).',
  );
});
