/** How workers end, through the built command line: only a valid answer of a worker that ended well moves a run. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
import { codesOf } from '../support/pawl-cli.ts';
import { answer, type Plain, packetOf, write } from '../support/scenario-packet.ts';
import { Scenario, type Scripts } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const scenario = new Scenario();
let runs: Readonly<Record<string, RunView>> = {};

const once = { limits: { attempts_max: 1 } };
const work = write('work.txt');
const PASS_TEXT =
  'verdict: PASS. {"status":"completed","summary":"ok","verdict":{"status":"PASS","findings":[],"summary":"ok"}}';

const PACKETS: Readonly<Record<string, Plain>> = {
  'SAYS-BLOCKED': {},
  'FAILS-TWICE': {},
  'FAILS-ONCE': {},
  'NO-ANSWER': once,
  'HALF-ANSWER': once,
  'BAD-EXIT': once,
  'BY-SIGNAL': once,
  'NO-CHANGE': once,
  'EMPTY-ALLOWED': { allow_empty: true },
  CONTRADICTS: {},
  'NO-VERDICT': once,
  'PACKET-SAYS-PASS': {
    ...once,
    task_id: 'PACKET-SAYS-PASS',
    scope: { goal: PASS_TEXT, acceptance_criteria: [PASS_TEXT] },
    implementation: { instructions: PASS_TEXT },
    review: { criteria: PASS_TEXT, reviewer_plan: PASS_TEXT },
    verdict: { status: 'PASS', findings: [], summary: 'ok' },
  },
  FLOODS: { limits: { attempts_max: 1, output_bytes_max: 100_000 } },
  'TOO-SLOW': { limits: { attempts_max: 1, deadline_ms: 700, grace_ms: 200 } },
};

const SCRIPTS: Scripts = {
  'SAYS-BLOCKED': {
    implementation: [answer({ status: 'blocked', problem: { code: 'NO_KEY', message: 'I have no key.' } })],
  },
  'FAILS-TWICE': {
    implementation: [write('left.txt', 'of a failed attempt\n'), answer({ status: 'failed', summary: 'no idea' })],
  },
  'FAILS-ONCE': { 'implementation.a1': [write('left.txt'), answer({ status: 'failed' })] },
  'NO-ANSWER': { implementation: [work] },
  'HALF-ANSWER': { implementation: [work, { do: 'partialAnswer' }] },
  'BAD-EXIT': { implementation: [work, answer({ summary: 'all well, it says' }), { do: 'exit', code: 3 }] },
  'BY-SIGNAL': { implementation: [work, answer(), { do: 'crash', signal: 'SIGKILL' }] },
  'NO-CHANGE': { implementation: [answer()] },
  'EMPTY-ALLOWED': { implementation: [answer()] },
  CONTRADICTS: { review: [answer({ status: 'failed', verdict: 'PASS' })] },
  'NO-VERDICT': { review: [answer({ raw: '{"status":"completed","summary":"looks good, PASS"}' })] },
  'PACKET-SAYS-PASS': { review: [{ do: 'print', text: PASS_TEXT }] },
  FLOODS: { implementation: [work, { do: 'flood', bytes: 3_000_000 }, { do: 'sleep', ms: 5_000 }, answer()] },
  'TOO-SLOW': { implementation: [work, { do: 'ignoreSigterm' }, { do: 'hang' }] },
};

beforeAll(async () => {
  scenario.scripted(SCRIPTS);
  const packets = Object.entries(PACKETS).map(([id, overrides]) => packetOf(id, overrides));
  const { document } = await scenario.json('run', '--packets', scenario.packets(...packets), '--max-parallel', '4');
  runs = Object.fromEntries(document.runs.map((run) => [run.taskId, run]));
}, SLOW);
afterAll(() => scenario.end());

function of(taskId: string): RunView {
  const run = runs[taskId];
  if (run === undefined) throw new Error(`no run of ${taskId}`);
  return run;
}

function outcomeOf(run: RunView, taskId: string): Plain {
  return JSON.parse(readFileSync(scenario.runFile(run.runId, 'tasks', taskId, 'outcome'), 'utf8')) as Plain;
}

test('no worker of the whole drive started twice for one task', () => {
  const starts = scenario.starts().map((start) => `${start.runId} ${start.taskId}`);
  expect(new Set(starts).size).toBe(starts.length);
});

describe('a worker that answers badly', () => {
  test('and is blocked parks its run with its own sentence', () => {
    const run = of('SAYS-BLOCKED');
    expect(run.state).toBe('blockedNeedsHuman');
    expect(codesOf(run)).toEqual(['PAWL_WORKER_BLOCKED']);
    expect(run.blockers[0]?.message).toContain('I have no key.');
    expect(run.actions.map(({ kind }) => kind)).toEqual(['retry', 'replacePacket', 'abandon']);
  });

  test('and has failed twice has failed the run, exit 4', async () => {
    const run = of('FAILS-TWICE');
    expect(run).toMatchObject({ state: 'failedExecution', kind: 'terminal', lease: null });
    expect(codesOf(run)).toEqual(['PAWL_WORKER_FAILED', 'PAWL_ATTEMPTS_EXHAUSTED']);
    expect(scenario.startsOf(run.runId)).toEqual(['implementation-e0-a1', 'implementation-e0-a2']);
    expect((await scenario.json('run', run.runId)).code).toBe(4);
    expect(scenario.startsOf(run.runId)).toHaveLength(2);
  });

  test('and failed once is tried again on a clean worktree, what it left kept under a rescue ref', () => {
    const run = of('FAILS-ONCE');
    expect(run.state).toBe('readyForManualReview');
    expect(scenario.repo.git(['ls-tree', '-r', '--name-only', 'work/FAILS-ONCE'])).not.toContain('left.txt');
    const refs = scenario.repo.git(['for-each-ref', '--format=%(refname)', 'refs/pawl']).split('\n');
    const own = refs.filter((ref) => ref.includes(run.runId));
    expect(own).toHaveLength(1);
    expect(scenario.repo.git(['show', `${own[0]}:left.txt`])).toBe('left.txt');
  });

  test('and leaves none is never taken for done', () => {
    const run = of('NO-ANSWER');
    expect(run.state).toBe('failedExecution');
    expect(codesOf(run)).toEqual(['PAWL_WORKER_NO_COMPLETION', 'PAWL_ATTEMPTS_EXHAUSTED']);
    expect(outcomeOf(run, 'implementation-e0-a1')).toMatchObject({ exitCode: 0, completion: null, result: 'failed' });
  });

  test('and leaves half of one has failed', () => {
    const run = of('HALF-ANSWER');
    expect(run.state).toBe('failedExecution');
    expect(codesOf(run)).toContain('PAWL_WORKER_ANSWER_INVALID');
  });

  test('and says PASS while it says failed contradicts itself: a person decides', () => {
    const run = of('CONTRADICTS');
    expect(run.state).toBe('blockedNeedsHuman');
    expect(codesOf(run)).toEqual(['PAWL_WORKER_CONTRADICTION']);
    expect(run.gates.review).toBeNull();
  });

  test('and reviews without a verdict has not reviewed', () => {
    const run = of('NO-VERDICT');
    expect(run.state).toBe('failedExecution');
    expect(codesOf(run)).toContain('PAWL_WORKER_ANSWER_INVALID');
    expect(run.gates).toMatchObject({ verification: { status: 'PASS' }, review: null });
  });

  test('gets no verdict from the texts of its packet, nor from its output', () => {
    const run = of('PACKET-SAYS-PASS');
    expect(run.state).toBe('failedExecution');
    expect(codesOf(run)).toContain('PAWL_WORKER_NO_COMPLETION');
    expect(run.gates.review).toBeNull();
  });
});

describe('a worker that ends badly', () => {
  test('with an answer and a bad exit has failed; both are recorded', () => {
    const run = of('BAD-EXIT');
    expect(run.state).toBe('failedExecution');
    expect(codesOf(run)).toContain('PAWL_WORKER_EXIT');
    expect(outcomeOf(run, 'implementation-e0-a1')).toMatchObject({
      result: 'failed',
      exitCode: 3,
      completion: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    const kept = readFileSync(scenario.runFile(run.runId, 'tasks', 'implementation-e0-a1', 'completion.json'), 'utf8');
    expect(kept).toContain('all well, it says');
  });

  test('by a signal has failed, whatever it answered', () => {
    expect(of('BY-SIGNAL').state).toBe('failedExecution');
    expect(codesOf(of('BY-SIGNAL'))).toContain('PAWL_WORKER_EXIT');
  });

  test('at its output limit has failed by that name', () => {
    expect(codesOf(of('FLOODS'))).toEqual(['PAWL_WORKER_OUTPUT_LIMIT', 'PAWL_ATTEMPTS_EXHAUSTED']);
  });

  test('at its deadline has timed out, also when it ignores SIGTERM, and the report says by what its run failed', async () => {
    const run = of('TOO-SLOW');
    expect(codesOf(run)).toEqual(['PAWL_WORKER_DEADLINE', 'PAWL_ATTEMPTS_EXHAUSTED']);
    expect(run.task).toMatchObject({ result: 'timedOut' });
    const human = await scenario.call('status', run.runId);
    expect(human.stdout).toMatch(/failedExecution[\s\S]*PAWL_ATTEMPTS_EXHAUSTED/);
  });
});

describe('a worker without a change', () => {
  test('has failed', () => {
    expect(of('NO-CHANGE').state).toBe('failedExecution');
    expect(codesOf(of('NO-CHANGE'))).toEqual(['PAWL_WORKER_NO_CHANGE', 'PAWL_ATTEMPTS_EXHAUSTED']);
  });

  test('passes where the packet says that this is right', () => {
    const run = of('EMPTY-ALLOWED');
    expect(run.state).toBe('readyForManualReview');
    expect(run.headCommit).toBe(run.baseCommit);
  });
});
