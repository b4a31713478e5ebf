import { beforeAll, describe, expect, test } from 'vitest';
import { PASSES_AT_ONCE } from '../../src/prove/real/site.ts';
import type { SiteEnd } from '../../src/prove/real/verdict.ts';
import { faultsIn, sampled, sweep, type Trial, undisturbedEnd } from '../support/crash-sweep.ts';
import { IS_WHOLE, todaysPart } from '../support/draw.ts';

const TIMEOUT_MS = IS_WHOLE ? 6 * 3_600_000 : 180_000;
const OPTIONS = { script: PASSES_AT_ONCE };
const CODES = ['ENOSPC', 'EIO', 'EACCES'] as const;

let undisturbed: SiteEnd;
let points: readonly number[];

beforeAll(async () => {
  const found = await undisturbedEnd(OPTIONS);
  undisturbed = found.end;
  points = found.operations
    .map((operation, n) => ({ operation, at: n + 1 }))
    .filter(({ operation }) => !operation.includes(' spawn'))
    .map(({ at }) => at);
});

/** The runner's operation `at` fails, alone or with all that follow. */
function trialsOf(when: 'fail' | 'failOn', count: number): readonly Trial[] {
  return sampled(points, count, Number(when === 'fail')).map((at) => {
    const error = CODES[at % CODES.length] ?? 'EIO';
    return { name: `${when} ${at} ${error}`, cuts: [{ plan: { role: 'runner', at, when, error }, outcome: 'told' }] };
  });
}

const LOG_TRIALS: readonly Trial[] = (['openSync', 'closeSync'] as const).map((operation) => {
  const at = `${operation} tasks/verification-e1-a1/host.log`;
  return { name: at, cuts: [{ plan: { role: 'runner', at, when: 'fail', error: 'EACCES' }, outcome: 'told' }] };
});

const KINDS: Readonly<Record<string, () => readonly Trial[]>> = {
  'when one operation fails': () => trialsOf('fail', 1),
  'when the log of a worker host cannot be opened or closed': () => sampled(LOG_TRIALS, 1),
  'when from some point on every operation fails': () => trialsOf('failOn', 1),
};

/** Every day one of them, at a point drawn by chance. */
describe('a runner whose file operation the system refuses says so and loses nothing: the next start finishes', () => {
  test.each(todaysPart(Object.entries(KINDS), 3))('%s', { timeout: TIMEOUT_MS }, async (_name, trials) => {
    expect(faultsIn(await sweep(trials(), OPTIONS, undisturbed))).toEqual([]);
  });
});
