import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { BOUNDS } from '../../src/model/limits.ts';
import { hasCome, hostOf, lockGenerations, processState, send, until } from '../../src/prove/real/moments.ts';
import { type CrashSite, createCrashSite, PASSES_AT_ONCE, type SiteScript } from '../../src/prove/real/site.ts';
import { documentOf, RUN, runPawl, startPawl } from '../../src/prove/real/start.ts';
import { endOf, faultsOf, historyAt, recordsAt, viewIn } from '../../src/prove/real/verdict.ts';
import { fastWhile, SPEED } from '../support/fast-runner.ts';

const TASK = 'implementation-e0-a1';
const TIMEOUT_MS = 300_000;

/** The first implementation takes long enough to be met at work. */
const SLOW: SiteScript = {
  ...PASSES_AT_ONCE,
  'implementation.a1': [
    { do: 'print', text: 'working' },
    { do: 'sleep', ms: 1_000 },
    { do: 'write', path: 'fixed.txt', text: 'fixed\n' },
    { do: 'answer' },
  ],
};

let sites: CrashSite[] = [];
afterEach(() => {
  for (const site of sites) site.close();
  sites = [];
});

function newSite(script: SiteScript): CrashSite {
  const site = createCrashSite({ script });
  sites.push(site);
  return site;
}

test('a suspended runner keeps its registry: a second one exits 6, the first continues when it is continued', {
  timeout: TIMEOUT_MS,
}, async () => {
  const site = newSite(SLOW);
  const first = startPawl(site, RUN);
  await until(() => hasCome(site, TASK, 'output.ndjson'), 'output');
  first.kill('SIGSTOP');
  await until(() => processState(first.pid) === 'T', 'a stopped runner');
  const history = historyAt(site);
  const second = await runPawl(site, RUN);
  expect(second.code).toBe(6);
  expect(documentOf(second)).toMatchObject({ error: { code: 'PAWL_REGISTRY_LOCKED' } });
  await until(() => hasCome(site, TASK, 'outcome'), 'the outcome, by the host alone');
  expect(historyAt(site)).toBe(history);
  first.kill('SIGCONT');
  const ended = await first.ended;
  expect(await faultsOf(site, ended, [history])).toEqual([]);
  expect(endOf(site, viewIn(ended)).tasks).toContain(`${TASK} completed`);
  expect(lockGenerations(site)).toHaveLength(1);
});

test('a host that is stopped between its claim and its agent record, its runner killed, continues under the next runner', {
  timeout: TIMEOUT_MS,
}, async () => {
  const site = newSite(PASSES_AT_ONCE);
  const atClaim = { role: 'host', at: '/claim', when: 'after', action: 'stop', task: TASK } as const;
  const first = startPawl(site, RUN, { plan: atClaim });
  await until(() => hasCome(site, TASK, 'claim'), 'a claim');
  const host = hostOf(site, TASK);
  await until(() => processState(host.pid) === 'T', 'a stopped host');
  expect(hasCome(site, TASK, 'agent.json')).toBe(false);
  first.kill('SIGKILL');
  await first.ended;
  const history = historyAt(site);
  const second = startPawl(site, RUN);
  await until(() => recordsAt(site).some(({ event }) => event.type === 'runRehydrated'), 'the second runner');
  expect(hasCome(site, TASK, 'agent.json')).toBe(false);
  send(host.pid, 'SIGCONT');
  const ended = await second.ended;
  expect(await faultsOf(site, ended, [history])).toEqual([]);
  expect(endOf(site, viewIn(ended))).toMatchObject({ tasks: expect.arrayContaining([`${TASK} completed`]) });
});

test('a host that stays suspended is ended with its worker, and the next attempt does the work', {
  timeout: TIMEOUT_MS,
}, async () => {
  const site = newSite({ ...SLOW, 'implementation.a1': [{ do: 'print', text: 'working' }, { do: 'hang' }] });
  const fast = join(site.root, 'fast');
  const started = startPawl(site, RUN, { env: fastWhile(fast) });
  await until(() => hasCome(site, TASK, 'output.ndjson'), 'output');
  const host = hostOf(site, TASK);
  send(host.pid, 'SIGSTOP');
  const sinceMs = performance.now();
  // For the silence alone: hosts that come later keep the machine's time, and would seem slow.
  writeFileSync(fast, '');
  await until(() => processState(host.pid) === null, 'the end of the host');
  // The runner may have looked at the last sign of life up to two polls before the host was stopped.
  expect(performance.now() - sinceMs).toBeGreaterThan((BOUNDS.hostSilenceMs - 2 * BOUNDS.watchPollMs) / SPEED);
  rmSync(fast);
  const ended = await started.ended;
  expect(await faultsOf(site, ended, [])).toEqual([]);
  expect(endOf(site, viewIn(ended))).toMatchObject({
    state: 'readyForManualReview',
    tasks: expect.arrayContaining([`${TASK} timedOut`, 'implementation-e0-a2 completed']),
  });
});
