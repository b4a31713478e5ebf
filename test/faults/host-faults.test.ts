/** The system refuses any one file operation of a worker host, or all from there on: it ends, leaves nothing, and the task is settled honestly. */
import { expect, test } from 'vitest';
import { FAULT_KINDS } from '../../src/prove/fault-cases.ts';
import { injectHostFaults } from '../../src/prove/host-faults.ts';
import type { InjectionOptions } from '../../src/prove/inject-faults.ts';
import { DAY, DAYS_OF_WEEK, IS_WHOLE, SEED } from '../support/draw.ts';

/** Three hosts have so many file operations, or more: they cannot shrink unnoticed. */
const OPERATIONS_MIN = 200;

test('whichever file operation of a host fails, and however, it ends, leaves nothing behind, and the next check settles its task', {
  timeout: 300_000,
}, async () => {
  const { injected, faults, tookMs } = await injectHostFaults({
    seed: SEED,
    share: 1,
    ...(IS_WHOLE ? {} : todaysShare()),
    onProgress: () => undefined,
  });
  console.log(injected, `${tookMs} ms`);
  expect(faults).toEqual([]);
  const count = Object.values(injected).reduce((sum, each) => sum + each, 0);
  expect(count).toBeGreaterThan(OPERATIONS_MIN);
  expect(Object.keys(injected).sort()).toEqual([...Object.keys(FAULT_KINDS), 'EMFILE elsewhere'].sort());
});

/** A seventh of all cases, another each day; the code that refuses an operation for good is another one each week. */
function todaysShare(): Pick<InjectionOptions, 'part' | 'turn'> {
  return { part: { remainder: DAY % DAYS_OF_WEEK, of: DAYS_OF_WEEK }, turn: Math.floor(DAY / DAYS_OF_WEEK) };
}
