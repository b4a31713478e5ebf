/** Clocks that are moved and machines that are renamed, through the built command line. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
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
import { Scenario, type Scripts } from '../support/scenario-repo.ts';

const SLOW = 300_000;
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
async function atWork(more: Scripts[string] = {}): Promise<{ driver: CliCall; runId: string }> {
  scenario.scripted({
    A: {
      implementation: [{ do: 'print', text: 'at work' }, { do: 'waitFor', path: gate }, write('work-of/A/x'), answer()],
      ...more,
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
  test('ends nothing before its time while a worker is at work, and is found by the next start where no runner lived', {
    timeout: SLOW,
  }, async () => {
    const { driver, runId } = await atWork({ 'review.a1': [verdict('BLOCKED')] });
    machine.becomes({ clockMs: stepMs });
    // Limits count on a clock that is never set.
    const beatMs = (): number => statSync(scenario.runFile(runId, 'tasks', TASK, 'heartbeat')).mtimeMs;
    const lastMs = beatMs();
    await until('a host that has looked at its limits since', () => beatMs() > lastMs);
    openGate();
    const parked = viewIn(await driver.ended);
    expect([parked.state, codesOf(parked)]).toEqual(['blockedNeedsHuman', ['PAWL_GATE_BLOCKED']]);
    expect(parked.tasks[0]).toMatchObject({ taskId: TASK, result: 'completed' });
    expect(scenario.startsOf(runId)).toEqual([TASK, 'review-e1-a1']);
    const [first, last] = [scenario.journal(runId)[0], scenario.journal(runId).at(-1)];
    expect(Math.sign((last?.atMs ?? 0) - (first?.atMs ?? 0))).toBe(Math.sign(stepMs));

    machine.becomes({ clockMs: 2 * stepMs });
    const found = documentOf<{ runs: (RunView & { findings: { class: string }[] })[] }>(await call('recover'));
    const classes = found.runs.flatMap((run) => run.findings.map((finding) => finding.class));
    expect(classes).toEqual(stepMs > 0 ? ['staleLease'] : []);
    expect((await call('resolve', runId, 'retry', '--reason', 'look again')).code).toBe(0);
    const end = await call('run');
    expect(end.code, end.stderr).toBe(0);
    expect(viewIn(end)).toMatchObject({ state: 'readyForManualReview', lease: null });
    expect(scenario.startsOf(runId)).toEqual([TASK, 'review-e1-a1', 'review-e1-a2']);
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
    const next = start('run', runId);
    await until('it to reattach', () => scenario.journal(runId).some(({ event }) => event.type === 'runRehydrated'));
    openGate();
    expectPassed(await next.ended, runId);
  });
});

describe('a machine that is another one', () => {
  test('is refused by a command as well, and its readers show what is there', { timeout: SLOW }, async () => {
    machine.becomes({ machineId: 'one-machine', hostname: 'one' });
    const { driver, runId } = await atWork();
    driver.child.kill('SIGKILL');
    await driver.ended;
    machine.becomes({ machineId: 'another-machine', hostname: 'another', bootId: 'another-boot' });
    const refused = await call('cancel', runId);
    expect([refused.code, documentOf<ErrorDocument>(refused).error]).toEqual([
      6,
      expect.objectContaining({ code: 'PAWL_REGISTRY_LOCKED', message: expect.stringContaining(' on one ') }),
    ]);
    // What was refused is left for nobody.
    expect(readdirSync(join(scenario.registry, 'inbox'))).toEqual([]);
    expect(viewIn(await call('status'))).toMatchObject({ state: 'implementing', kind: 'active' });
    expect(scenario.startsOf(runId)).toEqual([TASK]);
  });
});
