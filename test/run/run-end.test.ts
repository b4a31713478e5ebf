/** Which runs have ended: those whose state says so, whatever XState makes of them. */
import { describe, expect, it } from 'vitest';
import { freshContext } from '../../machines/run/context.ts';
import { runMachine } from '../../machines/run/run.machine.ts';
import { hasEnded } from '../../src/run/run-end.ts';
import { leavesOf } from '../support/chart-steps.ts';
import { RUN_INPUT } from '../support/run-input.ts';

const ENDS = ['readyForManualReview', 'blockedPlanInsufficient', 'failedExecution', 'cancelled'];

describe('a run', () => {
  it.each(leavesOf(runMachine))('in %s has ended, or has not', (place) => {
    const [state = '', substate] = place.split('.');
    const value = substate === undefined ? state : { [state]: substate };
    const snapshot = runMachine.resolveState({ value: value as never, context: freshContext(RUN_INPUT) });
    expect(hasEnded(snapshot)).toBe(ENDS.includes(place));
  });

  it('that has failed is still active for XState: a person may have it continue', () => {
    const failed = runMachine.resolveState({ value: 'failedExecution', context: freshContext(RUN_INPUT) });
    expect([failed.status, hasEnded(failed)]).toEqual(['active', true]);
  });

  it('that is done has ended, whatever its state says', () => {
    expect(hasEnded({ status: 'done', hasTag: () => false })).toBe(true);
  });
});
