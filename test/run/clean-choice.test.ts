/** Which runs are cleaned. */
import { describe, expect, test } from 'vitest';
import { ageOf, isChosen, isCleanable, sizeOf, sizeWords } from '../../src/run/clean-choice.ts';
import type { RunView } from '../../src/run/run-view.ts';

const DAY_MS = 86_400_000;

test.each([
  ['30s', 30_000],
  ['12h', DAY_MS / 2],
  ['7d', 7 * DAY_MS],
  ['2W', 14 * DAY_MS],
  ['0d', 0],
  ['7', null],
  ['-7d', null],
  ['1.5d', null],
  ['7 days', null],
  ['7days', null],
  [' 7d ', 7 * DAY_MS],
  ['', null],
])('%j is an age of %j', (text, ms) => {
  expect(ageOf(text)).toBe(ms);
});

test.each([
  ['500', 500],
  ['200m', 200 * 2 ** 20],
  ['1g', 2 ** 30],
  ['1GiB', 2 ** 30],
  ['3kb', 3 * 2 ** 10],
  ['1x', null],
  ['x1', null],
  ['2T', 2 ** 41],
  [' 5 ', 5],
  ['g', null],
  ['', null],
])('%j is a size of %j', (text, bytes) => {
  expect(sizeOf(text)).toBe(bytes);
});

test('sizes are shown with one digit', () => {
  expect([0, 1_023, 1_536, 5 * 2 ** 30].map(sizeWords)).toEqual(['0 B', '1023 B', '1.5 KiB', '5.0 GiB']);
  expect([2 ** 10, 2 ** 20, 2 ** 40, 2 ** 50].map(sizeWords)).toEqual(['1.0 KiB', '1.0 MiB', '1.0 TiB', '1024.0 TiB']);
});

test.each([
  ['terminal', 'cancelled', true],
  ['terminal', 'quarantined', false],
  ['blocked', 'blockedNeedsHuman', false],
  ['active', 'queued', false],
  ['quarantined', 'quarantined', false],
] as const)('a run that is %s in %s can be cleaned: %s', (kind, state, isMeant) => {
  expect(isCleanable({ kind, state } as RunView)).toBe(isMeant);
});

describe('a run is chosen', () => {
  const run = { endedAtMs: 10 * DAY_MS, bytes: async () => 100 };
  const all = { olderThanMs: null, largerThanBytes: null };
  test.each([
    ['without limits', all, 10 * DAY_MS, true],
    ['at that age', { ...all, olderThanMs: DAY_MS }, 11 * DAY_MS, true],
    ['not before', { ...all, olderThanMs: DAY_MS }, 11 * DAY_MS - 1, false],
    ['not by a clock that was set back', { ...all, olderThanMs: 0 }, 9 * DAY_MS, false],
    ['above that size', { ...all, largerThanBytes: 99 }, 0, true],
    ['however small it is without a limit', { ...all, olderThanMs: 0 }, 10 * DAY_MS, true],
    ['not at it', { ...all, largerThanBytes: 100 }, 0, false],
    ['by both limits or not at all', { olderThanMs: DAY_MS, largerThanBytes: 100 }, 20 * DAY_MS, false],
  ])('%s', async (_title, limits, nowMs, isMeant) => {
    expect(await isChosen(run, limits, nowMs)).toBe(isMeant);
  });

  test('without being measured where its age speaks against it', async () => {
    const unmeasured = { endedAtMs: 0, bytes: () => expect.unreachable() as never };
    expect(await isChosen(unmeasured, { olderThanMs: 2, largerThanBytes: 1 }, 1)).toBe(false);
  });
});
