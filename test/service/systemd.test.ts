/** The same with a real systemd, where there is one: a service whose whole control group is killed at its stop. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { until } from '../support/pawl-cli.ts';
import { alive, ServedScenario } from '../support/served-scenario.ts';

const version = spawnSync('systemctl', ['--user', 'show', '--property=Version'], { encoding: 'utf8', timeout: 10_000 });
const why =
  version.error === undefined && version.status === 0
    ? ''
    : ` (skipped, no systemd manager of this user: ${version.error?.message ?? version.stderr.trim()})`;

test.skipIf(why !== '')(`workers survive the stop of a real service, in scopes of their own${why}`, async () => {
  const served = new ServedScenario();
  const { environment } = served.scenario.repo;
  const call = (program: string, ...args: readonly string[]): string =>
    execFileSync(program, args, { env: environment, encoding: 'utf8' }).trim();
  const unit = `pawl-test-${process.pid}.service`;
  const start = (isFirst: boolean): void => {
    const variables = Object.entries(environment).map(([name, value]) => `--setenv=${name}=${value ?? ''}`);
    const place = ['--user', '--quiet', '--collect', `--unit=${unit}`, `--working-directory=${served.scenario.path}`];
    call('systemd-run', ...place, ...variables, '--', ...served.command('', isFirst));
  };
  try {
    start(true);
    const before = await served.atWork();
    const main = Number(call('systemctl', '--user', 'show', '--property=MainPID', '--value', unit));
    expect(alive(before.map(({ host }) => ({ ...host, pid: main })))).toHaveLength(3);
    for (const { host, worker } of before) {
      for (const { pid } of [host, worker]) {
        expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toMatch(/\/pawl-host-[0-9a-f]{16}\.scope$/m);
      }
    }

    call('systemctl', '--user', 'kill', '--kill-whom=all', '--signal=SIGKILL', unit);
    await until('the service to end', () => alive(before.map(({ host }) => ({ ...host, pid: main }))).length === 0);
    expect(alive(before.flatMap(({ host, worker }) => [host, worker]))).toHaveLength(6);

    const runIds = before.map(({ runId }) => runId);
    await until(
      'the unit to be gone',
      () => call('systemctl', '--user', 'list-units', '--all', unit, '--plain', '--no-legend') === '',
    );
    start(false);
    await served.areFoundAgain(runIds);
    expect(await served.atWork()).toEqual(before);
    expect(await served.finish(runIds)).toEqual(before.map(() => 'readyForManualReview'));
    for (const runId of runIds) {
      expect(served.scenario.startsOf(runId)).toEqual(['implementation-e0-a1', 'review-e1-a1']);
    }
  } finally {
    await served.scenario.end();
  }
});
