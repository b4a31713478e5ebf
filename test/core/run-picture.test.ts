import { describe, expect, it } from 'vitest';
import { PICTURE_COLUMNS, runPicture } from '../../src/core/run-picture.ts';
import { quarantinedView, type RunView, viewOf } from '../../src/core/run-view.ts';
import { snapshotOf } from '../../src/core/state-image.ts';
import { type Folded, goodRun } from '../inspector/good-run.ts';

const RUN = 'run_T-1_aaaaaaaaaaaa';
const steps = [...goodRun(RUN)];

function viewAt({ state, record }: Folded): RunView {
  return viewOf(RUN, snapshotOf(state, '', '').actors, { seq: record.seq, updatedAtMs: record.atMs });
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
        ' ┌──▶ ✓ verification ───┐      epoch 1, PASS',
        ' │    ✓ internalReview ─┤      PASS',
        ' └─── ○ fixLoop ◀───────┘      where a gate fails',
        '      ✓ handoffReady',
        '      ● readyForManualReview',
      ].join('\n'),
    );
  });

  it('stands at one line, the state of the run, wherever that is', () => {
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
    const middle = steps.find(({ state }) => JSON.stringify(state.run.value).includes('verification'));
    if (middle === undefined) throw new Error('no verification');
    const blocker = { code: 'PAWL_GATE_BLOCKED' as const, message: '', hint: '', evidence: [] };
    const parked = { ...viewAt(middle), state: 'blockedNeedsHuman', substate: null, blockers: [blocker] };
    const lines = runPicture(parked);
    expect(lines.filter(({ mark }) => mark === 'stopped').map(({ text }) => text.replace(/\s+/g, ' ').trim())).toEqual([
      expect.stringContaining('■ implementing'),
      '■ blockedNeedsHuman PAWL_GATE_BLOCKED',
    ]);
    expect(lines.every(({ mark }) => mark !== 'here')).toBe(true);
    const aside = quarantinedView(RUN, 'T-1', { atMs: 0, surfaces: [], isResolved: false, blocker });
    expect(textOf(aside).match(/■.*/g)).toEqual(['■ quarantined PAWL_GATE_BLOCKED']);
  });
});
