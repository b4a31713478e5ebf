/** How long a run waits for an agent that has reached a limit, and what it says meanwhile. */
import { describe, expect, it } from 'vitest';
import { freshContext, type RunMachineEventOf } from '../../machines/run-context.ts';
import { waitForLimit } from '../../machines/run-waits.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { HASH } from '../../src/prove/model/settlements.ts';
import { RUN_INPUT } from '../support/run-input.ts';

const NOW_MS = 1_000_000_000;

const context = freshContext(RUN_INPUT);

function waitMs(limitWaits: number, resetsAtMs?: number | null): number {
  const event: RunMachineEventOf<'taskSettled'> = {
    type: 'taskSettled',
    taskId: 'implementation-e0-a1',
    result: 'limited',
    blocker: null,
    outcomeHash: HASH,
    atMs: NOW_MS,
    ...(resetsAtMs === undefined ? {} : { resetsAtMs }),
  };
  return (waitForLimit({ ...context, limitWaits }, event).waitUntilMs ?? 0) - NOW_MS;
}

describe('a run whose agent is limited', () => {
  it('waits longer each time, up to a bound, where the agent does not say until when', () => {
    const waits = [0, 1, 2, 3, 50, 5_000].map((count) => waitMs(count));
    const first = BOUNDS.limitWaitFirstMs;
    expect(waits).toEqual([first, 2 * first, 4 * first, 8 * first, BOUNDS.limitWaitMaxMs, BOUNDS.limitWaitMaxMs]);
    expect(waitMs(1, null)).toBe(2 * first);
  });

  it('believes what the agent says, up to a bound, and nothing that is over', () => {
    expect(waitMs(0, NOW_MS + 5)).toBe(5);
    expect(waitMs(7, NOW_MS + 3 * BOUNDS.limitWaitMaxMs)).toBe(3 * BOUNDS.limitWaitMaxMs);
    expect(waitMs(0, NOW_MS + 2 * BOUNDS.limitWindowMaxMs)).toBe(BOUNDS.limitWindowMaxMs);
    expect(waitMs(0, NOW_MS)).toBe(BOUNDS.limitWaitFirstMs);
    expect(waitMs(0, 0)).toBe(BOUNDS.limitWaitFirstMs);
  });
});
