/** Gates and the fix loop through the built command line: one drive over many packets, one test for what became of each. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
import { codesOf, runOf } from '../support/pawl-cli.ts';
import { answer, type Plain, packetOf, verdict, write } from '../support/scenario-packet.ts';
import { Scenario, type Scripts } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const scenario = new Scenario();
let runs: Readonly<Record<string, RunView>> = {};
let exitCode: number | null = null;

const needsFix = { verification: { commands: ['test -f fixed.txt'] } };
const fixes = [write('fixed.txt'), answer()];
const limits = (given: Plain): Plain => ({ limits: given });

const PACKETS: Readonly<Record<string, Plain>> = {
  VERIFIES: needsFix,
  REVIEWS: {},
  RETRIED: { ...needsFix, ...limits({ fix_attempts_max: 1 }) },
  ACCEPTED: { ...needsFix, ...limits({ fixAttemptsMax: 0 }) },
  ABANDONED: { ...needsFix, ...limits({ fixAttemptsMax: 0 }) },
  UNSURE: {},
  MEDDLES: limits({ fixAttemptsMax: 0 }),
  EDITS: {},
  LEAVES: { verification: { commands: ['sh make-coverage.sh'] } },
};

const SCRIPTS: Scripts = {
  VERIFIES: { fix: fixes },
  REVIEWS: { 'review.e1': [verdict('FAIL', 'the name is wrong')] },
  RETRIED: { 'fix.e1': [write('half.txt'), answer()], fix: fixes },
  UNSURE: { review: [verdict('BLOCKED', 'no access to the design')] },
  MEDDLES: { review: [write('late.txt'), { do: 'commit', message: 'meddled' }, verdict('PASS')] },
  EDITS: { 'review.e1': [write('work-of/EDITS/done.txt', 'edited by the reviewer\n'), verdict('PASS')] },
  LEAVES: {
    implementation: [
      write('make-coverage.sh', 'mkdir -p coverage/deep && echo 1 >coverage/deep/lcov && echo 2 >out.log\n'),
      answer(),
    ],
  },
};

beforeAll(async () => {
  scenario.scripted(SCRIPTS);
  const packets = Object.entries(PACKETS).map(([id, overrides]) => packetOf(id, overrides));
  const { code, document } = await scenario.json('run', '--packets', scenario.packets(...packets));
  exitCode = code;
  runs = Object.fromEntries(document.runs.map((run) => [run.taskId, run]));
}, SLOW);
afterAll(() => scenario.end());

function of(taskId: string): RunView {
  const run = runs[taskId];
  if (run === undefined) throw new Error(`no run of ${taskId}`);
  return run;
}

function tasksOf(run: RunView): string[] {
  return run.tasks.map((task) => task.taskId);
}

describe('every run of the drive', () => {
  test('started the worker of each of its tasks once, and the command says that people are needed', () => {
    expect(exitCode).toBe(3);
    for (const run of Object.values(runs)) {
      const byAgents = tasksOf(run).filter((task) => !task.startsWith('verification'));
      expect(scenario.startsOf(run.runId).sort(), run.taskId).toEqual(byAgents.sort());
    }
  });
});

describe('the fix loop', () => {
  test('verification that fails is fixed and passes in a fresh epoch', () => {
    const run = of('VERIFIES');
    expect(run).toMatchObject({ state: 'readyForManualReview', epoch: 2, blockers: [] });
    expect(tasksOf(run)).toEqual([
      'implementation-e0-a1',
      'verification-e1-a1',
      'fix-e1-a1',
      'verification-e2-a1',
      'review-e2-a1',
    ]);
    expect(run.gates.verification).toMatchObject({ status: 'PASS', epoch: 2, commit: run.headCommit });
    expect(run.gates.review).toMatchObject({ status: 'PASS', epoch: 2, commit: run.headCommit });
  });

  test('a review that fails is fixed with its evidence in the task, and everything is judged again', () => {
    const run = of('REVIEWS');
    expect(run).toMatchObject({ state: 'readyForManualReview', epoch: 2 });
    expect(tasksOf(run)).toEqual([
      'implementation-e0-a1',
      'verification-e1-a1',
      'review-e1-a1',
      'fix-e1-a1',
      'verification-e2-a1',
      'review-e2-a1',
    ]);
    const task = JSON.parse(readFileSync(scenario.runFile(run.runId, 'tasks', 'fix-e1-a1', 'task.json'), 'utf8'));
    expect(task.failedGate).toMatchObject({
      gate: 'review',
      status: 'FAIL',
      findings: [{ message: 'the name is wrong' }],
    });
    expect(scenario.repo.git(['log', '--format=%s', `main..work/REVIEWS`]).split('\n')).toHaveLength(2);
    const page = readFileSync(scenario.runFile(run.runId, 'artifacts', 'handoff', 'handoff.md'), 'utf8');
    expect(page).toMatch(/### Round 1[\s\S]*- review FAIL[\s\S]*the name is wrong/);
    const range = `${run.baseCommit?.slice(0, 12)}..${run.headCommit?.slice(0, 12)}`;
    expect(run.nextSafeAction).toMatchObject({ kind: 'review', command: `git log --patch ${range}` });
    expect(page).toContain(`\`git log --patch ${range}\``);
  });

  test('past its limit the run waits for a person, who can ask for one more round', { timeout: SLOW }, async () => {
    const run = of('RETRIED');
    expect(run).toMatchObject({ state: 'blockedNeedsHuman', kind: 'blocked', epoch: 2 });
    expect(codesOf(run)).toEqual(['PAWL_GATE_FAILED', 'PAWL_FIX_LIMIT']);
    expect(run.actions.map(({ kind }) => kind)).toEqual(['retry', 'accept', 'replacePacket', 'abandon']);
    expect(run.actions.flatMap(({ command }) => command ?? [])).toEqual(
      ['retry', 'accept', 'abandon'].map((word) => `pawl resolve ${run.runId} ${word} --reason ''`),
    );
    expect(run.failure?.outputs).toMatchObject([{ what: 'test -f fixed.txt: exit 1' }]);
    const pasted = await scenario.call('resolve', run.runId, 'abandon', '--reason', '');
    expect([pasted.code, pasted.stderr]).toEqual([2, expect.stringContaining('needs a reason')]);
    const decided = await scenario.json('resolve', run.runId, 'retry', '--reason', 'one more');
    expect(decided.code).toBe(0);
    expect(runOf(decided.document, 'RETRIED').kind).toBe('active');
    const { code, document } = await scenario.json('run', run.runId);
    expect(code).toBe(0);
    const last = runOf(document, 'RETRIED');
    expect(last.state).toBe('readyForManualReview');
    expect(tasksOf(last)).toContain('fix-e2-a1');
    expect(scenario.startsOf(run.runId)).toEqual(['implementation-e0-a1', 'fix-e1-a1', 'fix-e2-a1', 'review-e3-a1']);
  });

  test('past its limit the run can be accepted, and the handoff says that a person did, and why', {
    timeout: SLOW,
  }, async () => {
    const run = of('ACCEPTED');
    expect(codesOf(run)).toEqual(['PAWL_GATE_FAILED', 'PAWL_FIX_LIMIT']);
    expect((await scenario.json('resolve', run.runId, 'accept', '--reason', 'known | flaky')).code).toBe(0);
    const last = runOf((await scenario.json('run', run.runId)).document, 'ACCEPTED');
    expect(last.state).toBe('readyForManualReview');
    expect(last.gates.verification).toMatchObject({ status: 'ACCEPTED', reason: 'known | flaky' });
    expect(last.gates.review).toMatchObject({ status: 'PASS' });
    const bundle = scenario.artifact(run.runId, 'handoff', 'handoff-');
    expect(bundle.gates).toContainEqual(
      expect.objectContaining({
        gate: 'verification',
        status: 'ACCEPTED',
        override: { by: expect.stringMatching(/./), reason: 'known | flaky' },
        commands: [expect.objectContaining({ argv: ['test', '-f', 'fixed.txt'], exitCode: 1 })],
      }),
    );
    expect(readFileSync(scenario.runFile(run.runId, 'artifacts', 'handoff', 'handoff.md'), 'utf8')).toMatch(
      /Accepted by .+, not passed:\*\* known \\\| flaky/,
    );
  });

  test('past its limit the run can be abandoned: cancelled, its surfaces free', { timeout: SLOW }, async () => {
    const run = of('ABANDONED');
    const { code, document } = await scenario.json('resolve', run.runId, 'abandon', '--reason', 'no longer wanted');
    expect(code).toBe(0);
    expect(runOf(document, 'ABANDONED')).toMatchObject({ state: 'cancelled', kind: 'terminal', lease: null });
    expect(scenario.journal(run.runId).at(-1)?.event).toMatchObject({
      type: 'decisionMade',
      decision: 'abandon',
      reason: 'no longer wanted',
    });
  });

  test('a review that cannot judge waits for a person; accepted, it hands off and says so', {
    timeout: SLOW,
  }, async () => {
    const run = of('UNSURE');
    expect(run.state).toBe('blockedNeedsHuman');
    expect(codesOf(run)).toEqual(['PAWL_GATE_BLOCKED']);
    expect(run.blockers[0]?.message).toContain('no access to the design');
    expect((await scenario.json('resolve', run.runId, 'accept', '--reason', 'looked myself')).code).toBe(0);
    const last = runOf((await scenario.json('run', run.runId)).document, 'UNSURE');
    expect(last.state).toBe('readyForManualReview');
    expect(scenario.startsOf(run.runId)).toEqual(['implementation-e0-a1', 'review-e1-a1']);
    expect(scenario.artifact(run.runId, 'handoff', 'handoff-').gates).toContainEqual(
      expect.objectContaining({
        gate: 'review',
        status: 'ACCEPTED',
        override: expect.objectContaining({ reason: 'looked myself' }),
      }),
    );
  });
});

describe('a gate judges one commit', () => {
  test('a reviewer that commits and says PASS has failed the gate', () => {
    const run = of('MEDDLES');
    expect(run.state).toBe('blockedNeedsHuman');
    expect(codesOf(run)).toEqual(['PAWL_GATE_FAILED', 'PAWL_FIX_LIMIT']);
    expect(run.blockers[0]?.message).toMatch(/The head moved/);
    const evidence = scenario.artifact(run.runId, 'review', 'review-e1-a1-evidence');
    expect(evidence).toMatchObject({ status: 'FAIL', verdict: 'PASS', commit: run.headCommit });
    expect(JSON.stringify(evidence.findings)).toMatch(/head moved/i);
  });

  test('a reviewer that edits a tracked file has failed the gate, and its edit never reaches the branch', () => {
    const run = of('EDITS');
    expect(run).toMatchObject({ state: 'readyForManualReview', epoch: 2 });
    expect(scenario.artifact(run.runId, 'review', 'review-e1-a1-evidence')).toMatchObject({
      status: 'FAIL',
      verdict: 'PASS',
      findings: [{ severity: 'error', file: 'work-of/EDITS/done.txt' }],
    });
    expect(scenario.repo.git(['show', 'work/EDITS:work-of/EDITS/done.txt'])).toBe('work-of/EDITS/done.txt');
    expect(scenario.repo.git(['log', '-p', '--all', '--format=%s', '--', 'work-of/EDITS'])).not.toContain('refs/pawl');
  });

  test('what verification left untracked is recorded, removed and not on the branch', () => {
    const run = of('LEAVES');
    expect(run.state).toBe('readyForManualReview');
    const evidence = scenario.artifact(run.runId, 'verification', 'verification-e1-a1-evidence');
    expect(JSON.stringify(evidence.worktree)).toMatch(/coverage\/.*out\.log/);
    const worktree = join(scenario.registry, 'worktrees', run.runId);
    expect(existsSync(worktree)).toBe(true);
    expect(existsSync(join(worktree, 'coverage'))).toBe(false);
    expect(existsSync(join(worktree, 'out.log'))).toBe(false);
    expect(scenario.repo.git(['ls-tree', '-r', '--name-only', 'work/LEAVES'])).not.toMatch(/coverage\/|out\.log/);
  });
});
