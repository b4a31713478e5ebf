/** The view of a run: what its persisted actors say, in the words of an operator, and nothing made up. */

import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/base/canonical-json.ts';
import { hintOf } from '../../src/blockers/catalogue.ts';
import { shownBlocker } from '../../src/blockers/shown-blocker.ts';
import { snapshotOf } from '../../src/kernel/image.ts';
import { blocker } from '../../src/model/blocker.ts';
import type { Blocker } from '../../src/model/error.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import type { RunContext } from '../../src/model/run-context.ts';
import { exitCodeOf, placeOf, quarantinedView, type RunKind, type RunView, viewOf } from '../../src/run/run-view.ts';
import { runSystem } from '../../src/run/system.ts';
import { goodRun } from '../inspector/good-run.ts';
import { sampleOf } from '../support/sample-blockers.ts';

const RUN = 'run_A_0123456789ab';
const STEPS = [...goodRun(RUN)];
const AT = { seq: 7, updatedAtMs: 70 };

/** The actors of the run at its last record whose event is of that type, the run's own with these changes. */
function actorsAt(
  type: string,
  changes: { value?: unknown; context?: Partial<RunContext> } = {},
): { readonly actors: Readonly<Record<string, Json>> } {
  const step = STEPS.findLast(({ record }) => record.event.type === type);
  if (step === undefined) throw new Error(`no record of ${type}`);
  const { actors } = snapshotOf(runSystem, step.state, '', '');
  const run = actors[RUN_ACTOR] as { value: unknown; context: object };
  const changed = { ...run, value: changes.value ?? run.value, context: { ...run.context, ...changes.context } };
  return { actors: { ...actors, [RUN_ACTOR]: JSON.parse(JSON.stringify(changed)) } };
}

function viewAt(type: string, changes: { value?: unknown; context?: Partial<RunContext> } = {}): RunView {
  return viewOf(RUN, actorsAt(type, changes).actors, AT);
}

describe('the view of a run', () => {
  it('has the tasks in the order of a run, and the open one as its task', () => {
    const last = viewAt('handoffProjected');
    expect(last.tasks.map(({ taskId }) => taskId)).toEqual([
      'implementation-e0-a1',
      'verification-e1-a1',
      'review-e1-a1',
    ]);
    expect(last.task?.taskId).toBe('review-e1-a1');
    expect(viewAt('handoffProjected', { context: { openTask: 'verification-e1-a1' } }).task?.taskId).toBe(
      'verification-e1-a1',
    );
    expect(viewAt('packetReceived')).toMatchObject({ task: null, tasks: [] });
  });

  it('sorts a fix behind the gates of its round, setup before the work, and attempts by their number', () => {
    const { actors } = actorsAt('handoffProjected');
    const like = (purpose: string, epoch: number, attempt: number) => {
      const taskId = `${purpose}-e${epoch}-a${attempt}`;
      const review = actors['review-e1-a1'] as { readonly context: object };
      return [taskId, { ...review, context: { ...review.context, taskId, purpose, epoch, attempt } }] as const;
    };
    const more = Object.fromEntries([
      like('fix', 1, 1),
      like('verification', 2, 1),
      like('verification', 1, 2),
      like('setup', 0, 1),
    ]);
    expect(viewOf(RUN, { ...more, ...actors }, AT).tasks.map(({ taskId }) => taskId)).toEqual([
      'setup-e0-a1',
      'implementation-e0-a1',
      'verification-e1-a1',
      'verification-e1-a2',
      'review-e1-a1',
      'fix-e1-a1',
      'verification-e2-a1',
    ]);
  });

  it('says of a task how it ended, and within which state it stands', () => {
    const [done] = viewAt('handoffProjected').tasks;
    expect(done).toMatchObject({
      state: 'settled.completed',
      result: 'completed',
      code: null,
      isAdopted: false,
      turn: null,
    });
    const running = viewAt('workerSpawned').task;
    expect(running).toMatchObject({ result: null, endedAtMs: null });
    expect(running?.state).not.toContain('settled');
    expect(typeof running?.pid).toBe('number');
  });

  it('holds what the context of its run says, as it says it', () => {
    const context = {
      surfacesAdded: ['path:o/r/x'],
      surfaceConflict: { taskId: 't', commit: 'c', surfaces: ['path:o/r/y'], holder: null },
      leftOut: { emptySubmodules: { paths: ['s'], count: 1 }, filesBelowSubmodules: { paths: [], count: 0 } },
      contention: { holder: 'run_B', surfaces: ['path:o/r/z'] },
      waitUntilMs: 99,
      blockedGate: 'review' as const,
      replacement: {
        count: 2,
        packetHash: 'h',
        packet: { path: 'p', sha256: 's' },
        by: 'ann',
        reason: 'r',
        atMs: 3,
        lastTask: { purpose: 'fix' as const, epoch: 1, attempt: 1 },
      },
    };
    const { replacement, ...same } = context;
    const { lastTask: _, ...shown } = replacement;
    expect(viewAt('workerSpawned', { context })).toMatchObject({
      runId: RUN,
      seq: 7,
      updatedAtMs: 70,
      ...same,
      pending: null,
      replacement: shown,
      liveness: null,
    });
    expect(viewAt('workerSpawned', { context }).replacement).not.toHaveProperty('lastTask');
  });

  it.each([
    ['cancelling', 'cancel'],
    [{ endingTask: 'thenRetry' }, 'retry'],
    [{ endingTask: 'thenAbandon' }, 'abandon'],
    ['blockedNeedsHuman', null],
  ] as const)('in %j waits for the end of its task to %s', (value, pending) => {
    expect(viewAt('workerSpawned', { value }).pending).toBe(pending);
  });

  it('names causes before what only counts them, each once, with a hint that holds no command', () => {
    const [spent, limit, stuck] = [
      sampleOf('PAWL_ATTEMPTS_EXHAUSTED'),
      sampleOf('PAWL_FIX_LIMIT'),
      sampleOf('PAWL_FIX_STUCK'),
    ] as const;
    const one = blocker('PAWL_WORKER_FAILED', { said: 'one' }, []);
    const two = blocker('PAWL_WORKER_FAILED', { said: 'two' }, []);
    const blockers = [spent, limit, one, stuck, two, one];
    const view = viewAt('workerSpawned', { context: { blockers } });
    expect(view.blockers).toEqual([one, two, spent, limit, stuck].map(shownBlocker));
  });

  it('shows a blocker of the release before in the words that it recorded', () => {
    const earlier: unknown = [{ code: 'PAWL_WORKER_EXIT', message: 'Once worded so.', hint: 'old', evidence: ['e'] }];
    const { blockers } = viewAt('workerSpawned', { context: { blockers: earlier as Blocker[] } });
    expect(blockers).toEqual([
      { code: 'PAWL_WORKER_EXIT', message: 'Once worded so.', hint: hintOf('PAWL_WORKER_EXIT'), evidence: ['e'] },
    ]);
  });

  it.each<readonly [unknown, number, RunKind]>([
    ['readyForManualReview', 0, 'terminal'],
    ['blockedPlanInsufficient', 1, 'terminal'],
    ['failedExecution', 1, 'terminal'],
    ['cancelled', 0, 'terminal'],
    ['blockedNeedsHuman', 1, 'blocked'],
    ['blockedLockConflict', 1, 'blocked'],
    [{ queued: 'admitting' }, 0, 'active'],
    [{ queued: 'agentMissing' }, 1, 'blocked'],
    [{ queued: 'admissionRefused' }, 1, 'blocked'],
    ['cancelling', 0, 'active'],
    [{ implementing: 'working' }, 1, 'active'],
  ])('in %j with %i blockers is %s', (value, count, kind) => {
    const blockers = Array.from({ length: count }, () => sampleOf('PAWL_AGENT_MISSING'));
    expect(viewAt('packetReceived', { value, context: { blockers } }).kind).toBe(kind);
  });

  it('is not made of what is no persisted actor', () => {
    expect(() => viewOf(RUN, {}, AT)).toThrow(`bug: ${RUN} has no persisted snapshot`);
    expect(() => viewOf(RUN, { [RUN_ACTOR]: { value: 'queued' } }, AT)).toThrow(
      `bug: ${RUN} has no persisted snapshot`,
    );
  });
});

describe('a place', () => {
  it.each([
    ['queued', ['queued', null]],
    [{ implementing: 'working' }, ['implementing', 'working']],
    [{ implementing: { working: 'deep' } }, ['implementing', 'working']],
    [{}, ['?', null]],
    [null, ['?', null]],
    [[1], ['?', null]],
  ])('of %j is %j', (value, place) => {
    expect(placeOf(value)).toEqual(place);
  });
});

describe('a run that was set aside', () => {
  const ASIDE = { code: 'PAWL_HISTORY_LOST', message: 'm', hint: 'h', evidence: [] } as const;
  const facts = { atMs: 5, surfaces: ['path:o/r/x'], blocker: ASIDE };

  it('holds its surfaces until a person has given it up', () => {
    const aside = quarantinedView('run_Q', 'Q', { ...facts, isResolved: false });
    expect(aside).toMatchObject({ kind: 'quarantined', state: 'quarantined', updatedAtMs: 5, tasks: [], branch: '' });
    expect(aside.lease?.surfaces).toEqual(facts.surfaces);
    expect(aside.blockers[0]?.hint).toBe(hintOf('PAWL_HISTORY_LOST'));
    expect(aside.actions.length).toBeGreaterThan(0);
    const resolved = quarantinedView('run_Q', 'Q', { ...facts, isResolved: true });
    expect(resolved).toMatchObject({ kind: 'terminal', state: 'quarantined', lease: null, actions: [] });
    expect(resolved.blockers[0]?.hint).toContain('Nothing to do');
    expect(resolved.nextSafeAction.kind).toBe('none');
  });
});

describe('the exit code over several runs', () => {
  const run = (kind: RunKind, state = 'queued') => ({ kind, state });
  it.each([
    [[], 0],
    [[run('active')], 0],
    [[run('terminal', 'readyForManualReview'), run('terminal', 'cancelled')], 0],
    [[run('terminal', 'failedExecution'), run('active')], 4],
    [[run('terminal', 'failedExecution'), run('blocked')], 3],
    [[run('terminal', 'blockedPlanInsufficient'), run('active')], 3],
    [[run('blocked'), run('quarantined'), run('terminal', 'failedExecution')], 5],
  ])('of %j is %i', (views, code) => {
    expect(exitCodeOf(views)).toBe(code);
  });
});
