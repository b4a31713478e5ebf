import { beforeAll, describe, expect, test } from 'vitest';
import { endsAlike, endsAlikeAfterFailures } from '../../src/prove/real/compare.ts';
import type { SiteOptions } from '../../src/prove/real/site.ts';
import type { SiteEnd } from '../../src/prove/real/verdict.ts';
import { faultsIn, sampled, sweep, type Trial, undisturbedEnd } from '../support/crash-sweep.ts';
import { IS_WHOLE } from '../support/draw.ts';

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

/** All of them in a whole sweep; else each kind of death meets one, another than the last kind. */
function tasksFor(kind: number): readonly (typeof TASKS)[number][] {
  return IS_WHOLE ? TASKS : TASKS.filter((_, n) => n === kind % TASKS.length);
}

let undisturbed: SiteEnd;
const operations = new Map<string, readonly string[]>();

beforeAll(async () => {
  for (const task of TASKS) {
    const found = await undisturbedEnd(OPTIONS, 'host', task);
    undisturbed = found.end;
    operations.set(task, found.operations);
  }
}, 120_000);

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

describe('a run whose worker host is killed ends as one that nobody killed, and no worker is started twice', () => {
  test.for(tasksFor(0))(
    'at two operations of the host of %s drawn by chance',
    { timeout: TIMEOUT_MS },
    async (task) => {
      const trials = (['before', 'after', 'partial'] as const).flatMap((when) => trialsOf(task, when, false));
      expect(faultsIn(await sweep(sampled(trials, 2, 1), OPTIONS, undisturbed, endsAlike))).toEqual([]);
    },
  );

  test.for(tasksFor(1))(
    'at two operations of the host of %s drawn by chance, together with the runner',
    { timeout: TIMEOUT_MS },
    async (task) => {
      const trials = (['before', 'after', 'partial'] as const).flatMap((when) => trialsOf(task, when, true));
      expect(faultsIn(await sweep(sampled(trials, 2, 2), OPTIONS, undisturbed, endsAlike))).toEqual([]);
    },
  );

  test.for(tasksFor(2))(
    'together with the runner, and the next runner while it adopts for %s',
    {
      timeout: TIMEOUT_MS,
    },
    async (task) => {
      const trials = sampled(trialsOf(task, 'after', true), 1, 3).map((trial, n) => {
        const afterMs = 250 + ((n * 7919) % 700);
        return { name: `${trial.name}, again after ${afterMs} ms`, cuts: [...trial.cuts, { afterMs }] };
      });
      expect(faultsIn(await sweep(trials, OPTIONS, undisturbed, endsAlike))).toEqual([]);
    },
  );
});

/** A disk that refuses everything before the claim keeps every host from starting, and the run is for a person: test/faults shows that. */
function failing(task: string, when: 'fail' | 'failOn'): readonly Trial[] {
  const claim = (operations.get(task) ?? []).findIndex((operation) => operation.endsWith('/claim'));
  return trialsOf(task, 'before', false).slice(when === 'fail' ? 0 : claim + 1);
}

describe('a host whose file operation the system refuses costs at most an attempt', () => {
  test.for(tasksFor(3))(
    'when one of the host of %s fails, or all from some point on',
    { timeout: TIMEOUT_MS },
    async (task) => {
      const codes = ['ENOSPC', 'EIO', 'EACCES'];
      const trials = (['fail', 'failOn'] as const).flatMap((when, n) =>
        sampled(failing(task, when), 1, n).map((trial, m) => {
          const error = codes[(m + n) % codes.length] ?? 'EIO';
          const cuts = trial.cuts.map((cut) =>
            cut.plan === undefined ? cut : { ...cut, plan: { ...cut.plan, when, error } },
          );
          return { name: `${trial.name} ${when} ${error}`, cuts };
        }),
      );
      expect(faultsIn(await sweep(trials, OPTIONS, undisturbed, endsAlikeAfterFailures))).toEqual([]);
    },
  );
});
