/** Workers whose end comes late, twice, or while nobody looks: through the built command line, each with what is reported. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemCode } from '../../src/model/error.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { codesOf, runOf, until } from '../support/pawl-cli.ts';
import { answer, packetOf, verdict, write } from '../support/scenario-packet.ts';
import { isAlive } from '../support/scenario-processes.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const TASK = 'implementation-e0-a1';
const QUICK = { deadline_ms: 700, grace_ms: 200 };

interface Report {
  readonly runs: readonly (RunView & {
    readonly findings: readonly { readonly class: string; readonly detail: string; readonly action: string }[];
  })[];
}

let scenario: Scenario;
beforeEach(() => {
  scenario = new Scenario();
});
afterEach(() => scenario.end());

function outcomeOf(runId: string, taskId: string) {
  return JSON.parse(readFileSync(scenario.runFile(runId, 'tasks', taskId, 'outcome'), 'utf8'));
}

/** Leaves in the task's folder what a loser of its outcome register had to say. */
function leaveLate(runId: string, taskId: string, name: string, outcome: object): void {
  const folder = scenario.runFile(runId, 'tasks', taskId, 'late');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), JSON.stringify(outcome));
}

describe('a worker that leaves a grandchild', () => {
  test('which holds stdout and is deaf to SIGTERM has ended when it has exited; the grandchild is ended, the run continues', {
    timeout: SLOW,
  }, async () => {
    const grandchild = { do: 'grandchild', forever: true, ignoreSigterm: true, ownSession: true, holdsStdout: true };
    scenario.scripted({ A: { implementation: [grandchild, write('work-of/A/x'), answer()] } });
    const { code, of } = await scenario.run(scenario.packets(packetOf('A', { limits: { grace_ms: 300 } })));
    expect([code, of('A').state]).toEqual([0, 'readyForManualReview']);
    const { runId } = of('A');
    expect(outcomeOf(runId, TASK)).toMatchObject({ result: 'completed', exitCode: 0, survivors: 0 });
    expect(scenario.workersOf(runId)).toEqual([]);
    expect(scenario.startsOf(runId)).toEqual([TASK, 'review-e1-a1']);
  });
});

describe('a worker that has timed out', () => {
  test('answers late, twice, in contradiction: recorded for what it is worth, reported once, and nothing moves', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({
      A: { 'implementation.a1': [{ do: 'ignoreSigterm' }, { do: 'hang' }], 'review.a1': [verdict('BLOCKED')] },
    });
    const { code, of } = await scenario.run(scenario.packets(packetOf('A', { limits: QUICK })));
    expect([code, codesOf(of('A'))]).toEqual([3, ['PAWL_GATE_BLOCKED']]);
    const { runId } = of('A');
    const timedOut = outcomeOf(runId, TASK);
    expect(timedOut).toMatchObject({ result: 'timedOut', cause: { code: 'PAWL_WORKER_DEADLINE' } });
    leaveLate(runId, TASK, 'one.json', { ...timedOut, nonce: 'one', result: 'completed', cause: null, exitCode: 0 });
    const cause = { code: 'PAWL_WORKER_FAILED', params: { said: '' } };
    leaveLate(runId, TASK, 'two.json', { ...timedOut, nonce: 'two', result: 'failed', cause });
    const foreign = { ...timedOut, nonce: 'three', requestHash: 'f'.repeat(64) };
    leaveLate(runId, TASK, 'three.json', foreign);

    const recovered = await scenario.json<Report>('recover');
    expect(recovered.code).toBe(3);
    const run = recovered.document.runs[0];
    expect(run?.findings.map((finding) => finding.class)).toEqual(Array(3).fill('lateOrConflicting'));
    const task = run?.tasks.find((each) => each.taskId === TASK);
    expect(task).toMatchObject({ result: 'timedOut' });
    const decisions = Object.fromEntries(task?.reports.map(({ entryId, decision }) => [entryId, decision]) ?? []);
    expect(Object.keys(decisions).sort()).toEqual(['one.json', 'three.json', 'two.json']);
    expect(decisions['three.json']).toBe('unauthorized');
    expect(Object.values(decisions)).not.toContain('accepted');
    expect({ ...run, findings: [], seq: 0, updatedAtMs: 0, tasks: [] }).toEqual({
      ...of('A'),
      // What pawl run adds to tell why.
      failure: undefined,
      findings: [],
      seq: 0,
      updatedAtMs: 0,
      tasks: [],
    });
    expect((await scenario.json<Report>('recover')).document.runs[0]?.findings).toEqual([]);
    expect(scenario.startsOf(runId)).toEqual([TASK, 'implementation-e0-a2', 'review-e1-a1']);
  });
});

describe('a runner that ends', () => {
  test('as soon as its host has claimed: the host continues alone, and the next runner settles what it left', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({});
    const driver = scenario.start('run', '--packets', scenario.packets(packetOf('A')));
    const claim = await until('the claim', () => claimOf(scenario));
    driver.child.kill('SIGKILL');
    await driver.ended;
    await until('the host to end', () => !isAlive(claim.pid));
    expect(scenario.journal(claim.runId).map(({ event }) => event.type)).not.toContain('workerEnded');
    const dry = await scenario.json<Report>('recover', '--dry-run');
    expect(dry.document.runs[0]?.findings).toContainEqual({
      class: 'resultBeforeEvent',
      detail: `${TASK}: its end was not recorded yet`,
      action: 'settled at the next start',
    });
    const { code, document } = await scenario.json('run');
    expect([code, runOf(document, 'A').state]).toEqual([0, 'readyForManualReview']);
    expect(scenario.startsOf(claim.runId)).toEqual([TASK, 'review-e1-a1']);
  });
});

/** The host that has claimed the first task of the only run, null while there is none. */
function claimOf({ registry }: Scenario): { readonly runId: string; readonly pid: number } | null {
  try {
    const [runId] = readdirSync(join(registry, 'runs'));
    if (runId === undefined) return null;
    const claim = JSON.parse(readFileSync(join(registry, 'runs', runId, 'tasks', TASK, 'claim'), 'utf8'));
    return { runId, pid: claim.host.pid };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}
