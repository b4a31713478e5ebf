/**
 * Spans of time: how long, and in words.
 *
 * Owns: both. Does not own: reading a clock.
 *
 * Invariant: no span is negative: a clock that was set back makes it 0.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** From one instant to a later one, in ms; 0 where the clock was set back in between. */
export function spanMs(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs);
}

/** A span in words: `0.4s`, `12s`, `3m05s`, `2h10m`, `3d4h`. */
export function elapsed(ms: number): string {
  const span = Math.max(0, ms);
  if (span < 10 * SECOND_MS) return `${Math.floor(span / 100) / 10}s`;
  if (span < MINUTE_MS) return `${Math.floor(span / SECOND_MS)}s`;
  if (span < HOUR_MS) return `${Math.floor(span / MINUTE_MS)}m${padded(span % MINUTE_MS, SECOND_MS)}s`;
  if (span < DAY_MS) return `${Math.floor(span / HOUR_MS)}h${padded(span % HOUR_MS, MINUTE_MS)}m`;
  return `${Math.floor(span / DAY_MS)}d${Math.floor((span % DAY_MS) / HOUR_MS)}h`;
}

function padded(ms: number, unitMs: number): string {
  return String(Math.floor(ms / unitMs)).padStart(2, '0');
}
