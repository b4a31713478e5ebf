/** The actions of every situation, word for word. */
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/model/error-codes.ts';
import {
  ALONE,
  clockTime,
  drivenBy,
  firstOf,
  pawl,
  type RunFacts,
  removeFiles,
  runActions,
  type Surroundings,
  takeOver,
} from '../../src/run/next-actions.ts';
import { factsOf as run } from '../support/run-facts.ts';

const NOW_MS = new Date(2026, 4, 3, 20, 15).getTime();
const FIVE_PAST_MS = new Date(2026, 4, 3, 9, 5).getTime();
const ALIVE = { driver: { kind: 'alive', pid: 123, hostname: 'here', sinceMs: FIVE_PAST_MS } } as const;
const UNKNOWN = { driver: { kind: 'unknown', pid: 123, hostname: 'desk', sinceMs: FIVE_PAST_MS } } as const;
const IS_HELD = 'held by pid 123 on desk since 09:05; cannot tell from here whether it is still running';

type Row = readonly [kind: string, label: string, command: string | null];

/** What is shown of each action: its kind, its words, its command. */
function rows(facts: RunFacts, more: Partial<Surroundings> = {}): Row[] {
  const actions = runActions(facts, { ...ALONE, nowMs: NOW_MS, ...more });
  for (const { argv, command } of actions) expect(argv === null).toBe(command === null);
  return actions.map(({ kind, label, command }) => [kind, label, command]);
}

const resolve = (kind: string, label: string, runId = 'run_A'): Row => [
  kind,
  label,
  `pawl resolve ${runId} ${kind} --reason ''`,
];
const ABANDON = resolve('abandon', 'abandon run_A and release what it holds');
const DRIVE: Row = ['run', 'run it', 'pawl run run_A'];
const RETRY = resolve('retry', 'try again where it stopped');
const REPLACE: Row = [
  'replacePacket',
  'or correct its packet and submit it with --replace: the same run continues with it',
  null,
];

describe('a run that has ended', () => {
  test('and whose folder was removed can be recorded again, whatever its state', () => {
    const again: Row = [
      'intakeAgain',
      'it has ended and its folder was removed; --again creates a new run of its packet',
      null,
    ];
    for (const state of ['readyForManualReview', 'cancelled', 'failedExecution']) {
      expect(rows(run(state, { removedAtMs: 0 }))).toEqual([again]);
    }
  });

  test('well is reviewed by its commits, where both are known', () => {
    expect(rows(run('readyForManualReview'))).toEqual([
      ['review', 'review the commits that both gates judged', 'git log --patch aaaaaaaaaaaa..bbbbbbbbbbbb'],
    ]);
    expect(rows(run('readyForManualReview', { baseCommit: null }))).toEqual([]);
    expect(rows(run('readyForManualReview', { headCommit: null }))).toEqual([]);
  });

  test('without a plan, in failure or by cancelling', () => {
    expect(rows(run('blockedPlanInsufficient'))).toEqual([
      ['completePacket', 'complete the packet and submit it again: an edited packet is a new run', null],
    ]);
    expect(rows(run('failedExecution'), { options: ['--registry', '/r'] })).toEqual([
      ['inspect', 'read what happened', 'pawl events run_A --registry /r'],
      [
        'retry',
        'try again where it stopped, on the same branch and worktree',
        "pawl resolve run_A retry --registry /r --reason ''",
      ],
      ['intakeAgain', 'change the packet or the agent, then submit the packet with --again', null],
    ]);
    expect(rows(run('cancelled'))).toEqual([]);
  });

  test('set aside is inspected or abandoned, until that is done', () => {
    expect(rows(run('quarantined', { kind: 'quarantined' }), { options: ['--registry', '/r'] })).toEqual([
      ['inspect', 'see which files contradict each other; changes nothing', 'pawl recover --dry-run --registry /r'],
      ['abandon', 'abandon run_A and release what it holds', "pawl resolve run_A abandon --registry /r --reason ''"],
    ]);
    expect(rows(run('quarantined', { kind: 'terminal' }))).toEqual([]);
  });
});

describe('a parked run', () => {
  const parked = (codes: readonly ErrorCode[], more: Partial<RunFacts> = {}): Row[] =>
    rows(run('blockedNeedsHuman', { kind: 'blocked', blockers: codes.map((code) => ({ code })), ...more }));

  test.each([
    ['PAWL_FIX_LIMIT', 'one more fix round'],
    ['PAWL_FIX_STUCK', 'one more fix round'],
    ['PAWL_BUDGET_EXCEEDED', 'grant the same budget again'],
    ['PAWL_HOST_UNKNOWN', 'assert that host and worker have ended, and try again'],
    ['PAWL_WORKSPACE_CHANGED', 'have the work done again; the current contents are kept under a rescue ref'],
    ['PAWL_HANDOFF_REFUSED', 'reset the branch and continue; the current contents are kept under a rescue ref'],
    ['PAWL_WORKER_SURVIVORS', 'assert that these processes have ended, and try again'],
    ['PAWL_GIT_TAMPERED', 'try again where it stopped'],
  ] as const)('by %s can be told to: %s', (code, label) => {
    expect(parked([code])[0]).toEqual(resolve('retry', label));
  });

  test('by several causes is tried again in the words of the first that has some of its own', () => {
    expect(parked(['PAWL_GIT_TAMPERED', 'PAWL_BUDGET_EXCEEDED', 'PAWL_HOST_UNKNOWN'])).toEqual([
      resolve('retry', 'grant the same budget again'),
      ABANDON,
    ]);
    expect(parked([])).toEqual([RETRY, ABANDON]);
  });

  test('by a gate can be accepted', () => {
    expect(parked([], { blockedGate: 'review' })).toEqual([
      RETRY,
      resolve('accept', 'continue although the review did not pass'),
      ABANDON,
    ]);
  });

  test.each([
    'PAWL_SETUP_NOT_ALLOWED',
    'PAWL_VERIFICATION_NOT_ALLOWED',
    'PAWL_GATE_BLOCKED',
    'PAWL_GATE_FAILED',
    'PAWL_WORKER_BLOCKED',
  ] as const)('by %s may need another packet', (code) => {
    expect(parked([code])).toEqual([RETRY, REPLACE, ABANDON]);
    expect(parked(['PAWL_GIT_TAMPERED', code])).toEqual([RETRY, REPLACE, ABANDON]);
  });

  test.each(['PAWL_FIX_LIMIT', 'PAWL_FIX_STUCK'] as const)('by %s may need another packet too', (code) => {
    expect(parked([code])).toEqual([resolve('retry', 'one more fix round'), REPLACE, ABANDON]);
  });

  test.each(['retry', 'abandon', 'cancel'] as const)('for which %s is decided has that carried out', (pending) => {
    const decided = run('blockedNeedsHuman', { pending, surfaceConflict: { holder: null } });
    expect(rows(decided)).toEqual([['run', `carry out the decided ${pending}`, 'pawl run run_A']]);
    expect(rows(decided, ALIVE)).toEqual([
      ['driven', `${pending} is decided and waits for the end of its task; driven by pid 123 since 09:05`, null],
    ]);
    expect(rows(decided, UNKNOWN)).toEqual([
      ['driven', `${pending} is decided and waits for the end of its task; ${IS_HELD}`, null],
    ]);
  });
});

describe('a run whose work touches what it may not lease', () => {
  const conflicted = (holder: string | null) => run('blockedNeedsHuman', { surfaceConflict: { holder } });
  const again = resolve('retry', 'compare the surface again, once run_B has ended, and continue with the same work');
  const other = (state: string, more: Partial<RunFacts> = {}) => ({ holder: run(state, { runId: 'run_B', ...more }) });

  test('is accepted, done again or abandoned if no run holds it', () => {
    expect(rows(conflicted(null))).toEqual([
      resolve('accept', 'lease these paths too, and continue with this work'),
      resolve('retry', 'have the work done again; this one is kept under a rescue ref'),
      ABANDON,
    ]);
  });

  test('waits for its holder, and is compared again after that', () => {
    expect(rows(conflicted('run_B'))).toEqual([again, ABANDON]);
    expect(rows(conflicted('run_B'), other('cancelled', { kind: 'terminal' }))).toEqual([again, ABANDON]);
    expect(rows(conflicted('run_B'), other('implementing'))).toEqual([
      ['waitForSurface', 'drive run_B, which holds it', 'pawl run run_B'],
      ABANDON,
    ]);
    expect(rows(conflicted('run_B'), { ...ALIVE, ...other('implementing') })).toEqual([
      ['waitForSurface', 'wait for run_B, driven by pid 123 since 09:05', null],
      ABANDON,
    ]);
  });
});

describe('a run that waits for a surface', () => {
  const waiting = run('blockedLockConflict', { kind: 'blocked', contention: { holder: 'run_B' } });
  const other = (state: string, more: Partial<RunFacts> = {}) => ({ holder: run(state, { runId: 'run_B', ...more }) });

  test.each([
    ['is not known', {}, [['waitForSurface', 'look at run_B, which holds it', 'pawl status run_B']]],
    ['has ended', other('cancelled', { kind: 'terminal' }), [DRIVE]],
    [
      'is not driven',
      other('implementing'),
      [['waitForSurface', 'drive run_B, which holds it, and this run after it', 'pawl run run_B run_A']],
    ],
    [
      'is driven',
      { ...ALIVE, ...other('implementing') },
      [['waitForSurface', 'wait for run_B, driven by pid 123 since 09:05', null]],
    ],
    [
      'is parked',
      other('blockedNeedsHuman', { kind: 'blocked' }),
      [
        resolve('retry', 'run_B holds it: try again where it stopped', 'run_B'),
        resolve('abandon', 'run_B holds it: abandon run_B and release what it holds', 'run_B'),
      ],
    ],
    [
      'waits itself',
      other('blockedLockConflict', { kind: 'blocked', contention: { holder: 'run_C' } }),
      [
        ['waitForSurface', 'run_B holds it: look at run_C, which holds it', 'pawl status run_C'],
        resolve('abandon', 'run_B holds it: abandon run_B and release what it holds', 'run_B'),
      ],
    ],
  ] as const)('whose holder %s', (_what, around, expected) => {
    expect(rows(waiting, around)).toEqual([...expected, ABANDON]);
  });

  test('of nobody is still driven', () => {
    expect(rows(run('blockedLockConflict'), other('implementing'))).toEqual([DRIVE, ABANDON]);
  });

  test('and can move names a holder that has not ended', () => {
    const moving = run('waitingForLock', { contention: { holder: 'run_B' } });
    const wait: Row = ['waitForSurface', 'drive run_B, which holds it, and this run after it', 'pawl run run_B run_A'];
    expect(rows(moving, other('implementing'))).toEqual([wait]);
    expect(rows(moving, other('cancelled', { kind: 'terminal' }))).toEqual([DRIVE]);
    expect(rows(moving)).toEqual([DRIVE]);
    expect(rows({ ...moving, state: 'implementing' }, other('implementing'))).toEqual([DRIVE]);
  });
});

describe('a run that can move', () => {
  test('is driven on, or says who drives it, or whose death must be asserted', () => {
    for (const state of ['queued', 'waitingForLock', 'implementing', 'handoffReady']) {
      expect(rows(run(state))).toEqual([DRIVE]);
      expect(rows(run(state), ALIVE)).toEqual([['driven', 'driven by pid 123 since 09:05', null]]);
      expect(rows(run(state), { ...UNKNOWN, options: ['--registry', '/r'] })).toEqual([
        ['takeOver', `assert that it has ended (${IS_HELD})`, "pawl recover --take-over --registry /r --reason ''"],
      ]);
    }
  });

  test('and waits for its agent resumes by itself, or is tried at once', () => {
    const waiting = run('implementing', { waitUntilMs: new Date(2026, 4, 4, 1, 2).getTime() });
    const atOnce = resolve('retry', 'retry now, if the limit has been lifted');
    expect(rows(waiting)).toEqual([
      ['waitForAgent', 'keep pawl run going: it resumes automatically at 2026-05-04 01:02', 'pawl run run_A'],
      atOnce,
    ]);
    expect(rows(waiting, ALIVE)).toEqual([
      ['waitForAgent', 'resumes automatically at 2026-05-04 01:02, driven by pid 123 since 09:05', null],
      atOnce,
    ]);
  });

  test('and has not begun is checked again where something is in its way', () => {
    const kept = (...codes: ErrorCode[]) =>
      run('queued', { kind: 'blocked', blockers: codes.map((code) => ({ code })) });
    const check: Row = ['run', 'check again, and continue if nothing blocks it', 'pawl run run_A'];
    const doctor: Row = ['look', 'list the available agents', 'pawl doctor'];
    const driven: Row = ['driven', 'driven by pid 123 since 09:05', null];
    expect(rows(kept('PAWL_REPOSITORY_MISMATCH'))).toEqual([check, ABANDON]);
    expect(rows(kept('PAWL_SETUP_NOT_ALLOWED'))).toEqual([check, REPLACE, ABANDON]);
    expect(rows(kept('PAWL_SETUP_NOT_ALLOWED'), ALIVE)).toEqual([driven, REPLACE, ABANDON]);
    expect(rows(kept('PAWL_REPOSITORY_MISMATCH', 'PAWL_AGENT_MISSING'))).toEqual([
      doctor,
      ['configureAgent', 'continue once the agent is available', 'pawl run run_A'],
      ABANDON,
    ]);
    expect(rows(kept('PAWL_AGENT_MISSING'), ALIVE)).toEqual([doctor, driven, ABANDON]);
    expect(rows({ ...kept('PAWL_AGENT_MISSING'), state: 'implementing' })).toEqual([DRIVE]);
  });

  test('and has not begun is begun with the agent that was named', () => {
    const named = { beginOptions: ['--agent', 'a b'], options: ['--registry', '/r'] };
    const commands = (facts: RunFacts) => rows(facts, named).map(([, , command]) => command);
    const begin = "pawl run run_A --agent 'a b' --registry /r";
    expect(commands(run('queued', { blockers: [{ code: 'PAWL_AGENT_MISSING' }] }))).toContain(begin);
    expect(commands(run('queued'))).toEqual([begin]);
    expect(commands(run('implementing'))).toEqual(['pawl run run_A --registry /r']);
  });
});

describe('who drives', () => {
  test.each([
    [{ kind: 'none' }, 'not driven'],
    [ALIVE.driver, 'driven by pid 123 since 09:05'],
    [{ ...ALIVE.driver, pid: null, sinceMs: null }, 'driven by an unknown process'],
    [UNKNOWN.driver, IS_HELD],
    [
      { kind: 'unknown', pid: null, hostname: '', sinceMs: null },
      'held by an unknown process; cannot tell from here whether it is still running',
    ],
    [
      { kind: 'unknown', pid: 1, hostname: 'a\nb', sinceMs: null },
      'held by pid 1 on a\\nb; cannot tell from here whether it is still running',
    ],
  ] as const)('is said in a few words: %j', (driver, words) => {
    expect(drivenBy(driver, NOW_MS)).toBe(words);
  });

  test('since when is the time of the day, with the date where that is another', () => {
    const at = (...parts: [number, number, number, number, number]) => clockTime(new Date(...parts).getTime(), NOW_MS);
    expect(at(2026, 4, 3, 0, 0)).toBe('00:00');
    expect(at(2026, 4, 3, 23, 59)).toBe('23:59');
    expect(at(2026, 4, 2, 23, 59)).toBe('2026-05-02 23:59');
    expect(at(2026, 11, 31, 1, 2)).toBe('2026-12-31 01:02');
    expect(at(2025, 4, 3, 20, 15)).toBe('2025-05-03 20:15');
  });
});

test('the first action is the one to name, and none says so', () => {
  const actions = runActions(run('failedExecution'), ALONE);
  expect(firstOf(actions)).toBe(actions[0]);
  expect(firstOf([])).toEqual({ kind: 'none', label: 'nothing to do', argv: null, command: null });
});

test('where nothing is known nobody drives', () => {
  expect(ALONE).toEqual({ driver: { kind: 'none' }, holder: null, options: [], nowMs: 0 });
});

test('actions of errors are complete commands', () => {
  expect(removeFiles(['/a b', '-c'], 'remove them')).toEqual({
    kind: 'run',
    label: 'remove them',
    argv: ['rm', '--', '/a b', '-c'],
    command: "rm -- '/a b' -c",
  });
  expect(takeOver([], 'why')).toEqual({
    kind: 'takeOver',
    label: 'assert that it has ended (why)',
    argv: ['pawl', 'recover', '--take-over', '--reason', ''],
    command: "pawl recover --take-over --reason ''",
  });
  expect(pawl('look', 'l', ['status'])).toEqual({
    kind: 'look',
    label: 'l',
    argv: ['pawl', 'status'],
    command: 'pawl status',
  });
});
