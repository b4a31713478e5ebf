/** The system refuses any one file operation of a whole run, or all from there on: told, nothing lost, finished by the next start. */
import { expect, test } from 'vitest';
import { injectFaults } from '../../src/prove/inject-faults.ts';
import { DAY, DAYS_OF_WEEK, IS_WHOLE, SEED } from '../support/draw.ts';

/** A run that comes by every stage has twice so many file operations, or more: it cannot shrink unnoticed. */
const OPERATIONS_MIN = 325;

test('whichever file operation fails, and however, it is told with its code, and the next start finishes', {
  timeout: 600_000,
}, async () => {
  const told: number[] = [];
  const { injected, faults, tookMs } = await injectFaults({
    seed: SEED,
    share: 1,
    ...(IS_WHOLE ? {} : { part: { remainder: DAY % DAYS_OF_WEEK, of: DAYS_OF_WEEK } }),
    onProgress: (done) => told.push(done),
  });
  console.log(injected, `${tookMs} ms`);
  expect(faults).toEqual([]);
  const count = Object.values(injected).reduce((sum, each) => sum + each, 0);
  expect(count).toBeGreaterThan(OPERATIONS_MIN);
  expect(told).toEqual(Array.from({ length: count + 1 }, (_, n) => n));
  const kinds = ['EACCES', 'EIO', 'ENOSPC', 'ENOSPC from there on', 'empty write', 'short write'];
  expect(Object.keys(injected).sort()).toEqual(kinds);
});
