/**
 * Times, sizes and names as people read them.
 *
 * Owns: how values are written. Does not own: what they are.
 */
import { spanMs } from '../../base/elapsed.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A length of time in at most two units, as `2 m 5 s`. */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < SECOND_MS) return `${whole} ms`;
  if (whole < 10 * SECOND_MS) return `${(whole / SECOND_MS).toFixed(1)} s`;
  if (whole < MINUTE_MS) return `${Math.round(whole / SECOND_MS)} s`;
  if (whole < HOUR_MS) return pair(whole, MINUTE_MS, 'm', SECOND_MS, 's');
  return whole < DAY_MS ? pair(whole, HOUR_MS, 'h', MINUTE_MS, 'm') : pair(whole, DAY_MS, 'd', HOUR_MS, 'h');
}

function pair(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const first = Math.floor(ms / big);
  const second = Math.floor((ms - first * big) / small);
  return second === 0 ? `${first} ${bigName}` : `${first} ${bigName} ${second} ${smallName}`;
}

/** How long ago, in one unit, as `3 h ago`. */
export function age(atMs: number, nowMs: number): string {
  const ms = spanMs(atMs, nowMs);
  if (ms < 5 * SECOND_MS) return 'just now';
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s ago`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min ago`;
  return ms < 2 * DAY_MS ? `${Math.floor(ms / HOUR_MS)} h ago` : `${Math.floor(ms / DAY_MS)} d ago`;
}

/** The time of day of an instant, to the millisecond, in the reader's own zone. */
export function clock(atMs: number): string {
  const at = new Date(atMs);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** The day and time of an instant, in the reader's own zone. */
export function dayAndClock(atMs: number): string {
  const at = new Date(atMs);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(atMs).slice(0, 8)}`;
}

/** A number of bytes with a unit. */
export function bytes(count: number): string {
  if (count < 1_024) return `${count} B`;
  return count < 1_048_576 ? `${(count / 1_024).toFixed(1)} KiB` : `${(count / 1_048_576).toFixed(1)} MiB`;
}

/** A name in camelCase as words, as `ready for manual review`. */
export function words(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, (_, end: string, start: string) => `${end} ${start.toLowerCase()}`);
}

/** A count with its noun. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** The first digits of a commit or a hash. */
export function short(hash: string): string {
  return hash.slice(0, 10);
}
