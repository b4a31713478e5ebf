/**
 * Waiting for a while, or until the wait is cancelled.
 *
 * Owns: that wait, and the longest one at a time. Does not own: what is waited for.
 */
import type { ClockPort } from '../ports/clock.ts';

/** Longest single timer: longer waits are made of several, so that a stepped clock is noticed. */
const TIMER_MS_MAX = 60_000;

/** Resolves after `delayMs`, but within a minute, or when `signal` aborts. */
export function shortSleep(clock: ClockPort, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      endTimer();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const endTimer = clock.timer(Math.min(delayMs, TIMER_MS_MAX), finish);
    signal.addEventListener('abort', finish, { once: true });
  });
}
