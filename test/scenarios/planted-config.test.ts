/** A shared git configuration that a worker has broken, through the built command line: the registry is found, and people can decide. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codesOf, type ErrorDocument, type RunsDocument } from '../support/pawl-cli.ts';
import { answer, packetOf, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const scenario = new Scenario();
const config = join(scenario.path, '.git/config');
const elsewhere = join(scenario.repo.root, 'elsewhere');
const untouched = readFileSync(config, 'utf8');
const runIds: string[] = [];

beforeAll(async () => {
  const blocked = { implementation: [write('work-of/A/done.txt'), answer({ status: 'blocked' })] };
  scenario.scripted({ A: blocked, B: { implementation: [answer({ status: 'blocked' })] } });
  const { document } = await scenario.json('run', '--packets', scenario.packets(packetOf('A'), packetOf('B')));
  runIds.push(...document.runs.map((run) => run.runId));
  mkdirSync(elsewhere);
}, SLOW);
afterAll(() => scenario.end());

test.each([
  ['another checkout', `[core]\n\tworktree = ${elsewhere}\n`],
  ['a bare repository', '[core]\n\tbare = true\n'],
  ['what git cannot read', '[[garbage\n'],
])('with %s in it, every reader tells of the runs', { timeout: SLOW }, async (_what, planted) => {
  writeFileSync(config, `${untouched}${planted}`);
  const { document } = await scenario.json<RunsDocument>('status');
  const told = document.runs.map((run) => [run.runId, ...codesOf(run)]);
  expect(told).toEqual(runIds.map((runId) => [runId, 'PAWL_WORKER_BLOCKED']));
  const calls = [['show', 'A'], ['events', 'A'], ['recover', '--dry-run'], ['doctor']];
  for (const call of calls) {
    const { stdout, stderr } = await scenario.call(...call);
    expect([call, `${stdout}${stderr}`.includes('error PAWL_')]).toEqual([call, false]);
    expect(stdout).not.toMatch(/is gone|no longer/);
  }
  expect(existsSync(join(elsewhere, '.pawl'))).toBe(false);
});

test('where git itself cannot work the error names the file and its line, and people can still decide', {
  timeout: SLOW,
}, async () => {
  writeFileSync(config, `${untouched}[[garbage\n`);
  const line = untouched.split('\n').length;
  const shown = (await scenario.json<{ readonly changeProblem: string | null }>('show', 'A')).document;
  expect(shown.changeProblem).toContain(`bad config line ${line} in file ${config}`);
  const ran = await scenario.json<ErrorDocument>('run', '--packets', scenario.packets(packetOf('C')));
  expect([ran.code, ran.document.error.code]).toEqual([7, 'PAWL_GIT_FAILED']);
  expect(ran.document.error.hint).toContain(`line ${line} of ${config}`);
  expect((await scenario.json('resolve', 'A', 'retry', '--reason', 'I looked')).code).toBe(0);
  expect((await scenario.json('cancel', 'B', '--reason', 'not needed')).code).toBe(0);
  writeFileSync(config, untouched);
  const { document } = await scenario.json<RunsDocument>('run');
  expect(document.runs.map((run) => [run.taskId, run.state])).toContainEqual(['A', 'blockedNeedsHuman']);
});
