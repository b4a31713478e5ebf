import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';

it('gives the time, a clock that never steps back, and 32 random hex digits', () => {
  expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(1_000);
  const first = systemClock.monotonicMs();
  expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(first);
  expect(systemClock.nonce()).toMatch(/^[0-9a-f]{32}$/);
  expect(systemClock.nonce()).not.toBe(systemClock.nonce());
});

it('its monotonic clock is the same for every process of the machine', () => {
  const beforeMs = systemClock.monotonicMs();
  const told = spawnSync(process.execPath, ['-e', 'console.log(Number(process.hrtime.bigint()) / 1e6)'], {
    encoding: 'utf8',
  });
  expect(Number(told.stdout)).toBeGreaterThan(beforeMs);
  expect(Number(told.stdout)).toBeLessThan(systemClock.monotonicMs());
});

it('a timer fires once, not early; one called off, or beyond what setTimeout takes, does not fire now', async () => {
  const fired: string[] = [];
  const callOff = systemClock.timer(0, () => fired.push('called off'));
  callOff();
  const far = systemClock.timer(3_000_000_000, () => fired.push('far'));
  const startMs = systemClock.monotonicMs();
  await new Promise<void>((resolve) => {
    systemClock.timer(20, resolve);
  });
  // Node counts timers in whole milliseconds.
  expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(19);
  far();
  expect(fired).toEqual([]);
});
