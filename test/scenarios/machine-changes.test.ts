/** Clocks that are moved, machines that are renamed, registries that are copied: through the built command line. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunView } from '../../src/core/run-view.ts';
import {
  type CliCall,
  type CliEnd,
  codesOf,
  documentOf,
  type ErrorDocument,
  runOf,
  until,
} from '../support/pawl-cli.ts';
import { ScenarioMachine } from '../support/scenario-machine.ts';
import { answer, packetOf, verdict, write } from '../support/scenario-packet.ts';
import { endOne } from '../support/scenario-processes.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 120_000;
const DAYS_MS = 40 * 86_400_000;
const TASK = 'implementation-e0-a1';
/** Past every deadline, stall and lease; and back by as much. */
const STEPS = [
  ['forwards', DAYS_MS],
  ['backwards', -DAYS_MS],
] as const;

let scenario: Scenario;
let machine: ScenarioMachine;
let gate: string;
beforeEach(() => {
  scenario = new Scenario();
  machine = new ScenarioMachine(scenario);
  gate = join(scenario.repo.root, 'go');
});
afterEach(() => scenario.end());

function start(...args: readonly string[]): CliCall {
  return scenario.startIn(scenario.path, machine.environment, ...args, '--json');
}

async function call(...args: readonly string[]): Promise<CliEnd> {
  return start(...args).ended;
}

function viewIn(end: CliEnd): RunView {
  return runOf(documentOf(end), 'A');
}

/** A run whose implementation waits for the gate: its worker has started, and the journal says so. */
async function atWork(): Promise<{ driver: CliCall; runId: string }> {
  scenario.scripted({
    A: {
      implementation: [{ do: 'print', text: 'at work' }, { do: 'waitFor', path: gate }, write('work-of/A/x'), answer()],
    },
  });
  const driver = start('run', '--packets', scenario.packets(packetOf('A')));
  const { runId } = await until('the worker', () => scenario.starts()[0]);
  await until('its record', () => scenario.journal(runId).some(({ event }) => event.type === 'workerSpawned'));
  return { driver, runId };
}

function openGate(): void {
  scenario.repo.write(gate, '');
}

function expectPassed(end: CliEnd, runId: string): void {
  expect(end.code, end.stderr).toBe(0);
  expect(viewIn(end)).toMatchObject({ state: 'readyForManualReview', kind: 'terminal', lease: null, blockers: [] });
  expect(scenario.startsOf(runId)).toEqual([TASK, 'review-e1-a1']);
}

describe.each(STEPS)('a clock that is moved %s', (_direction, stepMs) => {
  test('while a worker is at work ends nothing before its time: limits count on a clock that is never set', {
    timeout: SLOW,
  }, async () => {
    const { driver, runId } = await atWork();
    machine.becomes({ clockMs: stepMs });
    const beatMs = (): number => statSync(scenario.runFile(runId, 'tasks', TASK, 'heartbeat')).mtimeMs;
    const lastMs = beatMs();
    await until('a host that has looked at its limits since', () => beatMs() > lastMs);
    openGate();
    const end = await driver.ended;
    expectPassed(end, runId);
    const [first, last] = [scenario.journal(runId)[0], scenario.journal(runId).at(-1)];
    expect(Math.sign((last?.atMs ?? 0) - (first?.atMs ?? 0))).toBe(Math.sign(stepMs));
    expect(viewIn(end).task).toMatchObject({ taskId: 'review-e1-a1', result: 'completed' });
  });

  test('while no runner lives is found at the next start, which goes on', { timeout: SLOW }, async () => {
    scenario.scripted({ A: { 'review.a1': [verdict('BLOCKED')] } });
    const parked = viewIn(await call('run', '--packets', scenario.packets(packetOf('A'))));
    expect([parked.state, codesOf(parked)]).toEqual(['blockedNeedsHuman', ['PAWL_GATE_BLOCKED']]);
    machine.becomes({ clockMs: stepMs });
    const found = documentOf<{ runs: (RunView & { findings: { class: string }[] })[] }>(await call('recover'));
    const classes = found.runs.flatMap((run) => run.findings.map((finding) => finding.class));
    expect(classes).toEqual(stepMs > 0 ? ['staleLease'] : []);
    expect((await call('resolve', parked.runId, 'retry', '--reason', 'look again')).code).toBe(0);
    const end = await call('run');
    expect(end.code, end.stderr).toBe(0);
    expect(viewIn(end)).toMatchObject({ state: 'readyForManualReview', lease: null });
    expect(scenario.startsOf(parked.runId)).toEqual([TASK, 'review-e1-a1', 'review-e1-a2']);
  });
});

describe('a machine that is renamed', () => {
  test('is the same one: a second runner is refused, and after a kill the next one reattaches', {
    timeout: SLOW,
  }, async () => {
    machine.becomes({ hostname: 'old-name' });
    const { driver, runId } = await atWork();
    const claim = JSON.parse(readFileSync(scenario.runFile(runId, 'tasks', TASK, 'claim'), 'utf8'));
    expect(claim.host.hostname).toBe('old-name');
    machine.becomes({ hostname: 'new-name' });
    const second = await call('run');
    expect([second.code, documentOf<ErrorDocument>(second).error.code]).toEqual([6, 'PAWL_REGISTRY_LOCKED']);
    driver.child.kill('SIGKILL');
    await driver.ended;
    const next = start('run');
    await until('it to reattach', () => scenario.journal(runId).some(({ event }) => event.type === 'runRehydrated'));
    openGate();
    expectPassed(await next.ended, runId);
  });
});

describe('a registry that is copied to another machine', () => {
  test('is refused until an operator takes it over, and what its tasks do there is a person to say', {
    timeout: SLOW,
  }, async () => {
    machine.becomes({ machineId: 'one-machine', hostname: 'one' });
    const { driver, runId } = await atWork();
    driver.child.kill('SIGKILL');
    await driver.ended;
    machine.becomes({ machineId: 'another-machine', hostname: 'another', bootId: 'another-boot' });
    for (const args of [['run'], ['recover'], ['cancel', runId]]) {
      const refused = await call(...args);
      expect([args[0], refused.code, documentOf<ErrorDocument>(refused).error]).toEqual([
        args[0],
        6,
        expect.objectContaining({ code: 'PAWL_REGISTRY_LOCKED', message: expect.stringContaining(' on one ') }),
      ]);
    }
    const status = viewIn(await call('status'));
    expect(status).toMatchObject({ state: 'implementing', kind: 'active' });

    const taken = await call('recover', '--take-over', '--reason', 'that machine is switched off');
    expect(taken.code, taken.stderr).toBe(3);
    expect(viewIn(taken)).toMatchObject({ state: 'blockedNeedsHuman', blockers: [{ code: 'PAWL_HOST_UNKNOWN' }] });
    const run = await call('run', runId);
    expect([run.code, codesOf(viewIn(run))]).toEqual([3, ['PAWL_HOST_UNKNOWN']]);
    expect(scenario.startsOf(runId)).toEqual([TASK]);
  });
});

describe('a machine that was booted again', () => {
  test('has none of its old processes: the task is interrupted, and its next attempt does the work', {
    timeout: SLOW,
  }, async () => {
    machine.becomes({ bootId: 'first-boot' });
    const { driver, runId } = await atWork();
    driver.child.kill('SIGKILL');
    await driver.ended;
    const claim = JSON.parse(readFileSync(scenario.runFile(runId, 'tasks', TASK, 'claim'), 'utf8'));
    endOne(claim.host.pid);
    // Each may go down with the one before it.
    for (const pid of scenario.workersOf(runId)) endOne(pid);
    await until('all to be gone', () => scenario.workersOf(runId).length === 0);
    openGate();
    machine.becomes({ bootId: 'second-boot' });
    const end = await call('run');
    expect(end.code, end.stderr).toBe(0);
    expect(viewIn(end).state).toBe('readyForManualReview');
    expect(viewIn(end).tasks).toContainEqual(expect.objectContaining({ taskId: TASK, result: 'interrupted' }));
    expect(scenario.startsOf(runId)).toEqual([TASK, 'implementation-e0-a2', 'review-e1-a1']);
  });
});
