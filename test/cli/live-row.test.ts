/** What of a run is told in its row: the most important first, and nothing that the state says already. */
import { describe, expect, it } from 'vitest';
import { liveRow } from '../../src/cli/live-row.ts';
import type { Liveness, Standing, TaskSigns } from '../../src/run/liveness.ts';
import { quarantinedView, type RunView } from '../../src/run/run-view.ts';

const NOW = 1_000_000_000_000;
const BLOCKER = { code: 'PAWL_GATE_BLOCKED', message: 'm', hint: 'h', evidence: [] } as const;
const ASIDE = quarantinedView('run_A', 'A\u202e', { atMs: 0, surfaces: [], isResolved: false, blocker: BLOCKER });
const TASK = { startedAtMs: NOW - 12_000, endedAtMs: null } as NonNullable<RunView['task']>;
const view = (state: string, changes: Partial<RunView> = {}): RunView => ({
  ...ASIDE,
  kind: 'active',
  state,
  task: TASK,
  blockers: [],
  ...changes,
});

const SIGNS: TaskSigns = {
  taskId: 't',
  claim: 'host',
  host: 'alive',
  hostPid: 1,
  worker: 'alive',
  workerPid: 2,
  hasOutcome: false,
  startedAtMs: NOW - 12_000,
  deadlineAtMs: NOW + 48_000,
  heartbeatAtMs: NOW,
  outputAtMs: NOW - 3_000,
  outputBytes: 5,
};
const liveness = (standing: Standing, task: TaskSigns | null = SIGNS): Liveness => ({
  standing,
  driver: { kind: 'none' },
  task,
  lastSignAtMs: null,
  findings: [],
});

/** The details of a run in that state with that open task. */
function told(state: string, openTask: string | null, standing: Standing = 'working'): readonly string[] {
  return liveRow(view(state), { openTask, liveness: liveness(standing), nowMs: NOW }).details;
}

describe('the row of a run', () => {
  it.each([
    ['implementing', 'implementation-e0-a1', []],
    ['implementing', 'implementation-e0-a2', ['attempt 2']],
    ['implementing', 'setup-e0-a1', ['setup']],
    ['verification', 'verification-e2-a1', ['round 2']],
    ['internalReview', 'review-e1-a3', ['round 1, attempt 3']],
    ['fixLoop', 'fix-e1-a1', ['round 1']],
    ['handoffReady', 'review-e1-a1', ['review (round 1)']],
  ])('in %s at %s says %j before its signs of life', (state, task, words) => {
    expect(told(state, task)).toEqual([...words, '12s of 1m00s', 'last output 3s ago']);
  });

  it('stays among those at work between two tasks, unless nothing drives it or it waits for something', () => {
    const ended = { ...TASK, endedAtMs: NOW } as NonNullable<RunView['task']>;
    const condition = (changes: Partial<RunView>, standing: Standing = 'working', state = 'verification') =>
      liveRow(view(state, { task: ended, substate: state === 'verification' ? 'requested' : null, ...changes }), {
        openTask: null,
        liveness: liveness(standing, null),
        nowMs: NOW,
      }).condition;
    expect(condition({})).toBe('working');
    expect(condition({}, 'halted')).toBe('waiting');
    expect(condition({}, 'working', 'queued')).toBe('waiting');
    expect(condition({ task: null }, 'working', 'waitingForLock')).toBe('waiting');
    expect(condition({ substate: 'limited', waitUntilMs: NOW + 1 })).toBe('waiting');
    expect(condition({ kind: 'blocked', blockers: [BLOCKER] }, 'working', 'blockedNeedsHuman')).toBe('blocked');
  });

  it('says first that it is not what it seems', () => {
    expect(told('implementing', 'implementation-e0-a1', 'gone')[0]).toBe('not running: its host and worker are gone');
  });

  it('without a task says what it waits for, or that nobody drives it', () => {
    const contention = { holder: 'run_B', surfaces: [] };
    const facts = { openTask: null, liveness: null, nowMs: NOW };
    expect(liveRow(view('waitingForLock', { task: null, contention }), facts)).toEqual({
      condition: 'waiting',
      name: 'A\\u{202e}',
      place: 'waitingForLock',
      details: ['waits for run_B'],
    });
    expect(liveRow(view('queued'), { ...facts, liveness: liveness('working', null) }).details).toEqual([]);
    expect(liveRow(view('queued'), { ...facts, liveness: liveness('halted', null) }).details).toEqual([
      'not running: nothing is driving this registry',
    ]);
  });

  it('of a parked run says by what it was stopped, and nothing of a life that it does not have', () => {
    const parked = view('blockedNeedsHuman', { kind: 'blocked', blockers: [BLOCKER] });
    const row = liveRow(parked, { openTask: null, liveness: liveness('halted'), nowMs: NOW });
    expect(row).toMatchObject({ condition: 'blocked', details: ['PAWL_GATE_BLOCKED'] });
  });
});
