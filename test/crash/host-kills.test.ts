import { beforeAll, describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/prove/real/compare.ts';
import type { SiteOptions } from '../../src/prove/real/site.ts';
import type { SiteEnd } from '../../src/prove/real/verdict.ts';
import { faultsIn, sampled, sweep, type Trial, undisturbedEnd } from '../support/crash-sweep.ts';
import { IS_WHOLE, SEED, todaysPart } from '../support/draw.ts';
import { endsAlike, endsAlikeAfterFailures } from '../support/ends-alike.ts';

const TIMEOUT_MS = IS_WHOLE ? 6 * 3_600_000 : 180_000;

/** Workers that take a moment, so that a host can die while they run. */
const OPTIONS: SiteOptions = {
  script: {
    implementation: [
      { do: 'print', text: 'working' },
      { do: 'sleep', ms: 150 },
      { do: 'write', path: 'fixed.txt', text: 'fixed\n' },
      { do: 'answer' },
      { do: 'sleep', ms: 100 },
    ],
    review: [{ do: 'sleep', ms: 50 }, { do: 'answer' }],
  },
};

const TASKS = ['implementation-e0-a1', 'verification-e1-a1', 'review-e1-a1'] as const;

/** All of them in a whole sweep; else one, drawn by chance. */
const DRAWN = sampled(TASKS, 1);

let undisturbed: SiteEnd;
const operations = new Map<string, readonly string[]>();

beforeAll(async () => {
  for (const task of DRAWN) {
    const found = await undisturbedEnd(OPTIONS, 'host', task);
    undisturbed = found.end;
    operations.set(task, found.operations);
  }
});

/** Every kill of the host of `task`, alone or with its runner. */
function trialsOf(task: string, when: 'before' | 'after' | 'partial', withParent: boolean): readonly Trial[] {
  const counted = operations.get(task) ?? [];
  return counted
    .map((operation, n) => ({ operation, at: n + 1 }))
    .filter(({ operation }) => when !== 'partial' || operation.includes('writeSync'))
    .map(({ at }) => ({
      name: `${task} ${when} ${at}${withParent ? ' with its runner' : ''}`,
      cuts: [
        {
          plan: { role: 'host', at, when, task, withParent },
          outcome: withParent ? ('died' as const) : ('finished' as const),
        },
      ],
    }));
}

/** A disk that refuses everything before the claim keeps every host from starting, and the run is for a person: test/faults shows that. */
function failing(task: string, when: 'fail' | 'failOn'): readonly Trial[] {
  const claim = (operations.get(task) ?? []).findIndex((operation) => operation.endsWith('/claim'));
  return trialsOf(task, 'before', false).slice(when === 'fail' ? 0 : claim + 1);
}

/** Whether the operation at which the trial cuts is on a path in the worktree; one that fails from there on is asked about as a whole. */
function isInWorktree(task: string, { cuts }: Trial): boolean {
  const at = Number(cuts[0]?.plan?.at ?? 1);
  return (operations.get(task) ?? []).slice(at - 1).some((operation) => operation.includes('/.pawl-task'));
}

/** Every kill of the host, before, after and in the middle of its operations. */
function everyKill(task: string, withParent: boolean): readonly Trial[] {
  return (['before', 'after', 'partial'] as const).flatMap((when) => trialsOf(task, when, withParent));
}

/** What may become of a host, with its trials and what must be alike at the end. */
const KINDS: Readonly<Record<string, { readonly compare: Comparison; trials(task: string): readonly Trial[] }>> = {
  'is killed at one of its operations': {
    compare: endsAlike,
    trials: (task) => sampled(everyKill(task, false), 1, 1),
  },
  'is killed at one of its operations, together with its runner': {
    compare: endsAlike,
    trials: (task) => sampled(everyKill(task, true), 1, 2),
  },
  'is killed together with its runner, and the next runner while it adopts': {
    compare: endsAlike,
    trials: (task) =>
      sampled(trialsOf(task, 'after', true), 1, 3).map((trial, n) => {
        const afterMs = 250 + ((n * 7919) % 700);
        return { name: `${trial.name}, again after ${afterMs} ms`, cuts: [...trial.cuts, { afterMs }] };
      }),
  },
  'has a file operation refused, one or all from some point on, which costs at most an attempt': {
    compare: endsAlikeAfterFailures,
    trials: (task) => {
      const codes = ['ENOSPC', 'EIO', 'EACCES'];
      return sampled(['fail', 'failOn'] as const, 1).flatMap((when, n) =>
        sampled(failing(task, when), 1, n).map((trial, m) => {
          const drawn = codes[(m + n + SEED) % codes.length] ?? 'EIO';
          // A path in the worktree that is forbidden is the worker's doing, and its run is for a person: there, the disk refuses otherwise.
          const error = drawn === 'EACCES' && isInWorktree(task, trial) ? 'EIO' : drawn;
          const cuts = trial.cuts.map((cut) =>
            cut.plan === undefined ? cut : { ...cut, plan: { ...cut.plan, when, error } },
          );
          return { name: `${trial.name} ${when} ${error}`, cuts };
        }),
      );
    },
  },
};

/** Every day one of them, at a point drawn by chance. */
describe.each(todaysPart(Object.entries(KINDS), 4))('a host that %s', (_name, { compare, trials }) => {
  test.for(DRAWN)(
    'doing %s: the run ends as one that was left alone, and no worker is started twice',
    { timeout: TIMEOUT_MS },
    async (task) => {
      expect(faultsIn(await sweep(trials(task), OPTIONS, undisturbed, compare))).toEqual([]);
    },
  );
});
