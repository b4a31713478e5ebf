import { describe, expect, it } from 'vitest';
import { shownBlocker } from '../../src/blockers/shown-blocker.ts';
import { snapshotOf } from '../../src/kernel/image.ts';
import type { Blocker } from '../../src/model/error.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { settlementOf } from '../../src/prove/model/settlements.ts';
import { PICTURE_COLUMNS, runPicture } from '../../src/run/run-picture.ts';
import { quarantinedView, type RunView, viewOf } from '../../src/run/run-view.ts';
import { decideRun, type RunState, runSystem } from '../../src/run/system.ts';
import { type Folded, goodRun } from '../inspector/good-run.ts';
import { sampleOf } from '../support/sample-blockers.ts';

const RUN = 'run_T-1_aaaaaaaaaaaa';
const steps = [...goodRun(RUN)];

function viewAt({ state, record }: Folded): RunView {
  return viewOf(RUN, snapshotOf(runSystem, state, '', '').actors, { seq: record.seq, updatedAtMs: record.atMs });
}

const AT = { seq: 1, updatedAtMs: null };

/** The run whose first gate has said that it is blocked. */
function blockedAtVerification(blocker: Blocker): RunState {
  const judging = steps.find(({ state }) => state.owed.some(({ kind }) => kind === 'judgeGate'))?.state;
  const effect = judging?.owed.find(({ kind }) => kind === 'judgeGate');
  const good = effect === undefined ? null : settlementOf(effect);
  if (judging === undefined || good?.type !== 'gateJudged') throw new Error('no gate is judged');
  const event = { ...good, status: 'BLOCKED' as const, blocker };
  const decision = decideRun(RUN, judging, { actor: RUN_ACTOR, event, atMs: 1 });
  if (decision.kind === 'refused') throw new Error(decision.reason);
  return decision.state;
}

const textOf = (view: RunView): string =>
  runPicture(view)
    .map(({ text }) => text)
    .join('\n');

describe('the picture of a run', () => {
  it('shows every state of the straight way once it was passed', () => {
    const last = steps.at(-1);
    if (last === undefined) throw new Error('no steps');
    expect(textOf(viewAt(last))).toBe(
      [
        '      ✓ packetReceived',
        '      ✓ queued',
        '      ✓ waitingForLock',
        '      ✓ implementing',
        ' ┌──▶ ✓ verification ───┐      round 1, PASS',
        ' │    ✓ internalReview ─┤      PASS',
        ' └─── ○ fixLoop ◀───────┘      where a gate fails',
        '      ✓ handoffReady',
        '      ● readyForManualReview',
      ].join('\n'),
    );
  });

  it.each([
    ['gone', '■ implementing      gone'],
    ['ended', '■ implementing      ended, not recorded'],
    ['orphaned', '● implementing      running without its host'],
    ['silent', '● implementing      silent'],
    ['unattended', '● implementing      not driven'],
    ['working', '● implementing      working'],
  ] as const)('of a run whose worker is %s says so where it stands', (standing, line) => {
    const at = steps.find(({ state }) => state.owed.some(({ kind }) => kind === 'watchWorker'));
    if (at === undefined) throw new Error('no worker');
    const driver = { kind: 'none' } as const;
    const liveness = { standing, driver, task: null, lastSignAtMs: null, findings: [] };
    const lines = textOf({ ...viewAt(at), liveness }).split('\n');
    expect(
      lines
        .find((each) => each.includes('implementing'))
        ?.replace(/ {6,}/g, '      ')
        .trim(),
    ).toBe(line);
  });

  it('of a run between tasks that nobody drives says so too', () => {
    const [first] = steps;
    if (first === undefined) throw new Error('no steps');
    const liveness = {
      standing: 'halted',
      driver: { kind: 'none' },
      task: null,
      lastSignAtMs: null,
      findings: [],
    } as const;
    expect(textOf({ ...viewAt(first), liveness })).toContain('■ queued');
    expect(textOf({ ...viewAt(first), liveness })).toContain('not driven');
  });

  it('is at one line, the state of the run, wherever that is', () => {
    for (const step of steps) {
      const view = viewAt(step);
      const lines = runPicture(view);
      expect(lines.filter(({ mark }) => mark === 'here').map(({ text }) => text)).toEqual([
        expect.stringContaining(`● ${view.state}`),
      ]);
      for (const { text } of lines) expect(text.length).toBeLessThanOrEqual(PICTURE_COLUMNS);
    }
  });

  it('says where a run was stopped, and by what', () => {
    const blocker = sampleOf('PAWL_GATE_BLOCKED');
    const lines = runPicture(viewOf(RUN, snapshotOf(runSystem, blockedAtVerification(blocker), '', '').actors, AT));
    expect(lines.filter(({ mark }) => mark === 'stopped').map(({ text }) => text.replace(/\s+/g, ' ').trim())).toEqual([
      expect.stringContaining('■ verification'),
      '■ blockedNeedsHuman PAWL_GATE_BLOCKED',
    ]);
    expect(lines.every(({ mark }) => mark !== 'here')).toBe(true);
    const aside = quarantinedView(RUN, 'T-1', {
      atMs: 0,
      surfaces: [],
      isResolved: false,
      blocker: shownBlocker(blocker),
    });
    expect(textOf(aside).match(/■.*/g)).toEqual(['■ quarantined PAWL_GATE_BLOCKED']);
  });
});

describe('where a run stopped', () => {
  const blocker = shownBlocker(sampleOf('PAWL_WORKER_EXIT'));
  const last = steps.at(-1);
  if (last === undefined) throw new Error('no steps');
  const whole = viewAt(last);
  const [implementation] = whole.tasks;
  if (implementation === undefined) throw new Error('no task');
  const bare: RunView = {
    ...whole,
    state: 'failedExecution',
    substate: null,
    task: null,
    tasks: [],
    epoch: 0,
    gates: { verification: null, review: null },
    baseCommit: null,
    lease: null,
    blockers: [],
  };
  const stopsOf = (changes: Partial<RunView>): (string | undefined)[] =>
    runPicture({ ...bare, ...changes })
      .filter(({ mark }) => mark === 'stopped')
      .map(({ text }) =>
        /■ (.*)/
          .exec(text)?.[1]
          ?.replace(/[─┐┤┘◀ ]+/g, ' ')
          .trim(),
      );
  const taskOf = (purpose: string): Partial<RunView> => {
    const task = { ...implementation, purpose };
    return { task, tasks: [task] };
  };
  const passed = { status: 'PASS', epoch: 1, commit: 'c', evidence: null, by: null, reason: null } as const;

  it.each<readonly [string, Partial<RunView>, readonly string[]]>([
    ['before it began', {}, ['queued', 'failedExecution']],
    ['with a lease alone', { lease: { surfaces: [], expiresAtMs: 1 } }, ['implementing', 'failedExecution']],
    ['with a base alone', { baseCommit: 'b' }, ['implementing', 'failedExecution']],
    ['in its setup', taskOf('setup'), ['implementing', 'failedExecution']],
    ['in a fix', taskOf('fix'), ['fixLoop', 'failedExecution']],
    ['in a review', taskOf('review'), ['internalReview', 'failedExecution']],
    ['in work of a kind that is not known', taskOf('other'), ['implementing', 'failedExecution']],
    ['for its packet', { state: 'blockedPlanInsufficient' }, ['packetReceived', 'blockedPlanInsufficient']],
    ['for a lock', { state: 'blockedLockConflict' }, ['waitingForLock', 'blockedLockConflict']],
    [
      'after both gates',
      { gates: { verification: passed, review: passed }, ...taskOf('review') },
      ['handoffReady', 'failedExecution'],
    ],
    [
      'after one gate',
      { gates: { verification: passed, review: null }, ...taskOf('verification') },
      ['verification PASS', 'failedExecution'],
    ],
    ['for a reason', { blockers: [blocker] }, ['queued', 'failedExecution PAWL_WORKER_EXIT']],
  ])('is shown: %s', (_, changes, stops) => {
    expect(stopsOf(changes)).toEqual(stops);
  });

  it('says what lies behind it, and how often something was done', () => {
    const task = { ...implementation, purpose: 'fix' };
    const view = {
      ...whole,
      state: 'fixLoop',
      substate: 'working',
      epoch: 2,
      task,
      tasks: [...whole.tasks, task, task],
    };
    const lines = textOf(view).split('\n');
    expect(lines[4]).toContain('round 2, PASS');
    expect(lines[6]).toBe(' └─── ● fixLoop ◀───────┘      working, 2 tasks');
    expect(lines[7]).toBe('      ○ handoffReady');
    expect(lines.slice(0, 6).every((line) => line.includes('✓'))).toBe(true);
  });

  it('is where its task is at work while that is being ended, and nowhere else', () => {
    const ending = { ...bare, state: 'cancelling', pending: 'cancel' as const, ...taskOf('review') };
    expect(textOf(ending)).toMatch(/● internalReview .* cancelling$/m);
    expect(textOf(ending)).not.toContain('■');
  });

  it('leaves out what has not been: a fix of a run that needed none', () => {
    expect(textOf({ ...whole, state: 'handoffReady' })).toContain('○ fixLoop ◀───────┘      where a gate fails');
    expect(textOf({ ...bare, state: 'fixLoop', substate: null })).toMatch(/● fixLoop ◀───────┘$/m);
    expect(textOf({ ...bare, state: 'fixLoop', substate: null })).toMatch(/○ internalReview/);
  });

  it('cuts a line that is too long for a terminal', () => {
    const state = 'x'.repeat(200);
    const line = textOf({ ...bare, state })
      .split('\n')
      .at(-1);
    expect(line).toHaveLength(PICTURE_COLUMNS);
    expect(line?.endsWith('…')).toBe(true);
    const fits = 'x'.repeat(PICTURE_COLUMNS - 8);
    expect(
      textOf({ ...bare, state: fits })
        .split('\n')
        .at(-1),
    ).toBe(`      ■ ${fits}`);
  });
});
