/** Stopping `pawl run` while workers run: they continue under their hosts, and the next start finds them instead of starting them again. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CliCall, documentOf, runOf, until } from '../support/pawl-cli.ts';
import { answer, packetOf } from '../support/scenario-packet.ts';
import { isAlive } from '../support/scenario-processes.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
/** A stop waits for short work only; the worker of these tests would take for ever. */
const SOON_MS = 15_000;
let scenario: Scenario;
let gate = '';
beforeEach(() => {
  scenario = new Scenario();
  gate = join(scenario.repo.root, 'go');
  scenario.repo.write(join(scenario.repo.root, 'wait.sh'), `while [ ! -e ${gate} ]; do sleep 0.05; done\n`);
});
afterEach(() => scenario.end());

/** A driven run whose implementation waits for the gate; resolves when its worker has started. */
async function underWay(): Promise<{ call: CliCall; runId: string; packets: string }> {
  const agent = {
    kind: 'command',
    argv: [
      'sh',
      '-c',
      `echo "$PAWL_RUN_ID $PAWL_TASK_ID $$ 0" >>${scenario.witness}; sh ${scenario.repo.root}/wait.sh; echo 1 >one.txt`,
    ],
    completion: 'exitCode',
  };
  const steps = { review: [{ do: 'witness', file: scenario.witness }, answer()] };
  scenario.config({
    agents: { slow: agent, critic: { kind: 'scripted', steps } },
    roles: { implementer: 'slow', fixer: 'slow', reviewer: 'critic' },
    verification: { allow: ['true'] },
  });
  // An insufficient packet beside it: its exit code must not hide that the other run was cut off.
  const packets = scenario.packets(packetOf('A'), packetOf('WEAK', { review: {} }));
  const call = scenario.start('run', '--packets', packets, '--json');
  const start = await until('the worker', () => scenario.starts()[0]);
  await until('the worker in the journal', () =>
    scenario.journal(start.runId).some((record) => record.event.type === 'workerSpawned'),
  );
  return { call, runId: start.runId, packets };
}

/** The recorded worker of the run's first task. */
function recordedPid(runId: string): number {
  const agent = JSON.parse(readFileSync(scenario.runFile(runId, 'tasks/implementation-e0-a1/agent.json'), 'utf8'));
  return agent.worker.pid;
}

function rehydrations(runId: string): number {
  return scenario.journal(runId).filter((record) => record.event.type === 'runRehydrated').length;
}

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

test('SIGINT and SIGTERM end the command soon with a code of their own, SIGKILL at once: the next start reattaches, settles a worker that ended meanwhile, and none starts twice', {
  timeout: SLOW,
}, async () => {
  const { call: first, runId } = await underWay();
  const worker = recordedPid(runId);
  let call = first;
  for (const [n, [signal, code]] of SIGNALS.entries()) {
    const sentMs = performance.now();
    call.child.kill(signal);
    const end = await call.ended;
    expect(performance.now() - sentMs).toBeLessThan(SOON_MS);
    expect([end.code, end.signal]).toEqual([code, null]);
    expect(end.stderr).toMatch(new RegExp(`${signal}: no new work will be started`));
    expect(documentOf<{ stopped: boolean }>(end).stopped).toBe(true);
    expect(runOf(documentOf(end), 'A')).toMatchObject({ kind: 'active', state: 'implementing' });
    expect(isAlive(worker)).toBe(true);

    call = scenario.start('run', '--json');
    await until('the runner to reattach', () => rehydrations(runId) > n);
    expect(isAlive(worker)).toBe(true);
  }
  call.child.kill('SIGKILL');
  expect((await call.ended).signal).toBe('SIGKILL');
  scenario.repo.write(gate, '');
  await until('the worker to end by itself', () => scenario.workersOf(runId).length === 0);
  const last = await scenario.json('run');
  expect(last.code).toBe(0);
  expect(runOf(last.document, 'A').state).toBe('readyForManualReview');
  expect(rehydrations(runId)).toBe(SIGNALS.length + 1);
  expect(scenario.startsOf(runId)).toEqual(['implementation-e0-a1', 'review-e1-a1']);
});

describe('a kill without a warning', () => {
  test('of host and runner leaves the worker to be adopted or found dead, never started beside itself', {
    timeout: SLOW,
  }, async () => {
    const { call, runId } = await underWay();
    call.child.kill('SIGKILL');
    await call.ended;
    const claim = JSON.parse(readFileSync(scenario.runFile(runId, 'tasks/implementation-e0-a1/claim'), 'utf8'));
    process.kill(claim.host.pid, 'SIGKILL');
    scenario.repo.write(gate, '');
    const { document } = await scenario.json('run');
    const run = runOf(document, 'A');
    expect(run.state).toBe('readyForManualReview');
    const starts = scenario.startsOf(runId);
    expect(new Set(starts).size).toBe(starts.length);
  });
});

describe('a second signal', () => {
  test('ends the command at once while short work is waited for, and the next start continues', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({});
    const reached = join(scenario.repo.root, 'reached');
    const git = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    const shim = `case "$*" in *"worktree add"*) touch ${reached}; sh ${scenario.repo.root}/wait.sh;; esac`;
    scenario.repo.write(join(scenario.repo.root, 'bin/git'), `#!/bin/sh\n${shim}\nexec ${git} "$@"\n`);
    chmodSync(join(scenario.repo.root, 'bin/git'), 0o755);
    const env = { PATH: `${scenario.repo.root}/bin:${process.env.PATH}` };
    const call = scenario.startIn(scenario.path, env, 'run', '--packets', scenario.packets(packetOf('A')), '--json');
    await until('git', () => existsSync(reached));
    call.child.kill('SIGINT');
    await until('the word about the first', () => call.stderr().includes('Waiting for short work'));
    expect(call.child.exitCode).toBeNull();
    call.child.kill('SIGINT');
    const end = await call.ended;
    expect(end.code).toBe(130);
    expect(scenario.starts()).toEqual([]);

    // Its git still waits: the next runner waits for that one before it touches the same worktree.
    const again = scenario.start('run', '--json');
    scenario.repo.write(gate, '');
    const last = await again.ended;
    expect([last.code, runOf(documentOf(last), 'A').state]).toEqual([0, 'readyForManualReview']);
    expect(scenario.starts()).toHaveLength(2);
  });
});
