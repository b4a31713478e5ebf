/** The system refuses any one file operation of a whole run, or all from there on: told, nothing lost, finished by the next start. */
import { expect, test } from 'vitest';
import { injectFaults } from '../../src/prove/inject-faults.ts';

/**
 * Every other operation, each by one of the ways in which it can fail; another seed takes other ones. PAWL_SWEEP=whole tries every operation in
 * every way.
 */
const SHARE = process.env.PAWL_SWEEP === 'whole' ? 1 : 0.13;
/** A run that comes by every stage has twice so many file operations, or more: it cannot shrink unnoticed. */
const OPERATIONS_MIN = 325;

test('whichever file operation fails, and however, it is told with its code, and the next start finishes', {
  timeout: 600_000,
}, async () => {
  const seed = Number(process.env.PAWL_TEST_SEED ?? Date.now() % 1_000_000);
  console.log(`PAWL_TEST_SEED=${seed}`);
  const told: number[] = [];
  const { injected, faults, tookMs } = await injectFaults({
    seed,
    share: SHARE,
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
