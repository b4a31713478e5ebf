/** How long a run waits for an agent that has reached a limit, and what it says meanwhile. */
import { describe, expect, it } from 'vitest';
import { freshContext, type RunMachineEventOf } from '../../machines/run/context.ts';
import { waitForLimit } from '../../machines/run/waits.ts';
import type { Blocker } from '../../src/model/error.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { HASH } from '../../src/prove/model/settlements.ts';
import { RUN_INPUT } from '../support/run-input.ts';

const NOW_MS = 1_000_000_000;

const context = freshContext(RUN_INPUT);

const OUTAGE: Blocker = {
  code: 'PAWL_AGENT_UNREACHABLE',
  message: 'The agent could not reach its model. It said: fetch failed',
  hint: 'wait',
  evidence: [],
};

function waitMs(limitWaits: number, resetsAtMs?: number | null, blocker: Blocker | null = null): number {
  return (waiting(limitWaits, resetsAtMs, blocker).waitUntilMs ?? 0) - NOW_MS;
}

function waiting(limitWaits: number, resetsAtMs?: number | null, blocker: Blocker | null = null) {
  const event: RunMachineEventOf<'taskSettled'> = {
    type: 'taskSettled',
    taskId: 'implementation-e0-a1',
    result: 'limited',
    blocker,
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

  it('says what the agent said of an outage, and its own words of a limit', () => {
    const instant = new Date(NOW_MS + BOUNDS.outageWaitFirstMs).toISOString();
    const evidence = ['tasks/implementation-e0-a1'];
    expect(waiting(0, null, OUTAGE).blockers).toEqual([
      { ...OUTAGE, message: `${OUTAGE.message}. The run goes on at ${instant}.`, evidence },
    ]);
    const ended = { ...OUTAGE, message: 'It is down.' };
    expect(waiting(0, null, ended).blockers?.[0]?.message).toBe(`It is down. The run goes on at ${instant}.`);
    expect(waiting(0, null).blockers).toMatchObject([{ code: 'PAWL_AGENT_LIMITED', evidence }]);
    const limited = { ...OUTAGE, code: 'PAWL_AGENT_LIMITED' } as const;
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
