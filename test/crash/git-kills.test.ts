import { beforeAll, describe, expect, test } from 'vitest';
import { PASSES_AT_ONCE } from '../../src/prove/real/site.ts';
import type { SiteEnd } from '../../src/prove/real/verdict.ts';
import { countGits, faultsIn, sampled, sweep, type Trial } from '../support/crash-sweep.ts';
import { IS_WHOLE, todaysPart } from '../support/draw.ts';
import { endsAlike } from '../support/ends-alike.ts';

const TIMEOUT_MS = IS_WHOLE ? 6 * 3_600_000 : 180_000;
const OPTIONS = { script: PASSES_AT_ONCE };
const MOMENTS = ['before', 'during', 'after'] as const;

let undisturbed: SiteEnd;
let gits: number;

beforeAll(async () => {
  ({ end: undisturbed, gits } = await countGits(OPTIONS));
});

/** The n-th git of the run is killed, with or without Pawl's own process that started it. */
function trialsOf(withParent: boolean, count: number): readonly Trial[] {
  const all = Array.from({ length: gits }, (_, n) => n + 1).flatMap((at) => MOMENTS.map((moment) => ({ at, moment })));
  return sampled(all, count, Number(withParent)).map(({ at, moment }) => ({
    name: `git ${at} ${moment}${withParent ? ' with its parent' : ''}`,
    cuts: [{ git: { at, moment, withParent }, outcome: withParent ? ('died' as const) : ('told' as const) }],
  }));
}

describe('a git that is killed half-way and leaves its locks behind blocks nothing', () => {
  test('when the process that started it dies with it', { timeout: TIMEOUT_MS }, async () => {
    expect(faultsIn(await sweep(trialsOf(true, 1), OPTIONS, undisturbed, endsAlike))).toEqual([]);
  });

  test('when it looks at the worktree, for a gate or before a task: its death is not a verdict', {
    timeout: TIMEOUT_MS,
  }, async () => {
    // In order: made ready for implementation, verification, its gate, review, its gate.
    const looks = [
      { at: 3, moment: 'after' },
      { at: 4, moment: 'during' },
      { at: 5, moment: 'after' },
    ] as const;
    const trials = todaysPart(looks, looks.length).map(({ at, moment }) => ({
      name: `status ${at} ${moment}`,
      cuts: [{ git: { at, about: 'status --porcelain', moment, withParent: false }, outcome: 'told' } as const],
    }));
    expect(faultsIn(await sweep(trials, OPTIONS, undisturbed, endsAlike))).toEqual([]);
  });

  test("when it shows the judge the base's instruction files, or puts the head's back: the review is tried again, or goes on", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const swaps = [1, 2].flatMap((at) => MOMENTS.map((moment) => ({ at, moment })));
    const trials = todaysPart(swaps, swaps.length).map(({ at, moment }) => ({
      name: `diff-tree ${at} ${moment}`,
      cuts: [{ git: { at, about: 'diff-tree -r -z --raw', moment, withParent: false }, outcome: 'told' } as const],
    }));
    expect(faultsIn(await sweep(trials, OPTIONS, undisturbed, endsAlike))).toEqual([]);
  });

  test('when it dies alone', { timeout: TIMEOUT_MS }, async () => {
    expect(faultsIn(await sweep(trialsOf(false, 1), OPTIONS, undisturbed, endsAlike))).toEqual([]);
  });
});
