import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { endsAlike } from '../../src/prove/real/compare.ts';
import { cutPower, hasCome, hostOf, type Moment, send, until, workerOf } from '../../src/prove/real/moments.ts';
import { type CrashSite, createCrashSite, type SiteOptions } from '../../src/prove/real/site.ts';
import { RUN, runPawl, startPawl } from '../../src/prove/real/start.ts';
import { endOf, faultsOf, historyAt, recordsAt, type SiteEnd, viewIn } from '../../src/prove/real/verdict.ts';
import { undisturbedEnd } from '../support/crash-sweep.ts';

const TASK = 'implementation-e0-a1';
const TIMEOUT_MS = 120_000;

/** Every moment lasts a while: output, pause, answer, pause. */
const OPTIONS: SiteOptions = {
  script: {
    'implementation.a1': [
      { do: 'write', path: 'fixed.txt', text: 'half\n' },
      { do: 'print', text: 'working' },
      { do: 'sleep', ms: 200 },
      { do: 'write', path: 'fixed.txt', text: 'fixed\n' },
      { do: 'answer' },
      { do: 'sleep', ms: 200 },
    ],
    implementation: [{ do: 'write', path: 'fixed.txt', text: 'fixed\n' }, { do: 'answer' }],
  },
};

let undisturbed: SiteEnd;
beforeAll(async () => {
  ({ end: undisturbed } = await undisturbedEnd(OPTIONS));
}, 60_000);

let sites: CrashSite[] = [];
afterEach(() => {
  for (const site of sites) site.close();
  sites = [];
});

function newSite(): CrashSite {
  const site = createCrashSite(OPTIONS);
  sites.push(site);
  return site;
}

/** The result of the first implementation, once its run has been started again and has ended well. */
async function resultAfterRestart(site: CrashSite, histories: readonly string[]): Promise<string | undefined> {
  const ended = await runPawl(site, RUN);
  expect(faultsOf(site, ended, histories)).toEqual([]);
  expect(endsAlike(endOf(site, viewIn(ended)), undisturbed)).toEqual([]);
  return resultOf(site);
}

function resultOf(site: CrashSite): string | undefined {
  const [first] = recordsAt(site).filter(({ actor, event }) => actor === TASK && event.type === 'workerEnded');
  return first?.event.type === 'workerEnded' ? first.event.result : undefined;
}

describe('a power cut of all processes at a named moment', () => {
  const expected: Readonly<Record<Moment, string | RegExp>> = {
    claim: /interrupted|completed/,
    'agent.json': /interrupted|completed/,
    'output.ndjson': /interrupted|completed/,
    answer: 'completed',
    'completion.json': 'completed',
    outcome: 'completed',
  };
  test.for(Object.keys(expected) as Moment[])(
    'with %s there is gone on from',
    { timeout: TIMEOUT_MS },
    async (moment) => {
      const site = newSite();
      const started = startPawl(site, RUN);
      await until(() => hasCome(site, TASK, moment), moment);
      await cutPower(site);
      await started.ended;
      expect(await resultAfterRestart(site, [historyAt(site)])).toMatch(expected[moment]);
    },
  );
});

describe('runner and host killed together at a named moment', () => {
  test.for(['claim', 'output.ndjson', 'answer', 'outcome'] as const)(
    'with %s there: the worker, if it runs, is adopted and its work counts',
    { timeout: TIMEOUT_MS },
    async (moment) => {
      const site = newSite();
      const started = startPawl(site, RUN);
      await until(() => hasCome(site, TASK, moment), moment);
      const host = hostOf(site, TASK);
      started.kill('SIGKILL');
      send(host.pid, 'SIGKILL');
      await started.ended;
      const result = await resultAfterRestart(site, [historyAt(site)]);
      expect(result).toMatch(moment === 'claim' ? /interrupted|completed/ : /completed/);
    },
  );
});

test('a worker killed alone is a failed attempt, and the next one starts when nothing of it is left', {
  timeout: TIMEOUT_MS,
}, async () => {
  const site = newSite();
  const started = startPawl(site, RUN);
  await until(() => hasCome(site, TASK, 'output.ndjson'), 'output');
  send(workerOf(site, TASK).pid, 'SIGKILL');
  const ended = await started.ended;
  expect(faultsOf(site, ended, [])).toEqual([]);
  expect(resultOf(site)).toBe('failed');
  const end = endOf(site, viewIn(ended));
  expect(end).toMatchObject({ state: 'readyForManualReview', tree: undisturbed.tree, commits: undisturbed.commits });
  expect(end.witnessed).toMatchObject({ [TASK]: 1, 'implementation-e0-a2': 1 });
});
