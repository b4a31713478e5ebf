/** The story of a run, from its records. */
import { describe, expect, test } from 'vitest';
import type { JournalEvent } from '../../src/model/event.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { decisionsOf, storyOf } from '../../src/run/run-story.ts';
import { goodRun } from '../inspector/good-run.ts';

const RECORDS = [...goodRun('run_A_0123456789ab')].map(({ record }) => record);

/** The records with what each event of that type says otherwise. */
function changed(type: JournalEvent['type'], change: (event: JournalEvent, n: number) => object): JournalRecord[] {
  let n = 0;
  return RECORDS.map((record) => {
    if (record.event.type !== type) return record;
    n += 1;
    return { ...record, event: { ...record.event, ...change(record.event, n) } as JournalEvent };
  });
}

describe('the story of a run', () => {
  test('has its base, its commits, every round with both gates, and its attempts', () => {
    const story = storyOf(RECORDS);
    const committed = RECORDS.flatMap(({ event }) => (event.type === 'workCommitted' ? [event.commit] : []));
    expect(committed.length).toBeGreaterThan(0);
    expect(story.commits).toEqual(committed);
    expect(story.headCommit).toBe(committed.at(-1));
    expect(story.baseCommit).toMatch(/^[0-9a-f]{40}$/);
    expect(story.rounds.map(({ round, gates }) => [round, ...gates.map(({ gate }) => gate)])).toEqual([
      [1, 'verification', 'review'],
    ]);
    expect(story.attempts.map(({ result }) => result)).toEqual(story.attempts.map(() => 'completed'));
  });

  test('of rounds that were judged twice has the last judgement', () => {
    const judged = changed('gateJudged', (_event, n) => ({ gate: 'review', epoch: 1, commit: String(n).repeat(40) }));
    expect(storyOf(judged).rounds).toMatchObject([{ round: 1, commit: '2'.repeat(40), gates: [{ gate: 'review' }] }]);
  });

  test('has every decision of a person with its reason, a cancel among them', () => {
    const by = 'alice';
    const decided = changed('gateJudged', (_event, n) =>
      n === 1
        ? { type: 'decisionMade', commandId: 'c1', decision: 'retry', by, reason: 'the test is mended' }
        : { type: 'cancelRequested', commandId: 'c2', by, reason: 'not wanted' },
    );
    expect(decisionsOf(decided).map(({ decision, reason }) => [decision, reason])).toEqual([
      ['retry', 'the test is mended'],
      ['cancel', 'not wanted'],
    ]);
    expect(storyOf(decided).decisions).toEqual(decisionsOf(decided));
  });

  test('has the commit of work that waits for its surface, until that is done again', () => {
    const at = RECORDS.findIndex(({ event }) => event.type === 'workCommitted');
    const parked = changed('workCommitted', () => ({ type: 'surfaceExceeded' }));
    const { baseCommit, headCommit, commits } = storyOf(parked.slice(0, at + 1));
    expect([headCommit, commits]).toEqual([storyOf(RECORDS).headCommit, []]);
    expect(headCommit).not.toBe(baseCommit);
    const requested = RECORDS.filter(({ event }) => event.type === 'taskRequested').slice(0, 1);
    expect(storyOf([...parked.slice(0, at + 1), ...requested]).headCommit).toBe(baseCommit);
  });

  test('begins before anything is known, and says so', () => {
    expect(storyOf([])).toMatchObject({ packet: null, branch: '', baseCommit: null, headCommit: null, rounds: [] });
    expect(storyOf(RECORDS.slice(0, 1))).toMatchObject({ baseCommit: null, headCommit: null, commits: [] });
  });

  test('has the head of a branch that was there before, while nothing is committed', () => {
    const prepared = changed('workspacePrepared', () => ({ headCommit: 'e'.repeat(40) }));
    const upTo = prepared.findIndex(({ event }) => event.type === 'workspacePrepared');
    expect(storyOf(prepared.slice(0, upTo + 1)).headCommit).toBe('e'.repeat(40));
  });
});

describe('what the story begins and ends with', () => {
  const first = RECORDS[0]?.event;
  const prepared = RECORDS.find(({ event }) => event.type === 'workspacePrepared')?.event;

  test('is made of its first and last records, its packet and its workspace', () => {
    if (first?.type !== 'packetReceived' || prepared?.type !== 'workspacePrepared') throw new Error('no such records');
    expect(storyOf(RECORDS)).toMatchObject({
      packet: first.packet,
      packetHash: first.packetHash,
      branch: first.branch,
      baseBranch: prepared.baseBranch,
      baseCommit: prepared.baseCommit,
      startedAtMs: RECORDS[0]?.atMs,
      updatedAtMs: RECORDS.at(-1)?.atMs,
      rescueRefs: [],
      decisions: [],
    });
    expect(storyOf(RECORDS.slice(1))).toMatchObject({ branch: '', packet: null, packetHash: null });
    expect(storyOf([])).toMatchObject({ startedAtMs: null, updatedAtMs: null, packets: [] });
  });

  test('is the packet that it has now, and the workspace that it was given last', () => {
    const { event: old, ...record } = RECORDS[0] ?? { event: null };
    const replaced = { ...record, event: { ...old, type: 'packetReplaced', packetHash: 'new', by: 'b', reason: 'r' } };
    const again = changed('workspacePrepared', () => ({ baseCommit: 'f'.repeat(40) }));
    const records = [
      ...RECORDS,
      replaced as JournalRecord,
      ...again.filter(({ event }) => event.type === 'workspacePrepared'),
    ];
    expect(storyOf(records)).toMatchObject({ packetHash: 'new', baseCommit: 'f'.repeat(40) });
    expect(storyOf(records).packets.map(({ version }) => version)).toEqual([1, 2]);
  });

  test('counts work that was committed before the next that was not taken for its surface', () => {
    const at = RECORDS.findIndex(({ event }) => event.type === 'workCommitted');
    const [committed, exceeded] = [RECORDS[at], { type: 'surfaceExceeded', commit: 'e'.repeat(40) }];
    if (committed === undefined) throw new Error('nothing was committed');
    const requested = RECORDS.filter(({ event }) => event.type === 'taskRequested').slice(0, 1);
    const records = [...RECORDS.slice(0, at + 1), { ...committed, event: exceeded } as JournalRecord];
    expect(storyOf(records).headCommit).toBe('e'.repeat(40));
    expect(storyOf([...records, ...requested]).headCommit).toBe(storyOf(RECORDS.slice(0, at + 1)).headCommit);
  });
});
