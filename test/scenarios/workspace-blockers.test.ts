/** What stands in the way of a worktree, through the built command line: named, untouched, and gone on with once it is cleared. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
import { codesOf, runOf } from '../support/pawl-cli.ts';
import { type Plain, packetOf, verdict } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const scenario = new Scenario();
let runs: Readonly<Record<string, RunView>> = {};
let exitCode: number | null = null;

let issues = 0;
const target = (branch: string, more: Plain = {}): Plain => ({
  scm_target: {
    repo: 'acme/widget',
    issue_number: ++issues,
    intended_branch: branch,
    base_branch: 'main',
    ...more,
  },
});

const PACKETS = [
  packetOf('NO-BASE', target('work/no-base', { base_branch: 'nowhere' })),
  packetOf('MINE', target('mine')),
  packetOf('LINKED', target('linked-branch')),
  packetOf('DIVERGED', target('work/diverged')),
  packetOf('FOREIGN', target('work/foreign-branch')),
  packetOf('DIRTY', target('work/dirty')),
  packetOf('NAME', target('taken/below')),
  packetOf('DEFAULT', target('work/default-base', { base_branch: '' })),
];

beforeAll(async () => {
  const { git } = scenario.repo;
  scenario.scripted({});
  git(['checkout', '--quiet', '-b', 'mine']);
  git(['worktree', 'add', '--quiet', '-b', 'linked-branch', join(scenario.repo.root, 'linked')]);
  git(['branch', 'taken']);
  git(['branch', 'work/diverged', git(['commit-tree', '-m', 'other root', git(['rev-parse', 'HEAD^{tree}'])])]);
  const packets = scenario.packets(...PACKETS);
  const taken = (await scenario.json('intake', packets)).document;
  const foreign = join(scenario.registry, 'worktrees', runOf(taken, 'FOREIGN').runId);
  mkdirSync(foreign, { recursive: true });
  writeFileSync(join(foreign, 'precious.txt'), 'mine\n');
  const { code, document } = await scenario.json('run', '--packets', packets);
  exitCode = code;
  runs = Object.fromEntries(document.runs.map((run) => [run.taskId, run]));
}, SLOW);
afterAll(() => scenario.end());

function of(taskId: string): RunView {
  const run = runs[taskId];
  if (run === undefined) throw new Error(`no run of ${taskId}`);
  return run;
}

test.each([
  ['NO-BASE', 'PAWL_WORKSPACE_BASE_MISSING', 'nowhere'],
  ['MINE', 'PAWL_WORKSPACE_BRANCH_ELSEWHERE', 'mine'],
  ['LINKED', 'PAWL_WORKSPACE_BRANCH_ELSEWHERE', 'linked'],
  ['DIVERGED', 'PAWL_WORKSPACE_DIVERGED', 'work/diverged'],
  ['FOREIGN', 'PAWL_WORKSPACE_FOREIGN', 'worktrees'],
  ['NAME', 'PAWL_WORKSPACE_BRANCH_IN_WAY', 'taken'],
])('%s is blocked by %s, naming %s, and no worker starts', (taskId, code, named) => {
  const run = of(taskId);
  expect(run).toMatchObject({ state: 'blockedNeedsHuman', kind: 'blocked', tasks: [] });
  expect(codesOf(run)).toEqual([code]);
  expect(run.blockers[0]?.message).toContain(named);
  expect(run.blockers[0]?.hint).not.toBe('');
  expect(scenario.startsOf(run.runId)).toEqual([]);
});

test('the command says that a person is needed, and the user checkouts stand where they stood', () => {
  const { git } = scenario.repo;
  expect(exitCode).toBe(3);
  expect(git(['symbolic-ref', 'HEAD'])).toBe('refs/heads/mine');
  expect(git(['symbolic-ref', 'HEAD'], join(scenario.repo.root, 'linked'))).toBe('refs/heads/linked-branch');
  expect(git(['rev-list', '--count', 'work/diverged'])).toBe('1');
  const precious = join(scenario.registry, 'worktrees', of('FOREIGN').runId, 'precious.txt');
  expect(readFileSync(precious, 'utf8')).toBe('mine\n');
});

test('without a base branch the checkout of the user is what the work starts from', () => {
  expect(of('DEFAULT')).toMatchObject({ state: 'readyForManualReview' });
  expect(of('DEFAULT').baseCommit).toBe(scenario.repo.git(['rev-parse', 'mine']));
});

test('once what is in the way has gone, a retry continues', { timeout: SLOW }, async () => {
  scenario.repo.git(['checkout', '--quiet', 'main']);
  const { runId } = of('MINE');
  expect((await scenario.json('resolve', runId, 'retry', '--reason', 'checked out main')).code).toBe(0);
  const { code, document } = await scenario.json('run', runId);
  expect(runOf(document, 'MINE').state).toBe('readyForManualReview');
  expect(code).toBe(0);
});

test('what somebody committed under a parked run is kept aside, and never handed off unjudged', {
  timeout: SLOW,
}, async () => {
  const { git } = scenario.repo;
  scenario.scripted({ LATE: { review: [verdict('BLOCKED')] } });
  const fails = { verification: { commands: ['false'] }, limits: { fix_attempts_max: 0 } };
  const packets = scenario.packets(
    packetOf('EARLY', { ...target('work/early'), ...fails }),
    packetOf('LATE', target('work/late')),
  );
  const parked = await scenario.run(packets);
  for (const name of ['EARLY', 'LATE']) {
    const run = parked.of(name);
    expect(run.state).toBe('blockedNeedsHuman');
    const worktree = join(scenario.registry, 'worktrees', run.runId);
    git(['commit', '--quiet', '--allow-empty', '-m', 'by somebody else'], worktree);
    expect((await scenario.json('resolve', run.runId, 'accept', '--reason', 'fine')).code).toBe(0);
  }
  const last = await scenario.run(packets);
  // Another worker began after the commit: it found the judged commit, and the other one lies under a rescue ref.
  const early = last.of('EARLY');
  expect(early.state).toBe('readyForManualReview');
  expect(git(['rev-parse', 'work/early'])).toBe(early.headCommit);
  expect(git(['log', '--format=%s', `--glob=refs/pawl/rescue/${early.runId}`])).toContain('by somebody else');
  // Nothing was to begin any more: the handoff itself sees that the branch is not where the gates judged it.
  const late = last.of('LATE');
  expect(late.state).toBe('blockedNeedsHuman');
  expect(codesOf(late)).toEqual(['PAWL_HANDOFF_REFUSED']);
  expect(git(['log', '-1', '--format=%s', 'work/late'])).toBe('by somebody else');
  expect(existsSync(scenario.runFile(late.runId, 'artifacts', 'handoff', 'handoff.md'))).toBe(false);
});
