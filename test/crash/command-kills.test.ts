import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { hasCome, until } from '../../src/prove/real/moments.ts';
import { type CrashSite, createCrashSite, PASSES_AT_ONCE, type SiteOptions } from '../../src/prove/real/site.ts';
import { documentOf, RUN, runPawl, startPawl } from '../../src/prove/real/start.ts';
import { faultsOf, historyAt, viewIn } from '../../src/prove/real/verdict.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { sampled } from '../support/crash-sweep.ts';
import { IS_WHOLE, todaysPart } from '../support/draw.ts';

const TIMEOUT_MS = IS_WHOLE ? 6 * 3_600_000 : 180_000;
const TASK = 'implementation-e0-a1';

let sites: CrashSite[] = [];
afterEach(() => {
  for (const site of sites) site.close();
  sites = [];
});

function newSite(options: SiteOptions): CrashSite {
  const site = createCrashSite(options);
  sites.push(site);
  return site;
}

function closeLast(): void {
  sites.pop()?.close();
}

/** How many operations the command does when nobody kills it. */
async function operationsOf(site: CrashSite, args: readonly string[]): Promise<number> {
  const log = join(site.root, 'operations');
  await runPawl(site, args, { plan: { role: 'runner', at: 0, when: 'count', log } });
  return readFileSync(log, 'utf8').split('\n').length - 2;
}

/** Kills the command at operation `at`. */
async function killed(site: CrashSite, args: readonly string[], at: number): Promise<string> {
  await runPawl(site, args, { plan: { role: 'runner', at, when: 'before' } });
  return historyAt(site);
}

const FAILS = [{ do: 'exit', code: 3 }] as const;

const WORKING: SiteOptions = {
  script: { ...PASSES_AT_ONCE, 'implementation.a1': [{ do: 'print', text: 'working' }, { do: 'hang' }] },
};

/** A site whose runner was killed while its first worker hangs under its host. */
async function siteAtWork(): Promise<CrashSite> {
  const site = newSite(WORKING);
  const started = startPawl(site, RUN);
  await until(() => hasCome(site, TASK, 'output.ndjson'), 'output');
  started.kill('SIGKILL');
  await started.ended;
  return site;
}

/** Every command that writes, with what is done at a kill of it. */
const COMMANDS: Readonly<Record<string, () => Promise<void>>> = {
  'cancel: once it is left in the inbox it is carried out, whoever dies': async () => {
    const first = await siteAtWork();
    const count = await operationsOf(first, ['cancel', first.runId() ?? '', '--json']);
    closeLast();
    const points = Array.from({ length: count }, (_, n) => n + 1);
    for (const at of sampled(points, 1, 1)) {
      const site = await siteAtWork();
      const runId = site.runId() ?? '';
      const history = await killed(site, ['cancel', runId, '--json'], at);
      const repeated = await runPawl(site, ['cancel', runId, '--json']);
      const found = documentOf<{ runs?: RunView[]; error?: { code: string } }>(repeated);
      const isCancelled = found.runs?.[0]?.state === 'cancelled' || found.error?.code === 'PAWL_COMMAND_REFUSED';
      expect(isCancelled, `cancel killed at ${at}: ${repeated.stdout} ${repeated.stderr}`).toBe(true);
      const ended = await runPawl(site, RUN);
      expect(viewIn(ended).state, `cancel killed at ${at}`).toBe('cancelled');
      expect(await faultsOf(site, ended, [history]), `cancel killed at ${at}`).toEqual([]);
      closeLast();
    }
  },

  'resolve: the retry of a run that has failed is decided once, and the run goes on': async () => {
    const failing: SiteOptions = {
      script: { ...PASSES_AT_ONCE, 'implementation.a1': FAILS, 'implementation.a2': FAILS },
    };
    const siteFailed = async (): Promise<CrashSite> => {
      const site = newSite(failing);
      expect(viewIn(await runPawl(site, RUN)).state).toBe('failedExecution');
      return site;
    };
    const retry = (site: CrashSite): string[] => ['resolve', site.runId() ?? '', 'retry', '--reason', 'gone', '--json'];
    const first = await siteFailed();
    const count = await operationsOf(first, retry(first));
    closeLast();
    const points = Array.from({ length: count }, (_, n) => n + 1);
    for (const at of sampled(points, 1, 4)) {
      const site = await siteFailed();
      const history = await killed(site, retry(site), at);
      const again = await runPawl(site, retry(site));
      expect([0, 2], `retry killed at ${at}: ${again.stderr}`).toContain(again.code);
      const ended = await runPawl(site, ['run', '--json']);
      expect(viewIn(ended).state, `retry killed at ${at}`).toBe('readyForManualReview');
      expect(await faultsOf(site, ended, [history]), `retry killed at ${at}`).toEqual([]);
      closeLast();
    }
  },

  'recover: it can be killed and started again, and starts no worker': async () => {
    const first = await siteAtWork();
    const count = await operationsOf(first, ['recover', '--json']);
    closeLast();
    const points = Array.from({ length: count }, (_, n) => n + 1);
    for (const at of sampled(points, 1, 2)) {
      const site = await siteAtWork();
      const history = await killed(site, ['recover', '--json'], at);
      const again = await runPawl(site, ['recover', '--json']);
      expect(again.code, `recover killed at ${at}: ${again.stderr}`).toBe(0);
      expect(historyAt(site).startsWith(history)).toBe(true);
      expect(hasCome(site, TASK, 'outcome')).toBe(false);
      closeLast();
    }
  },

  'intake: the packet is there in full or taken in again, and its run passes': async () => {
    const args = ['intake', '../packets.json', '--json'];
    const count = await operationsOf(newSite({ script: PASSES_AT_ONCE }), args);
    closeLast();
    const points = Array.from({ length: count }, (_, n) => n + 1);
    for (const at of sampled(points, 1, 3)) {
      const site = newSite({ script: PASSES_AT_ONCE });
      const history = await killed(site, args, at);
      const again = await runPawl(site, args);
      expect(again.code, `intake killed at ${at}: ${again.stderr}`).toBe(0);
      const ended = await runPawl(site, ['run', '--json']);
      expect(await faultsOf(site, ended, [history]), `intake killed at ${at}`).toEqual([]);
      closeLast();
    }
  },
};

/** Every day one of them, at a point drawn by chance. */
describe('a command that is killed', () => {
  test.each(todaysPart(Object.entries(COMMANDS), 3))('%s', { timeout: TIMEOUT_MS }, (_name, killed) => killed());
});

test('of two starts after a kill one drives and the other is refused', { timeout: TIMEOUT_MS }, async () => {
  const site = await siteAtWork();
  const runId = site.runId() ?? '';
  const both = [startPawl(site, RUN), startPawl(site, RUN)];
  const refused = await Promise.race(both.map((each) => each.ended));
  expect(refused.code, refused.stderr).toBe(6);
  const cancelled = await runPawl(site, ['cancel', runId, '--json']);
  expect(cancelled.code, cancelled.stderr).toBe(0);
  const codes = (await Promise.all(both.map((each) => each.ended))).map(({ code }) => code).sort();
  expect(codes).toEqual([0, 6]);
  expect(existsSync(site.paths.quarantined(runId))).toBe(false);
  const recovered = await runPawl(site, ['recover', '--json']);
  expect(recovered).toMatchObject({ code: 0, isStuck: false });
});
