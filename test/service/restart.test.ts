/** Workers outlive the service that drives them: a stand-in for a service manager ends all that its driving process has started, but for scopes. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withDescendants } from '../../src/adapters/processes/members.ts';
import { listPids, readProcStat } from '../../src/adapters/processes/proc.ts';
import { until } from '../support/pawl-cli.ts';
import { endOne, isAlive, pidsOf } from '../support/scenario-processes.ts';
import { type AtWork, alive, ServedScenario } from '../support/served-scenario.ts';

const SYSTEMD_RUN = resolve(import.meta.dirname, '../fixtures/service/systemd-run');
const IN_SERVICE = '0::/user.slice/user-1000.slice/user@1000.service/app.slice/pawl.service\n';

let served: ServedScenario;
beforeEach(() => {
  served = new ServedScenario();
  served.scenario.repo.write(join(served.root, 'bin/README'), 'The service manager of this test.\n');
  copyFileSync(SYSTEMD_RUN, join(served.root, 'bin/systemd-run'));
});
afterEach(() => served.scenario.end());

/** The service is started; returns its main process. */
function start(isFirst: boolean): number {
  const [program = '', ...args] = served.command(IN_SERVICE, isFirst);
  const env = { ...served.scenario.repo.environment, PATH: `${served.root}/bin:${process.env.PATH}` };
  const main = spawn(program, args, { cwd: served.scenario.path, env, stdio: 'ignore', detached: true });
  if (main.pid === undefined) throw new Error('the service was not started');
  return main.pid;
}

/** The processes that were put into scopes, by their units. */
function scopes(): Map<number, string> {
  const file = join(served.root, 'bin/scopes');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return new Map(lines.map((line) => [Number(line.split(' ')[0]), line.split(' ')[1] ?? '']));
}

/** The service is stopped as its manager would: all in its control group is killed, which is all of it but for scopes. Returns who was. */
async function stop(): Promise<number[]> {
  const killed: number[] = [];
  await until('the control group to be empty', () => {
    const table = listPids().flatMap((pid) => readProcStat(pid) ?? []);
    const kept = withDescendants(table, new Set(scopes().keys()));
    const left = pidsOf(served.root).filter((pid) => !kept.has(pid));
    for (const pid of left) endOne(pid);
    killed.push(...left);
    return left.length === 0;
  });
  return [...new Set(killed)];
}

const processesOf = (all: readonly AtWork[]) => all.flatMap(({ host, worker }) => [host, worker]);

test('three workers survive a restart of the service with the same pids, in scopes of their own, and each task ends once', async () => {
  const first = start(true);
  const before = await served.atWork();
  const bystanders = pidsOf('sleep\u0000600').filter((pid) => readProcStat(pid)?.parentPid === first);
  expect(bystanders).toHaveLength(1);

  const killed = await stop();
  expect(killed).toEqual(expect.arrayContaining([first, ...bystanders]));
  expect(alive(processesOf(before))).toHaveLength(6);
  const units = before.map(({ host }) => scopes().get(host.pid));
  expect(units).toEqual(before.map(() => expect.stringMatching(/^pawl-host-[0-9a-f]{16}$/)));
  expect(new Set(units).size).toBe(3);

  const runIds = before.map(({ runId }) => runId);
  const second = start(false);
  await served.areFoundAgain(runIds);
  expect(await served.atWork()).toEqual(before);
  expect(await served.finish(runIds)).toEqual(before.map(() => 'readyForManualReview'));
  for (const runId of runIds) {
    expect(served.scenario.startsOf(runId)).toEqual(['implementation-e0-a1', 'review-e1-a1']);
    expect(new Set(served.endsOf(runId)).size).toBe(served.endsOf(runId).length);
    expect(served.endsOf(runId)).toEqual(expect.arrayContaining(['implementation-e0-a1', 'review-e1-a1']));
  }
  await until('the driving process to end', () => !isAlive(second));
});

test('a host for which no scope is made is started plainly, and its start is counted', async () => {
  served.scenario.repo.write(join(served.root, 'bin/refuses'), '');
  start(true);
  const before = await served.atWork();
  expect(scopes().size).toBe(0);
  for (const { runId } of before) {
    const starts = served.scenario.journal(runId).filter(({ event }) => event.type === 'hostStartRepeated');
    expect(starts).toHaveLength(1);
    const log = readFileSync(served.scenario.runFile(runId, 'tasks/implementation-e0-a1/host.log'), 'utf8');
    expect(log).toMatch(/Failed to start transient scope unit/);
  }
  expect(await served.finish(before.map(({ runId }) => runId))).toHaveLength(3);
});
