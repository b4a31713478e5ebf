/**
 * The machine's clock and chance.
 *
 * Owns: the real calls. Does not own: when anything is due (engine/effects/timers).
 */
import { randomBytes } from 'node:crypto';
import type { ClockPort } from '../ports/clock.ts';

/** The longest delay that setTimeout takes; a longer one would fire at once. */
const TIMEOUT_MAX_MS = 2_147_483_647;

/** The real clock. */
export const systemClock: ClockPort = {
  nowMs: () => Date.now(),
  // CLOCK_MONOTONIC itself: `performance.now` is the same clock, counted from the start of this process.
  monotonicMs,
  timer,
  nonce: () => randomBytes(16).toString('hex'),
};

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1_000_000;
}

function timer(delayMs: number, fire: () => void): () => void {
  const dueMs = monotonicMs() + Math.max(0, delayMs);
  let handle: NodeJS.Timeout | undefined;
  const arm = (): void => {
    const leftMs = dueMs - monotonicMs();
    if (leftMs <= TIMEOUT_MAX_MS) handle = setTimeout(fire, Math.max(0, Math.ceil(leftMs)));
    else handle = setTimeout(arm, TIMEOUT_MAX_MS);
  };
  arm();
  return () => clearTimeout(handle);
}
