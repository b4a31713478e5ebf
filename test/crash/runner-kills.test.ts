import { beforeAll, describe, expect, test } from 'vitest';
import { FAILS_ONCE, PASSES_AT_ONCE, REVIEW_FAILS_ONCE, type SiteOptions } from '../../src/prove/real/site.ts';
import type { SiteEnd } from '../../src/prove/real/verdict.ts';
import { faultsIn, sampled, sweep, type Trial, undisturbedEnd } from '../support/crash-sweep.ts';
import { IS_WHOLE, SEED, todaysPart } from '../support/draw.ts';

const TIMEOUT_MS = IS_WHOLE ? 6 * 3_600_000 : 180_000;
/** In a whole sweep every third operation is killed at twice. */
const TWICE_STEP = 3;

const SITES: Readonly<Record<string, SiteOptions>> = {
  failsOnce: { script: FAILS_ONCE },
  passesAtOnce: { script: PASSES_AT_ONCE },
  reviewFailsOnce: { script: REVIEW_FAILS_ONCE },
};

let options: SiteOptions;
let undisturbed: SiteEnd;
let operations: readonly string[];

beforeAll(async () => {
  options = SITES[process.env.PAWL_CRASH_SITE ?? 'failsOnce'] ?? {};
  ({ end: undisturbed, operations } = await undisturbedEnd(options));
});

/** A kill of the runner at operation `at`, from 1. */
function kill(at: number, when: 'before' | 'after' | 'partial'): Trial['cuts'][number] {
  return { plan: { role: 'runner', at, when } };
}

function points(): readonly number[] {
  return operations.map((_, n) => n + 1);
}

/** Every way in which the runner is killed, with its trials. */
const KINDS: Readonly<Record<string, () => readonly Trial[]>> = {
  'before one of its file operations or starts of child processes': () =>
    sampled(points(), 1, 0).map((at) => ({ name: `before ${at}`, cuts: [kill(at, 'before')] })),
  'after one of them': () => sampled(points(), 1, 1).map((at) => ({ name: `after ${at}`, cuts: [kill(at, 'after')] })),
  'in the middle of a write': () => {
    const writes = points().filter((at) => operations[at - 1]?.includes('writeSync'));
    return sampled(writes, 1, 2).map((at) => ({ name: `partial ${at}`, cuts: [kill(at, 'partial')] }));
  },
  'in the middle of the very first record': () => {
    const first = operations.findIndex((operation) => operation.endsWith('writeSync events.jsonl'));
    return [{ name: 'first record', cuts: [kill(first + 1, 'partial')] }];
  },
  'and killed again while it recovers': () => {
    const firsts = points().filter((at) => at % TWICE_STEP === 0);
    return sampled(firsts, 1, 3).map((at) => {
      const second = 1 + ((at * 7919 + SEED * 104_729) % 60);
      return { name: `twice ${at} ${second}`, cuts: [kill(at, 'after'), kill(second, 'before')] };
    });
  },
  'at a moment while it waits': () => {
    const moments = Array.from({ length: 160 }, (_, n) => n * 12);
    return sampled(moments, 1, 4).map((afterMs) => ({ name: `time ${afterMs}`, cuts: [{ afterMs }] }));
  },
};

/** Every day two of the ways, each at a point drawn by chance. */
describe('a run whose runner is killed ends as it would without the kill, with every worker started once', () => {
  test.each(todaysPart(Object.entries(KINDS), 3))('%s', { timeout: TIMEOUT_MS }, async (_name, trials) => {
    expect(faultsIn(await sweep(trials(), options, undisturbed)), `seed ${SEED}`).toEqual([]);
  });
});
