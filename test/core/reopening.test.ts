/** Which ended run goes on, and by which word. */
import { expect, it } from 'vitest';
import { isReopenable, reopened } from '../../src/core/reopening.ts';

const snapshot = (value: string, status: string) => ({ value, status }) as never;
const word = (decision: string, type = 'decisionMade') => ({ type, decision });

it('only a failure, and only by a retry', () => {
  expect(reopened(snapshot('failedExecution', 'done'), word('retry'))).toEqual({
    value: 'failedExecution',
    status: 'active',
  });
  for (const decision of ['accept', 'abandon'])
    expect(reopened(snapshot('failedExecution', 'done'), word(decision))).toBeNull();
  expect(reopened(snapshot('failedExecution', 'done'), word('retry', 'packetReplaced'))).toBeNull();
  for (const state of ['cancelled', 'readyForManualReview', 'blockedPlanInsufficient']) {
    expect(isReopenable(snapshot(state, 'done'))).toBe(false);
    expect(reopened(snapshot(state, 'done'), word('retry'))).toBeNull();
  }
  expect(isReopenable(snapshot('failedExecution', 'active'))).toBe(false);
});
