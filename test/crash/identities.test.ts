import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { canonicalJson, isObject } from '../../src/base/canonical-json.ts';
import type { ProcessIdentity } from '../../src/base/process-identity.ts';
import { cutPower, hasCome, lockGenerations, taskFolder, until } from '../../src/prove/real/moments.ts';
import { type CrashSite, createCrashSite, PASSES_AT_ONCE } from '../../src/prove/real/site.ts';
import { documentOf, RUN, runPawl, startPawl } from '../../src/prove/real/start.ts';
import { endOf, faultsOf, historyAt, recordsAt, viewIn, witnessedAt } from '../../src/prove/real/verdict.ts';
import { fastWhile } from '../support/fast-runner.ts';

const TASK = 'implementation-e0-a1';
const TIMEOUT_MS = 300_000;
const SCRIPT = {
  ...PASSES_AT_ONCE,
  'implementation.a1': [
    { do: 'write', path: 'fixed.txt', text: 'half\n' },
    { do: 'print', text: 'working' },
    { do: 'answer' },
    { do: 'hang' },
  ],
};

let sites: CrashSite[] = [];
afterEach(() => {
  for (const site of sites) site.close();
  sites = [];
});

/** A site whose processes were all killed while the first implementation, its answer already there, was still at work. */
async function siteAfterPowerCut(): Promise<CrashSite> {
  const site = createCrashSite({ script: SCRIPT });
  sites.push(site);
  const started = startPawl(site, RUN);
  await until(() => hasCome(site, TASK, 'answer'), 'an answer');
  await until(() => recordsAt(site).some(({ event }) => event.type === 'workerSpawned'), 'the record of the start');
  await cutPower(site);
  await started.ended;
  return site;
}

/** The identity in the register is another one from now on, as if it had been written elsewhere, or before a reboot. */
function changeIdentity(path: string, field: 'host' | 'worker' | 'holder', change: Partial<ProcessIdentity>): void {
  const text = readFileSync(path, 'utf8');
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error(`${path} contains no object`);
  const changed = { ...value, [field]: { ...Object(value[field]), ...change } };
  // A new file: what is linked elsewhere keeps its bytes.
  rmSync(path);
  writeFileSync(path, `${canonicalJson(changed)}${text.endsWith('\n') ? '\n' : ''}`, { mode: 0o600 });
}

function changeTask(site: CrashSite, change: Partial<ProcessIdentity>): void {
  changeIdentity(join(taskFolder(site, TASK), 'claim'), 'host', change);
  changeIdentity(join(taskFolder(site, TASK), 'agent.json'), 'worker', change);
}

function changeLock(site: CrashSite, change: Partial<ProcessIdentity>): void {
  const highest = lockGenerations(site).at(-1) ?? '';
  changeIdentity(join(site.paths.root, highest), 'holder', change);
}

test('after a reboot everything of before is dead: the task is interrupted, its answer does not count, the run continues', {
  timeout: TIMEOUT_MS,
}, async () => {
  const site = await siteAfterPowerCut();
  const before = { bootId: '00000000-0000-4000-8000-000000000000', pid: process.pid, startTime: '1' };
  changeTask(site, before);
  changeLock(site, before);
  const history = historyAt(site);
  const ended = await runPawl(site, RUN);
  expect(await faultsOf(site, ended, [history])).toEqual([]);
  expect(endOf(site, viewIn(ended))).toMatchObject({
    state: 'readyForManualReview',
    tasks: expect.arrayContaining([`${TASK} interrupted`, 'implementation-e0-a2 completed']),
  });
});

test('a host of another machine whose worker was of this one asks a person as well', {
  timeout: TIMEOUT_MS,
}, async () => {
  const site = await siteAfterPowerCut();
  changeIdentity(join(taskFolder(site, TASK), 'claim'), 'host', { machineId: 'another-machine' });
  const asked = await runPawl(site, RUN);
  expect(viewIn(asked)).toMatchObject({ state: 'blockedNeedsHuman', blockers: [{ code: 'PAWL_HOST_UNKNOWN' }] });
  expect(witnessedAt(site)).toEqual({ [TASK]: 1 });
});

test('a registry held by another machine is taken over only by an operator who says why; its worker is never judged from here: a person is asked, and retry continues', {
  timeout: TIMEOUT_MS,
}, async () => {
  const site = await siteAfterPowerCut();
  const elsewhere = { machineId: 'another-machine', hostname: 'elsewhere' };
  changeTask(site, elsewhere);
  changeLock(site, elsewhere);
  const runId = site.runId() ?? '';
  for (const args of [RUN, ['recover', '--json']]) {
    const refused = await runPawl(site, args);
    expect([args[0], refused.code, documentOf(refused)]).toMatchObject([
      args[0],
      6,
      { error: { code: 'PAWL_REGISTRY_LOCKED', message: expect.stringContaining(' on elsewhere ') } },
    ]);
  }
  expect(viewIn(await runPawl(site, ['status', '--json']))).toMatchObject({ state: 'implementing', kind: 'active' });
  expect((await runPawl(site, ['recover', '--take-over', '--json'])).code).toBe(2);
  expect(lockGenerations(site)).toHaveLength(1);

  const reason = ['--reason', 'elsewhere is switched off'];
  const taken = await runPawl(site, ['recover', '--take-over', ...reason, '--json']);
  expect(taken.code, taken.stderr).toBe(3);
  expect(viewIn(taken)).toMatchObject({ state: 'blockedNeedsHuman', blockers: [{ code: 'PAWL_HOST_UNKNOWN' }] });
  const again = await runPawl(site, RUN);
  expect(again.code).toBe(3);
  expect(witnessedAt(site)).toEqual({ [TASK]: 1 });

  // It waits in vain for that worker to end.
  const env = fastWhile(site.root);
  const resolved = await runPawl(site, ['resolve', runId, 'retry', ...reason, '--json'], { env });
  expect(resolved.code, resolved.stderr).toBe(0);
  const ended = await runPawl(site, RUN);
  const doubt = `finding: ambiguous ${TASK}: cannot tell whether it is still running`;
  expect((await faultsOf(site, ended, [])).filter((fault) => fault !== doubt)).toEqual([]);
  expect(endOf(site, viewIn(ended))).toMatchObject({
    state: 'readyForManualReview',
    tasks: expect.arrayContaining([`${TASK} interrupted`, 'implementation-e0-a2 completed']),
  });
});
