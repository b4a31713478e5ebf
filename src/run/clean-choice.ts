/**
 * Which ended runs are cleaned: by their age, and by the space that they take up on disk.
 *
 * Owns: that choice, reading an age and a size as people write them (pure). Does not own: measuring, removing (engine/clean-run).
 */
import type { RunView } from './run-view.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};
const UNITS_BYTES: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** The conditions for choosing a run; null: no condition. */
export interface CleanLimits {
  readonly olderThanMs: number | null;
  readonly largerThanBytes: number | null;
}

/** True when the run has ended in a way that leaves nothing to be decided: only such a run is ever cleaned. */
export function isCleanable(view: RunView): boolean {
  return view.kind === 'terminal' && view.state !== 'quarantined';
}

/** True when the run is old enough and what would be removed is large enough. A clock that was set back makes nothing old. */
export async function isChosen(
  run: { readonly endedAtMs: number; readonly bytes: () => Promise<number> },
  { olderThanMs, largerThanBytes }: CleanLimits,
  nowMs: number,
): Promise<boolean> {
  if (olderThanMs !== null && nowMs < run.endedAtMs + olderThanMs) return false;
  return largerThanBytes === null || (await run.bytes()) > largerThanBytes;
}

/** Milliseconds of `30m`, `12h`, `7d`, `2w`; null for anything else. */
export function ageOf(text: string): number | null {
  const [, number = '', unit = ''] = /^(\d{1,6})([smhdw])$/i.exec(text.trim()) ?? [];
  const factor = UNITS_MS[unit.toLowerCase()];
  return factor === undefined ? null : Number(number) * factor;
}

/** Bytes of `500`, `200k`, `50m`, `1g`; null for anything else. */
export function sizeOf(text: string): number | null {
  const [, number = '', unit = ''] = /^(\d{1,12})(?:([kmgt])(?:i?b)?)?$/i.exec(text.trim()) ?? [];
  const factor = number === '' ? undefined : UNITS_BYTES[unit.toLowerCase()];
  return factor === undefined ? null : Number(number) * factor;
}

/** `bytes` as a person reads it: `12.3 MiB`. */
export function sizeWords(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
