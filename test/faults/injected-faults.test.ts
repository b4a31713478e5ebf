/** The system refuses any one file operation of a whole run, or all from there on: told, nothing lost, finished by the next start. */
import { expect, test } from 'vitest';
import { FAULT_KINDS } from '../../src/prove/fault-cases.ts';
import { type InjectionOptions, injectFaults } from '../../src/prove/inject-faults.ts';
import { DAY, DAYS_OF_WEEK, IS_WHOLE, SEED } from '../support/draw.ts';

/** After so many days every case was tried. */
const DAYS = 2 * DAYS_OF_WEEK;
/** A day's part of the operations of a run through every stage, at least: it cannot shrink unnoticed. */
const OPERATIONS_MIN = 160;

test('whichever file operation fails, and however, it is reported with its code, and the next start finishes', {
  timeout: 600_000,
}, async () => {
  const told: number[] = [];
  const { injected, faults, tookMs } = await injectFaults({
    seed: SEED,
    share: 1,
    ...(IS_WHOLE ? {} : todaysShare()),
    onProgress: (done) => told.push(done),
  });
  console.log(injected, `${tookMs} ms`);
  expect(faults).toEqual([]);
  const count = Object.values(injected).reduce((sum, each) => sum + each, 0);
  expect(count).toBeGreaterThan(OPERATIONS_MIN);
  expect(told).toEqual(Array.from({ length: count + 1 }, (_, n) => n));
  expect(Object.keys(injected).sort()).toEqual(Object.keys(FAULT_KINDS).sort());
});

/** A fourteenth of all cases, another each day; the code that refuses an operation for good is another one every two weeks. */
function todaysShare(): Pick<InjectionOptions, 'part' | 'turn'> {
  return { part: { remainder: DAY % DAYS, of: DAYS }, turn: Math.floor(DAY / DAYS) };
}
