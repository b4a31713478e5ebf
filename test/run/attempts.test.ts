/** The attempts of a run, the refs that keep what they left, and the packets that it had, from its records. */
import { expect, test } from 'vitest';
import type { JournalRecord } from '../../src/model/record.ts';
import { attemptsOf, rescueRefsOf } from '../../src/run/attempts.ts';
import { packetVersions } from '../../src/run/packet-versions.ts';
import { reportOf } from '../support/turn-report.ts';

/** Records with these events at these times; what else a record holds is not looked at. */
function recordsOf(...entries: readonly (readonly [actor: string, atMs: number, event: object])[]): JournalRecord[] {
  return entries.map(([actor, atMs, event]) => ({ actor, atMs, event }) as JournalRecord);
}

const requested = (taskId: string, rescueRef: string | null = null): readonly [string, number, object] => [
  'run',
  0,
  { type: 'taskRequested', taskId, agent: 'coder', rescueRef },
];

test('a task is open until it has ended, and then has its result, its code, its time and its turn', () => {
  const turn = reportOf();
  const rows = attemptsOf(
    recordsOf(
      requested('a1', 'refs/r1'),
      ['a1', 100, { type: 'workerSpawned', startedAtMs: 90 }],
      ['a1', 500, { type: 'workerEnded', result: 'failed', blocker: { code: 'PAWL_WORKER_EXIT' }, turn }],
      requested('a2'),
      ['a2', 900, { type: 'workerSpawned', startedAtMs: 880 }],
      ['a2', 700, { type: 'workerEnded', result: 'completed', blocker: null }],
      requested('a3'),
      ['a3', 950, { type: 'workerEnded', result: 'blocked', blocker: { code: 'PAWL_WORKER_START_FAILED' } }],
      requested('a4'),
      ['a4', 960, { type: 'workerSpawned', startedAtMs: 955 }],
    ),
  );
  const row = { agent: 'coder', rescueRef: null, turn: null };
  expect(rows).toEqual([
    { ...row, taskId: 'a1', result: 'failed', code: 'PAWL_WORKER_EXIT', durationMs: 410, rescueRef: 'refs/r1', turn },
    // The clock was set back while it worked.
    { ...row, taskId: 'a2', result: 'completed', code: null, durationMs: 0 },
    { ...row, taskId: 'a3', result: 'blocked', code: 'PAWL_WORKER_START_FAILED', durationMs: null },
    { ...row, taskId: 'a4', result: 'open', code: null, durationMs: null },
  ]);
});

test('an end of a task that nobody has requested is no attempt', () => {
  expect(attemptsOf(recordsOf(['a1', 1, { type: 'workerEnded', result: 'lost', blocker: null }]))).toEqual([]);
});

test('what was kept before a task and before a handoff is listed, oldest first', () => {
  const records = recordsOf(
    requested('a1'),
    requested('a2', 'refs/one'),
    ['a2', 1, { type: 'workerEnded', result: 'lost', blocker: null, rescueRef: 'refs/no' }],
    ['run', 2, { type: 'handoffProjected', rescueRef: 'refs/two' }],
    ['run', 3, { type: 'handoffProjected' }],
  );
  expect(rescueRefsOf(records)).toEqual(['refs/one', 'refs/two']);
});

test('every packet of a run is listed with who put it there, when, and the rounds that were judged under it', () => {
  const [first, second] = [
    { path: 'p1', sha256: '1' },
    { path: 'p2', sha256: '2' },
  ];
  const judged = (epoch: number): readonly [string, number, object] => ['run', 0, { type: 'gateJudged', epoch }];
  const versions = packetVersions(
    recordsOf(
      ['run', 5, { type: 'packetReceived', packetHash: 'h1', packet: first }],
      judged(1),
      judged(1),
      judged(2),
      ['run', 9, { type: 'packetReplaced', packetHash: 'h2', packet: second, by: 'ann', reason: 'a typo' }],
      judged(3),
    ),
  );
  expect(versions).toEqual([
    { version: 1, packetHash: 'h1', packet: first, by: null, reason: null, atMs: 5, rounds: [1, 2] },
    { version: 2, packetHash: 'h2', packet: second, by: 'ann', reason: 'a typo', atMs: 9, rounds: [3] },
  ]);
  expect(packetVersions(recordsOf(judged(1)))).toEqual([]);
});
