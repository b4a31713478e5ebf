/** A person's retry of runs that have failed: they continue where they stopped, with their history, or it is said why they cannot. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
import { codesOf, type ErrorDocument, until } from '../support/pawl-cli.ts';
import { answer, packetOf, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const scenario = new Scenario();
const { git } = scenario.repo;
const goFile = join(scenario.repo.root, 'go');
const lastFile = join(scenario.repo.root, 'last');
const laterFile = join(scenario.repo.root, 'later');
const fails = [{ do: 'exit', code: 3 }] as const;
const NAMES = ['FAILS', 'EMPTY', 'REVIEW', 'MOVED', 'CLEANED', 'TAKEN', 'LIVE'];

let failed: ReadonlyMap<string, RunView>;

const idOf = (taskId: string): string => failed.get(taskId)?.runId ?? taskId;
const retry = (taskId: string) =>
  scenario.call('resolve', idOf(taskId), 'retry', '--reason', 'the server was down', '--json');
const look = async (taskId: string) => (await scenario.json('status', idOf(taskId))).document.runs[0];
const eventsOf = (taskId: string) => scenario.journal(idOf(taskId)).map(({ event }) => event);

const standsAt = (runId: string, state: string) => scenario.shownOnce(runId, (run) => run.state === state);

beforeAll(async () => {
  const twice = { 'implementation.a1': [write('left.txt'), ...fails], 'implementation.a2': fails };
  scenario.scripted({
    FAILS: twice,
    EMPTY: { 'implementation.a1': [answer()], 'implementation.a2': [answer()] },
    REVIEW: { 'review.a1': fails, 'review.a2': fails },
    MOVED: twice,
    CLEANED: twice,
    TAKEN: twice,
    LIVE: twice,
    NAMED: twice,
    MOVING: twice,
    LAST: { implementation: [{ do: 'waitFor', path: lastFile }, write('work-of/LAST/done.txt'), answer()] },
    LONGER: { implementation: [{ do: 'waitFor', path: laterFile }, write('work-of/LONGER/done.txt'), answer()] },
    LONG: { implementation: [{ do: 'waitFor', path: goFile }, write('work-of/LONG/done.txt'), answer()] },
  });
  const { document } = await scenario.json(
    'run',
    '--packets',
    scenario.packets(...NAMES.map((name) => packetOf(name))),
  );
  failed = new Map(document.runs.map((run) => [run.taskId, run]));
  expect(document.runs.map(({ state }) => state)).toEqual(NAMES.map(() => 'failedExecution'));
}, SLOW);
afterAll(() => scenario.end());

describe('a failed run that a person has retried', () => {
  test('offers that, continues with another attempt, and keeps what was', async () => {
    const [offer] = failed.get('FAILS')?.actions.filter(({ kind }) => kind === 'retry') ?? [];
    expect(offer?.command).toBe(`pawl resolve ${idOf('FAILS')} retry --reason ''`);
    const before = eventsOf('FAILS');
    const decided = await retry('FAILS');
    expect(decided.code, decided.stderr).toBe(0);
    expect(await look('FAILS')).toMatchObject({ state: 'waitingForLock', kind: 'active', blockers: [] });
    const end = await scenario.json('run', idOf('FAILS'));
    expect(end.document.runs[0]).toMatchObject({ state: 'readyForManualReview', branch: 'work/FAILS' });
    expect(scenario.startsOf(idOf('FAILS'))).toEqual([
      'implementation-e0-a1',
      'implementation-e0-a2',
      'implementation-e0-a3',
      'review-e1-a1',
    ]);
    expect(eventsOf('FAILS').slice(0, before.length)).toEqual(before);
    expect(eventsOf('FAILS')[before.length]).toMatchObject({
      type: 'decisionMade',
      decision: 'retry',
      reason: 'the server was down',
    });
    expect(git(['ls-tree', '-r', '--name-only', 'work/FAILS'])).not.toContain('left.txt');
    expect((await scenario.call('status', idOf('FAILS'))).stdout).toContain('the server was down');
  });

  test('has its work done again where that had changed nothing', async () => {
    expect(codesOf(failed.get('EMPTY') as RunView)).toContain('PAWL_WORKER_NO_CHANGE');
    await retry('EMPTY');
    const end = await scenario.json('run', idOf('EMPTY'));
    expect(end.document.runs[0]?.state).toBe('readyForManualReview');
    expect(scenario.startsOf(idOf('EMPTY')).slice(0, 3)).toEqual([1, 2, 3].map((n) => `implementation-e0-a${n}`));
  });

  test('continues at the review that failed, without doing its work again', async () => {
    await retry('REVIEW');
    const end = await scenario.json('run', idOf('REVIEW'));
    expect(end.document.runs[0]?.state).toBe('readyForManualReview');
    expect(scenario.startsOf(idOf('REVIEW'))).toEqual([
      'implementation-e0-a1',
      'review-e1-a1',
      'review-e1-a2',
      'review-e1-a3',
    ]);
  });

  test('continues in the very process that drives others', async () => {
    const runner = scenario.start('run', '--packets', scenario.packets(packetOf('LONG')));
    await until('the other worker', () =>
      scenario.starts().some(({ taskId, runId }) => runId.includes('LONG') && taskId !== ''),
    );
    expect((await retry('LIVE')).code).toBe(0);
    await standsAt(idOf('LIVE'), 'readyForManualReview');
    writeFileSync(goFile, '');
    expect((await runner.ended).code).toBe(0);
  });

  test('continues in the process that was asked for it, although it had failed before', async () => {
    const packets = scenario.packets(packetOf('LONGER'), packetOf('NAMED'));
    const ids = (await scenario.json('intake', packets)).document.runs.map(({ runId }) => runId);
    const [longer = '', named = ''] = ids;
    await scenario.json('run', named);
    await standsAt(named, 'failedExecution');
    const runner = scenario.start('run', longer, named);
    await until('the other worker', () => scenario.startsOf(longer).length > 0);
    const decided = await scenario.call('resolve', named, 'retry', '--reason', 'the server was down');
    expect(decided.code, decided.stderr).toBe(0);
    await standsAt(named, 'readyForManualReview');
    writeFileSync(laterFile, '');
    const end = await runner.ended;
    expect(end.code, end.stderr).toBe(0);
    await standsAt(longer, 'readyForManualReview');
  });
});

test('a run that has failed in a process is checked there as anywhere else before it continues', async () => {
  const packets = scenario.packets(packetOf('LAST'), packetOf('MOVING'));
  const [last = '', moving = ''] = (await scenario.json('intake', packets)).document.runs.map(({ runId }) => runId);
  const runner = scenario.start('run', last, moving);
  await standsAt(moving, 'failedExecution');
  // Its end is recorded first: only then its worktree releases the branch.
  await until('its branch', () => !git(['worktree', 'list', '--porcelain']).includes('refs/heads/work/MOVING'));
  const head = git(['rev-parse', 'work/MOVING']);
  git(['branch', '--force', 'work/MOVING', git(['commit-tree', '-p', head, '-m', 'mine', 'main^{tree}'])]);
  const refused = await scenario.call('resolve', moving, 'retry', '--reason', 'the server was down');
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('has moved since it ended')]);
  git(['branch', '--force', 'work/MOVING', head]);
  const decided = await scenario.call('resolve', moving, 'retry', '--reason', 'the server was down');
  expect(decided.code, decided.stderr).toBe(0);
  await standsAt(moving, 'readyForManualReview');
  writeFileSync(lastFile, '');
  expect((await runner.ended).code).toBe(0);
});

describe('a failed run stays as it is', () => {
  const refused = async (taskId: string): Promise<string> => {
    const records = scenario.journal(idOf(taskId)).length;
    const end = await retry(taskId);
    const { error } = JSON.parse(end.stdout) as ErrorDocument;
    expect([end.code, error.code]).toEqual([2, 'PAWL_COMMAND_REFUSED']);
    expect(scenario.journal(idOf(taskId))).toHaveLength(records);
    return error.message;
  };

  test('where its branch has moved since', async () => {
    git(['branch', '--force', 'work/MOVED', git(['commit-tree', '-p', 'work/MOVED', '-m', 'mine', 'main^{tree}'])]);
    expect(await refused('MOVED')).toMatch(/Its branch work\/MOVED has moved since it ended: from .* to .*--again/);
  });

  test('where another run works on its branch', async () => {
    const { code } = await scenario.call('intake', scenario.packets(packetOf('TAKEN')), '--again');
    expect(code).toBe(0);
    expect(await refused('TAKEN')).toMatch(/run_TAKEN\S* works on its branch work\/TAKEN now\./);
  });

  test('whatever else is said to it', async () => {
    for (const words of [
      ['resolve', idOf('MOVED'), 'abandon', '--reason', 'r-1'],
      ['resolve', idOf('MOVED'), 'accept', '--reason', 'r-1'],
      ['cancel', idOf('MOVED')],
    ])
      expect((await scenario.call(...words)).code, words.join(' ')).toBe(2);
  });

  test('where its worktree was removed', async () => {
    expect((await scenario.call('clean')).code).toBe(0);
    expect(await refused('CLEANED')).toContain('Its worktree was removed.');
  });
});
