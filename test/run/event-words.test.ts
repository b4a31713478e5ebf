import { describe, expect, it } from 'vitest';
import { blocker } from '../../src/model/blocker.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { HASH, POLICY, packetReplaced } from '../../src/prove/model/settlements.ts';
import { EventStory, taskWords } from '../../src/run/event-words.ts';
import { goodRun } from '../inspector/good-run.ts';
import { reportOf } from '../support/turn-report.ts';

const steps = [...goodRun('run_T-1_aaaaaaaaaaaa')].map(({ record }) => record);

function told(event: JournalEvent, actor: string = RUN_ACTOR): string {
  const [first] = steps;
  if (first === undefined) throw new Error('no records');
  return new EventStory().tell({ ...first, actor, event });
}

describe('the story of a run', () => {
  it('describes a run in which all goes well in one plain line for each record', () => {
    const story = new EventStory();
    expect(steps.map((record) => story.tell(record))).toEqual([
      'packet T-1 recorded, branch feature/x',
      'admitted, agents: implementer a, fixer a, reviewer a and 1 more',
      'holds branch:acme/app#feature/x, path:acme/app/src',
      'worktree ready at bbbbbbbbbbbb, from main',
      'implementation requested from a',
      'implementation: started, pid 42',
      'implementation: completed (after 16m45s)',
      'committed cccccccccccc: 1 file changed (x)',
      'verification (round 1) requested from a',
      'verification (round 1): started, pid 42',
      'verification (round 1): completed (after 16m49s)',
      'verification: PASS at cccccccccccc, evidence artifacts/verification/x.json',
      'review (round 1) requested from a',
      'review (round 1): started, pid 42',
      'review (round 1): completed (after 16m53s)',
      'review: PASS at cccccccccccc, evidence artifacts/review/x.json',
      'ready for review, evidence artifacts/handoff/x.json',
    ]);
  });

  it('names who has replaced a packet, by which, and why', () => {
    const event = packetReplaced({ packetHash: HASH, policy: POLICY });
    expect(told(event)).toBe('packet replaced by operator: dddddddddddd instead of aaaaaaaaaaaa: r');
    expect(told({ ...event, agentOverride: 'claude' })).toBe(
      'packet replaced by operator: dddddddddddd instead of aaaaaaaaaaaa, with --agent claude: r',
    );
    expect(told({ ...event, reason: '' })).toBe('packet replaced by operator: dddddddddddd instead of aaaaaaaaaaaa');
  });

  it('names what is held beyond the packet', () => {
    const work = steps.find(({ event }) => event.type === 'workCommitted')?.event;
    if (work?.type !== 'workCommitted') throw new Error('nothing was committed');
    expect(told({ ...work, surfacesAdded: ['path:acme/app/docs'] })).toBe(
      'committed cccccccccccc: 1 file changed (x); also holds path:acme/app/docs, outside its packet',
    );
  });

  const WHY = 'stopped: The worker left a merge, rebase or cherry-pick unfinished.';
  const why = blocker('PAWL_WORKSPACE_CHANGED', { reason: 'unfinished' }, []);
  const of = <Type extends JournalEvent['type']>(type: Type): Extract<JournalEvent, { type: Type }> => {
    const found = steps.map(({ event }) => event).find((event) => event.type === type);
    if (found === undefined) throw new Error(`no ${type}`);
    return found as Extract<JournalEvent, { type: Type }>;
  };

  it.each<readonly [string, JournalEvent]>([
    ['packet T-1 recorded; it lacks a.b', { ...of('packetReceived'), missingFields: ['a.b'] }],
    [
      'packet T-1 recorded, branch feature/x, with --agent claude',
      { ...of('packetReceived'), agentOverride: 'claude' },
    ],
    [
      'waits until run_b releases what overlaps path:a',
      { type: 'leaseContended', key: 'k', holder: 'run_b', surfaces: ['path:a'] },
    ],
    ['assigned to claude by --agent', { type: 'agentNamed', agentOverride: 'claude' }],
    ['lost its surfaces to run_b: its lease had expired', { type: 'leaseReclaimed', by: 'run_b' }],
    ['the surfaces it waited for are free', { type: 'surfaceFreed', key: 'k' }],
    [WHY, { type: 'agentMissing', key: 'k', blocker: why }],
    [WHY, { type: 'leaseRefused', key: 'k', blocker: why }],
    [WHY, { type: 'taskRefused', key: 'k', blocker: why }],
    [WHY, { type: 'workRefused', key: 'k', taskId: 't', blocker: why }],
    [WHY, { type: 'handoffRefused', key: 'k', blocker: why }],
    [WHY, { type: 'hostDoubted', key: 'k', blocker: why }],
    [
      'implementation requested from a; the previous contents of the worktree are kept as refs/pawl/rescue/x',
      { ...of('taskRequested'), rescueRef: 'refs/pawl/rescue/x' },
    ],
    ['nothing to commit, as the packet allows', { type: 'workEmpty', key: 'k', taskId: 't', isAllowed: true }],
    ['nothing was changed', { type: 'workEmpty', key: 'k', taskId: 't', isAllowed: false }],
    [
      'verification: FAIL, 2 findings at cccccccccccc, evidence artifacts/verification/x.json',
      { ...of('gateJudged'), status: 'FAIL', findingCount: 2 },
    ],
    [
      'ready for review, evidence artifacts/handoff/x.json; the previous contents of the branch are kept as refs/x',
      { ...of('handoffProjected'), rescueRef: 'refs/x' },
    ],
    ['lease renewed', { type: 'deadlineReached', id: 'lease', key: 'k' }],
    ['the wait for the agent is over', { type: 'deadlineReached', id: 'limit', key: 'k' }],
    ['ann decided: retry: r', { type: 'decisionMade', commandId: '1', by: 'ann', decision: 'retry', reason: 'r' }],
    ['restarted: its host was gone before it began', { type: 'hostStartRepeated', key: 'k' }],
    ['its host is ready', { type: 'hostClaimed', key: 'k' }],
    ['found running without its host; watched from here on', { type: 'workerAdopted', key: 'k' }],
    [
      'the command retry was refused: the run was queued',
      { type: 'commandRefused', command: 'retry', state: 'queued' },
    ],
    [
      'a late result (workCommitted) is kept and changes nothing',
      { type: 'settlementRefused', settlement: 'workCommitted' },
    ],
  ] as never)('tells: %s', (words, event) => {
    expect(told(event)).toBe(words);
  });

  it('describes answers after the end, and a restart', () => {
    const report = { type: 'completionReported', entryId: 'e', isValid: true } as never;
    expect(told(report)).toBe('another answer was reported after its end; it is kept and changes nothing');
    expect(told({ ...(report as object), isValid: false } as never)).toMatch(/^an invalid answer was reported/);
    const findings = [
      { detail: 'a', action: 'b' },
      { detail: 'c', action: 'd' },
    ];
    expect(told({ type: 'runRehydrated', findings } as never)).toBe('checked after a restart: a, b, c, d');
  });

  it('is cut where it becomes too long, and only there', () => {
    const cancelled = (chars: number): string =>
      told({ type: 'cancelRequested', commandId: '1', by: 'a', reason: 'x'.repeat(chars) });
    const [fits] = [cancelled(240 - 'cancelled by a: '.length)];
    expect(fits).toHaveLength(240);
    expect(fits).toMatch(/x$/);
    expect(cancelled(300)).toHaveLength(240);
  });

  it('names the task of any number, and no actor that is only called like one', () => {
    expect(told({ type: 'hostClaimed', key: 'k' } as never, 'fix-e12-a34')).toBe(
      'fix (round 12, attempt 34): its host is ready',
    );
    expect(told({ type: 'hostClaimed', key: 'k' } as never, 'fix-e1-a2x')).toBe('its host is ready');
    expect([taskWords('odd'), taskWords('fix-e1-a2x'), taskWords('review-e10-a1')]).toEqual([
      'odd',
      'fix-e1-a2x',
      'review (round 10)',
    ]);
  });

  it('stays on one line without control characters, whatever an event holds', () => {
    const reason = 'first\nsecond\u001b[31m\u202ethird';
    const line = told({ type: 'cancelRequested', commandId: '1', by: 'ann', reason });
    expect(line).toMatch(/^cancelled by ann: first second.*third$/);
    expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(
      told({ type: 'cancelRequested', commandId: '1', by: 'ann', reason: 'x'.repeat(4_000) }).length,
    ).toBeLessThanOrEqual(240);
  });

  it('says why a run stopped, and which task an end belongs to', () => {
    const dirty = blocker('PAWL_WORKSPACE_DIRTY', { reason: 'changes', path: '/w' }, []);
    expect(told({ type: 'workspaceRefused', key: 'k', blocker: dirty })).toBe('stopped: /w has uncommitted changes.');
    const another = blocker('PAWL_AGENT_MISSING', { reason: 'removed', name: 'a', role: 'fixer' }, []);
    expect(told({ type: 'admissionRefused', key: 'k', blockers: [dirty, another] })).toBe(
      'cannot begin: /w has uncommitted changes. The agent "a" (fixer) is no longer configured.',
    );
    const paths = { names: ['a.js'], count: 1 };
    const params = { commit: 'c', paths, isStrict: false, holders: [{ holder: 'run_b', paths }] };
    const conflict = blocker('PAWL_SURFACE_CONFLICT', params, []);
    const exceeded = {
      key: 'k',
      taskId: 't',
      commit: 'c'.repeat(40),
      surfaces: [],
      holder: 'run_b',
      surfacesAdded: [],
    };
    expect(told({ type: 'surfaceExceeded', ...exceeded, blocker: conflict })).toBe(
      "stopped: The work changes a.js, outside the packet's conflict surface; run_b holds a.js.",
    );
    expect(taskWords('fix-e2-a3')).toBe('fix (round 2, attempt 3)');
  });
});

describe('the end of a worker', () => {
  const spawned = steps.find(({ event }) => event.type === 'workerSpawned');
  const ended = steps.find(({ event }) => event.type === 'workerEnded');
  if (spawned === undefined || ended?.event.type !== 'workerEnded') throw new Error('no worker');
  const event = ended.event;
  const broken = blocker('PAWL_WORKER_FAILED', { said: 'It broke.' }, []);

  /** What is told of an end with these changes, of a worker whose start is known or not. */
  const words = (changes: Partial<typeof event>, isStartKnown = false): string => {
    const story = new EventStory();
    if (isStartKnown) story.tell(spawned);
    return story.tell({ ...ended, event: { ...event, ...changes } as JournalEvent });
  };

  it.each([
    [{ exitCode: 0, signal: null, blocker: null }, 'completed'],
    [{ exitCode: null, signal: null, blocker: null }, 'completed'],
    [
      { exitCode: 3, signal: null, blocker: broken, result: 'failed' as const },
      'failed (exit 3): The worker failed: It broke.',
    ],
    [
      { exitCode: null, signal: 'SIGKILL', blocker: broken, result: 'failed' as const },
      'failed (SIGKILL): The worker failed: It broke.',
    ],
  ])('%j is told as "%s"', (changes, told) => {
    expect(words(changes)).toBe(`implementation: ${told}`);
  });

  it('is described with how long it took and what its agent did, each once', () => {
    const turn = reportOf({ isResume: true, session: 's-1' });
    expect(words({ exitCode: 3, turn, blocker: null, result: 'failed' }, true)).toMatch(
      /^implementation: failed \(exit 3, after \S+, resumed session s-1\)$/,
    );
  });
});

it('a run that goes over to other rules says so', () => {
  const record: JournalRecord = {
    v: 2,
    rules: 4,
    seq: 9,
    gen: 1,
    atMs: 1,
    actor: 'driver',
    event: { type: 'rulesRaised', from: 3, to: 4 },
    effects: [],
    post: 'a'.repeat(64),
    prev: 'b'.repeat(64),
    sum: 'c'.repeat(64),
  };
  expect(new EventStory().tell(record)).toBe('continues under rules 4; before, it was under rules 3');
});
