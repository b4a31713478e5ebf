/** How long a run waits for an agent that has reached a limit, and what it says meanwhile. */
import { describe, expect, it } from 'vitest';
import { freshContext, type RunMachineEventOf } from '../../machines/run/context.ts';
import { waitForLimit } from '../../machines/run/waits.ts';
import { blocker } from '../../src/model/blocker.ts';
import type { Blocker } from '../../src/model/error.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { HASH } from '../../src/prove/model/settlements.ts';
import { RUN_INPUT } from '../support/run-input.ts';

const NOW_MS = 1_000_000_000;

const context = freshContext(RUN_INPUT);

const SAID = { resetsAtMs: null, said: 'fetch failed', untilMs: null } as const;
const OUTAGE = blocker('PAWL_AGENT_UNREACHABLE', SAID, []);

function waitMs(limitWaits: number, resetsAtMs?: number | null, cause: Blocker | null = null): number {
  return (waiting(limitWaits, resetsAtMs, cause).waitUntilMs ?? 0) - NOW_MS;
}

function waiting(limitWaits: number, resetsAtMs?: number | null, cause: Blocker | null = null) {
  const event: RunMachineEventOf<'taskSettled'> = {
    type: 'taskSettled',
    taskId: 'implementation-e0-a1',
    result: 'limited',
    blocker: cause,
    outcomeHash: HASH,
    atMs: NOW_MS,
    ...(resetsAtMs === undefined ? {} : { resetsAtMs }),
  };
  return waitForLimit({ ...context, openTask: 'implementation-e0-a1', limitWaits }, event);
}

describe('a run whose agent is limited', () => {
  it('waits longer each time, up to a bound, where the agent does not say until when', () => {
    const waits = [0, 1, 2, 3, 50, 5_000].map((count) => waitMs(count));
    const first = BOUNDS.limitWaitFirstMs;
    expect(waits).toEqual([first, 2 * first, 4 * first, 8 * first, BOUNDS.limitWaitMaxMs, BOUNDS.limitWaitMaxMs]);
    expect(waitMs(1, null)).toBe(2 * first);
  });

  it('waits less at first, and less at most, for a model that cannot be reached', () => {
    const waits = [0, 1, 2, 50].map((count) => waitMs(count, undefined, OUTAGE));
    const first = BOUNDS.outageWaitFirstMs;
    expect(waits).toEqual([first, 2 * first, 4 * first, BOUNDS.outageWaitMaxMs]);
    expect(first).toBeLessThan(BOUNDS.limitWaitFirstMs);
  });

  it('keeps what the agent said of an outage, and until when it waits', () => {
    const untilMs = NOW_MS + BOUNDS.outageWaitFirstMs;
    const evidence = ['tasks/implementation-e0-a1'];
    expect(waiting(0, null, OUTAGE).blockers).toEqual([
      { code: 'PAWL_AGENT_UNREACHABLE', params: { ...SAID, untilMs }, evidence },
    ]);
    const limitMs = NOW_MS + BOUNDS.limitWaitFirstMs;
    expect(waiting(0, null).blockers).toEqual([
      { code: 'PAWL_AGENT_LIMITED', params: { reason: 'waiting', untilMs: limitMs }, evidence },
    ]);
    const limited = blocker('PAWL_AGENT_LIMITED', { reason: 'usage', resetsAtMs: null, said: '' }, []);
    expect(waiting(0, null, limited)).toEqual(waiting(0, null));
  });

  it('believes what the agent says, up to a bound, and nothing that is over', () => {
    expect(waitMs(0, NOW_MS + 5)).toBe(5);
    expect(waitMs(7, NOW_MS + 3 * BOUNDS.limitWaitMaxMs)).toBe(3 * BOUNDS.limitWaitMaxMs);
    expect(waitMs(0, NOW_MS + 2 * BOUNDS.limitWindowMaxMs)).toBe(BOUNDS.limitWindowMaxMs);
    expect(waitMs(0, NOW_MS)).toBe(BOUNDS.limitWaitFirstMs);
    expect(waitMs(0, 0)).toBe(BOUNDS.limitWaitFirstMs);
  });
});
