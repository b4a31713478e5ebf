/** What people are shown of a run, and told of it: nothing hidden, evidence that can be opened, and only what is worth a notice. */
import { describe, expect, it, test } from 'vitest';
import type { Action } from '../../src/model/action.ts';
import { ALONE } from '../../src/run/next-actions.ts';
import { noticeEvent, noticeOf, noticeVariables } from '../../src/run/notice.ts';
import { removedView } from '../../src/run/removed-view.ts';
import type { RunKind, RunView } from '../../src/run/run-view.ts';
import { shownRun } from '../../src/run/shown-run.ts';
import { NOTHING_SPENT } from '../../src/turn/ledger.ts';

const REMOVED = {
  runId: 'run_A',
  taskId: 'A',
  state: 'cancelled',
  branch: 'work/a',
  baseCommit: 'a'.repeat(40),
  headCommit: 'b'.repeat(40),
  spent: { ...NOTHING_SPENT, tokens: 5 },
  endedAtMs: 100,
  removedAtMs: 200,
};

const view = (changes: Partial<RunView> = {}): RunView => ({ ...removedView(REMOVED), ...changes });

const BLOCKER = { code: 'PAWL_GATE_BLOCKED', message: 'm', hint: 'h', evidence: [] } as const;

test('a run whose folder was removed has ended as it had, holds nothing, and can do nothing more', () => {
  const { endedAtMs: updatedAtMs, ...known } = REMOVED;
  expect(removedView(REMOVED)).toMatchObject({
    ...known,
    updatedAtMs,
    kind: 'terminal',
    lease: null,
    blockers: [],
    actions: [],
    nextSafeAction: { kind: 'none' },
  });
});

describe('a run that is shown', () => {
  const HOSTILE = 'a\u202e\nb';
  const CLEAN = 'a\\u{202e}\\nb';

  it('has every name in it made visible', () => {
    const shown = shownRun(
      view({
        taskId: HOSTILE,
        branch: HOSTILE,
        lease: { surfaces: [HOSTILE], expiresAtMs: 1 },
        surfacesAdded: [HOSTILE],
        surfaceConflict: { taskId: 't1', commit: 'c', surfaces: [HOSTILE], holder: 'run_B' },
        leftOut: {
          emptySubmodules: { paths: [HOSTILE], count: 3 },
          filesBelowSubmodules: { paths: [HOSTILE, 'c'], count: 2 },
        },
        contention: { holder: 'run_B', surfaces: [HOSTILE] },
        handoff: { reference: HOSTILE } as NonNullable<RunView['handoff']>,
        blockers: [{ ...BLOCKER, hint: HOSTILE, evidence: [HOSTILE] }],
      }),
      ALONE,
      { folder: null, liveness: null },
    );
    expect(shown).toMatchObject({
      taskId: CLEAN,
      branch: CLEAN,
      lease: { surfaces: [CLEAN], expiresAtMs: 1 },
      surfacesAdded: [CLEAN],
      surfaceConflict: { taskId: 't1', commit: 'c', surfaces: [CLEAN], holder: 'run_B' },
      leftOut: {
        emptySubmodules: { paths: [CLEAN], count: 3 },
        filesBelowSubmodules: { paths: [CLEAN, 'c'], count: 2 },
      },
      contention: { holder: 'run_B', surfaces: [CLEAN] },
      handoff: { reference: CLEAN },
      blockers: [{ code: 'PAWL_GATE_BLOCKED', hint: CLEAN, evidence: [CLEAN] }],
    });
    expect(shown.blockers[0]?.message).toBe('m');
  });

  it('keeps what is not there as it is', () => {
    const nothing = { lease: null, surfaceConflict: null, leftOut: null, contention: null, handoff: null };
    expect(shownRun(view(nothing), ALONE, { folder: '/r', liveness: null })).toMatchObject(nothing);
  });

  it('has the words of a blocker bounded, and stays on their lines', () => {
    const message = `first\nsecond \u001b[31m${'x'.repeat(5_000)}`;
    const [shown] = shownRun(view({ blockers: [{ ...BLOCKER, message }] }), ALONE, {
      folder: null,
      liveness: null,
    }).blockers;
    expect(shown?.message).toContain('first\nsecond ');
    expect(shown?.message).not.toContain('\u001b');
    expect(shown?.message.length).toBeLessThanOrEqual(4_000);
  });

  it('has evidence below its folder as a path that can be opened from anywhere', () => {
    const evidence = [
      'tasks/t1/stderr.log',
      'artifacts/review/x.json',
      'tasks/',
      'commit',
      '/abs',
      'x/tasks/y',
      'mytasks/z',
    ];
    const shown = (folder: string | null): readonly string[] | undefined =>
      shownRun(view({ blockers: [{ ...BLOCKER, evidence }] }), ALONE, { folder, liveness: null }).blockers[0]?.evidence;
    expect(shown('/reg/runs/run_A')).toEqual([
      '/reg/runs/run_A/tasks/t1/stderr.log',
      '/reg/runs/run_A/artifacts/review/x.json',
      ...evidence.slice(2),
    ]);
    expect(shown(null)).toEqual(evidence);
  });

  it('has the actions that fit its surroundings, the first of them as the next', () => {
    const { removedAtMs: _, ...parked } = view({ state: 'blockedNeedsHuman', kind: 'blocked', blockers: [BLOCKER] });
    const shown = shownRun(parked, ALONE, { folder: null, liveness: null });
    expect(shown.actions.map(({ kind }) => kind)).toEqual(['retry', 'replacePacket', 'abandon']);
    expect(shown.nextSafeAction).toEqual(shown.actions[0]);
  });
});

describe('a notice', () => {
  it.each<readonly [RunKind, string, string | null]>([
    ['quarantined', 'quarantined', 'quarantined'],
    ['blocked', 'blockedNeedsHuman', 'blocked'],
    ['blocked', 'queued', 'blocked'],
    ['terminal', 'blockedPlanInsufficient', 'blocked'],
    ['terminal', 'readyForManualReview', 'done'],
    ['terminal', 'failedExecution', 'failed'],
    ['terminal', 'cancelled', null],
    ['active', 'implementing', null],
  ])('of a run that is %s in %s is %s', (kind, state, event) => {
    expect(noticeEvent({ kind, state })).toBe(event);
  });

  const action = (command: string | null): Action => ({ kind: 'retry', label: 'l', argv: [], command });

  it('gives the reasons in one line each, at most five, what can be run, and where the evidence is', () => {
    const blockers = Array.from({ length: 7 }, (_, n) => ({
      ...BLOCKER,
      message: ` why ${n}\n\tmore `,
      evidence: n === 0 ? ['not a path', '/abs/one'] : ['/abs/two'],
    }));
    const notice = noticeOf(
      'blocked',
      view({ blockers, actions: [action(null), action('pawl x'), action('y')] }),
      '/r',
      7,
    );
    expect(notice).toEqual({
      v: 1,
      event: 'blocked',
      runId: 'run_A',
      taskId: 'A',
      state: 'cancelled',
      branch: 'work/a',
      commit: 'b'.repeat(40),
      reasons: Array.from({ length: 5 }, (_, n) => ({ code: BLOCKER.code, message: `why ${n} more` })),
      commands: ['pawl x', 'y'],
      evidence: '/abs/one',
      registry: '/r',
      atMs: 7,
    });
    expect(noticeVariables(notice)).toEqual({
      PAWL_EVENT: 'blocked',
      PAWL_RUN_ID: 'run_A',
      PAWL_TASK_ID: 'A',
      PAWL_STATE: 'cancelled',
      PAWL_BRANCH: 'work/a',
      PAWL_COMMIT: 'b'.repeat(40),
      PAWL_CODE: BLOCKER.code,
      PAWL_MESSAGE: 'why 0 more',
      PAWL_COMMAND: 'pawl x',
      PAWL_EVIDENCE: '/abs/one',
      PAWL_REGISTRY: '/r',
    });
  });

  it('of a run that is done names its handoff, and leaves empty what there is not', () => {
    const handoff = { reference: '/reg/handoff.md' } as NonNullable<RunView['handoff']>;
    const done = noticeOf('done', view({ handoff, blockers: [{ ...BLOCKER, evidence: ['/abs'] }] }), '/r', 7);
    expect(done.evidence).toBe('/reg/handoff.md');
    const empty = noticeVariables(noticeOf('failed', view({ headCommit: null }), '/r', 7));
    expect(empty).toMatchObject({
      PAWL_COMMIT: '',
      PAWL_CODE: '',
      PAWL_MESSAGE: '',
      PAWL_COMMAND: '',
      PAWL_EVIDENCE: '',
    });
  });

  it('has no reason longer than its bound', () => {
    const [reason] = noticeOf(
      'blocked',
      view({ blockers: [{ ...BLOCKER, message: 'x'.repeat(5_000) }] }),
      '/r',
      7,
    ).reasons;
    expect(reason?.message.length).toBeLessThanOrEqual(1_000);
    expect(reason?.message.length).toBeGreaterThan(900);
  });
});
