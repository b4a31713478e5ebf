/** Work that is not where it belongs, through the built command line: the run stops and says so, and a retry keeps it and puts all back. */
import { renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
import { todaysPart } from '../support/draw.ts';
import { codesOf } from '../support/pawl-cli.ts';
import { packetOf, verdict } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 600_000;
const WORKER = resolve(import.meta.dirname, '../fixtures/workers/leaves-its-place.mjs');
const scenario = new Scenario();
const { git } = scenario.repo;

/** Packets whose first worker leaves its place, with the code of the stop and the bytes that it leaves (none where it deletes them). */
const EVERY_STRAYED = [
  ['SWITCHED', 'PAWL_WORKSPACE_CHANGED', 'committed elsewhere'],
  ['DETACHED', 'PAWL_WORKSPACE_CHANGED', 'committed nowhere'],
  ['UNBRANCHED', 'PAWL_WORKSPACE_CHANGED', 'on no branch'],
  ['AMENDED', 'PAWL_WORKSPACE_DIVERGED', 'amended'],
  ['REBUILT', 'PAWL_WORKSPACE_CHANGED', 'in a repository of its own'],
  ['GONE', 'PAWL_WORKSPACE_CHANGED', null],
  ['REMOVED', 'PAWL_WORKSPACE_CHANGED', null],
  ['MISREGISTERED', 'PAWL_WORKSPACE_CHANGED', 'registered elsewhere'],
  ['OVERWRITTEN', 'PAWL_WORKSPACE_CHANGED', 'on a branch of junk'],
  ['FILTERED', 'PAWL_WORKSPACE_FILTERS', 'under a filter'],
  ['PRUNED', 'PAWL_WORKSPACE_CHANGED', 'in no worktree any more'],
] as const;
/** The packet whose worker makes a repository of its own in a worktree that the repository knows no more: whose that is, only a person can tell. */
const FORGOTTEN = 'FORGOTTEN';
/** Packets whose branch is moved by a person after its commit was judged. */
const EVERY_MOVED = ['MOVED-BY-COMMIT', 'MOVED-BY-REF', 'DELETED', 'WORKTREE-GONE'] as const;

/** Today's part of each, and those of which more is to be shown. */
const TODAYS = new Set<string>([
  'REBUILT',
  'WORKTREE-GONE',
  ...todaysPart(
    EVERY_STRAYED.map(([taskId]) => taskId),
    3,
  ),
  ...todaysPart(EVERY_MOVED.slice(0, 3), 3),
]);
const STRAYED = EVERY_STRAYED.filter(([taskId]) => TODAYS.has(taskId));
const MOVED = EVERY_MOVED.filter((taskId) => TODAYS.has(taskId));

let parked: ReadonlyMap<string, RunView>;
let refused: RunView;
let ended: ReadonlyMap<string, RunView>;

function runOf(runs: ReadonlyMap<string, RunView>, taskId: string): RunView {
  const run = runs.get(taskId);
  if (run === undefined) throw new Error(`no run of ${taskId}`);
  return run;
}

async function drive(packets: string): Promise<ReadonlyMap<string, RunView>> {
  const { document } = await scenario.json('run', '--packets', packets, '--max-parallel', '4');
  return new Map(document.runs.map((run) => [run.taskId, run]));
}

async function decide(taskIds: readonly string[], decision: string): Promise<void> {
  for (const taskId of taskIds) {
    const { runId } = runOf(parked, taskId);
    const { code } = await scenario.json('resolve', runId, decision, '--reason', 'looked at it');
    expect([taskId, code]).toEqual([taskId, 0]);
  }
}

const worktreeOf = (runId: string): string => join(scenario.registry, 'worktrees', runId);

/** What a person does under a run that waits for a word on its review. */
function moveBranch(taskId: (typeof MOVED)[number]): void {
  const worktree = worktreeOf(runOf(parked, taskId).runId);
  const ref = `refs/heads/work/${taskId}`;
  if (taskId === 'DELETED') git(['update-ref', '-d', ref]);
  else if (taskId === 'WORKTREE-GONE') git(['worktree', 'remove', '--force', worktree]);
  else if (taskId === 'MOVED-BY-REF')
    git(['update-ref', ref, git(['commit-tree', '-p', ref, '-m', 'By a person', `${ref}^{tree}`])]);
  else {
    scenario.repo.write(join(worktree, 'by-a-person.txt'), 'by a person\n');
    git(['add', 'by-a-person.txt'], worktree);
    git(['commit', '--quiet', '-m', 'By a person'], worktree);
  }
}

beforeAll(async () => {
  const strayed = STRAYED.map(([taskId]) => taskId);
  const blocked = Object.fromEntries(MOVED.map((taskId) => [taskId, { review: [verdict('BLOCKED')] }]));
  const roles = { implementer: 'strayer', fixer: 'worker', reviewer: 'worker' };
  scenario.scripted(
    { ...Object.fromEntries([...strayed, FORGOTTEN].map((taskId) => [taskId, {}])), ...blocked },
    { roles },
  );
  const packets = scenario.packets(...[...strayed, FORGOTTEN, ...MOVED].map((taskId) => packetOf(taskId)));
  scenario.addAgent('strayer', {
    kind: 'command',
    argv: [process.execPath, WORKER, scenario.witness],
    completion: 'exitCode',
  });
  parked = await drive(packets);
  for (const taskId of MOVED) moveBranch(taskId);
  await decide(MOVED, 'accept');
  await decide([FORGOTTEN], 'retry');
  parked = await drive(packets);
  refused = runOf(parked, FORGOTTEN);
  renameSync(worktreeOf(refused.runId), join(scenario.repo.root, 'moved-away'));
  await decide([...strayed, FORGOTTEN, ...MOVED.filter((taskId) => taskId !== 'WORKTREE-GONE')], 'retry');
  ended = await drive(packets);
}, SLOW);
afterAll(() => scenario.end());

const rescued = (runId: string): string[] =>
  git(['for-each-ref', '--format=%(refname)', `refs/pawl/rescue/${runId}`]).split('\n');

test.each(STRAYED)(
  '%s: the work is stopped by %s, kept by a retry, and done again from the last commit',
  async (...[taskId, code, bytes]) => {
    const run = runOf(parked, taskId);
    expect(run).toMatchObject({ state: 'blockedNeedsHuman', kind: 'blocked' });
    expect(codesOf(run)).toEqual([code]);
    expect(run.blockers[0]?.hint).toMatch(/A retry keeps .* under a rescue ref/);

    const last = runOf(ended, taskId);
    expect(last).toMatchObject({ state: 'readyForManualReview', blockers: [] });
    expect(scenario.startsOf(run.runId).slice(0, 2)).toEqual(['implementation-e0-a1', 'implementation-e0-a2']);
    expect(git(['rev-parse', `work/${taskId}`])).toBe(last.headCommit);
    expect(git(['ls-tree', '-r', '--name-only', `work/${taskId}`, 'work-of'])).toBe(`work-of/${taskId}/done.txt`);
    const ref = `refs/pawl/rescue/${run.runId}/before-implementation-e0-a2`;
    expect(rescued(run.runId)).toEqual([ref]);
    if (bytes !== null) expect(git(['show', `${ref}:work-of/${taskId}/strayed.txt`])).toBe(bytes);
    const { stdout } = await scenario.call('status', run.runId);
    expect(stdout).toContain(ref);
  },
);

test('REBUILT: the repository that the worker put in the place of the link is kept complete, and the rescue says where', () => {
  const { runId } = runOf(ended, 'REBUILT');
  const message = git(['show', '-s', '--format=%B', `refs/pawl/rescue/${runId}/before-implementation-e0-a2`]);
  const place = join(scenario.registry, 'worktrees', `${runId}.kept`, 'before-implementation-e0-a2', 'git');
  expect(message).toContain(place);
  expect(git([`--git-dir=${place}`, 'log', '--format=%s'])).toBe('Strayed REBUILT');
});

test('FORGOTTEN: a repository in the place of a worktree that git knows no more is refused with what to do, and moved away it stops nothing', () => {
  expect(codesOf(refused)).toEqual(['PAWL_WORKSPACE_FOREIGN']);
  expect(refused.blockers[0]?.hint).toMatch(/look at its contents and move it away, then retry/);
  expect(git(['log', '--format=%s'], join(scenario.repo.root, 'moved-away'))).toBe('Strayed FORGOTTEN');
  expect(runOf(ended, FORGOTTEN)).toMatchObject({ state: 'readyForManualReview', blockers: [] });
});

test.each(MOVED.filter((taskId) => taskId !== 'WORKTREE-GONE'))(
  '%s: a branch that was moved after it was judged is put back by a retry, and what was on it is kept',
  async (taskId) => {
    const run = runOf(parked, taskId);
    expect([run.state, ...codesOf(run)]).toEqual(['blockedNeedsHuman', 'PAWL_HANDOFF_REFUSED']);
    const last = runOf(ended, taskId);
    expect(last).toMatchObject({ state: 'readyForManualReview', blockers: [], headCommit: run.headCommit });
    expect(git(['rev-parse', `work/${taskId}`])).toBe(run.headCommit);
    if (taskId === 'DELETED') return;
    const [ref = ''] = rescued(run.runId);
    expect(ref).toContain('before-handoff-');
    expect(git(['log', '--format=%s', ref])).toContain('By a person');
    if (taskId === 'MOVED-BY-COMMIT') expect(git(['show', `${ref}:by-a-person.txt`])).toBe('by a person');
    for (const command of ['status', 'show', 'events']) {
      expect((await scenario.call(command, run.runId)).stdout).toContain(ref);
    }
  },
);

test('WORKTREE-GONE: a worktree that a person has removed keeps nothing from being handed off', () => {
  const run = runOf(parked, 'WORKTREE-GONE');
  expect(run).toMatchObject({ state: 'readyForManualReview', blockers: [] });
});
