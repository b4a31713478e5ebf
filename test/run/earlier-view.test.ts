/** A run that only an earlier version of Pawl can continue: what is suggested of it, and when it is held back. */
import { describe, expect, test } from 'vitest';
import { earlierRefusal, isHeldByEarlier } from '../../src/run/earlier-view.ts';
import { ALONE, type DriverFacts, runActions } from '../../src/run/next-actions.ts';
import { factsOf } from '../support/run-facts.ts';

const STATES = ['queued', 'implementing', 'endingTask', 'blockedNeedsHuman', 'blockedLockConflict', 'unknown'];
const DRIVERS: readonly DriverFacts[] = [
  { kind: 'none' },
  { kind: 'alive', pid: 123, hostname: 'here', sinceMs: 0 },
  { kind: 'unknown', pid: 123, hostname: 'desk', sinceMs: 0 },
];

describe('a run that only an earlier version can continue', () => {
  test.each(STATES)('is suggested nothing that this one would refuse, while it is %s', (state) => {
    for (const pending of [null, 'retry'] as const)
      for (const driver of DRIVERS) {
        const run = factsOf(state, { kind: 'blocked', earlierRules: 2, pending });
        const actions = runActions(run, { ...ALONE, driver }).map(({ kind, label, command }) => [kind, label, command]);
        expect(actions).toEqual([
          ['otherVersion', 'finish or abandon it with the version of Pawl that began it', null],
          ['inspect', 'read what happened', 'pawl events run_A'],
        ]);
      }
  });

  test('is not suggested to be tried again, where it has failed', () => {
    const kinds = (earlierRules: object) =>
      runActions(factsOf('failedExecution', { kind: 'terminal', ...earlierRules }), ALONE).map(({ kind }) => kind);
    expect(kinds({ earlierRules: 2 })).toEqual(['inspect', 'intakeAgain']);
    expect(kinds({})).toEqual(['inspect', 'retry', 'intakeAgain']);
  });

  test('is held back as long as it has not ended', () => {
    expect(isHeldByEarlier({ kind: 'blocked', earlierRules: 2 })).toBe(true);
    expect(isHeldByEarlier({ kind: 'terminal', earlierRules: 2 })).toBe(false);
    expect(isHeldByEarlier({ kind: 'blocked' })).toBe(false);
  });

  test('is refused by its name and its rules, with where to look', () => {
    expect(earlierRefusal({ runId: 'run_A', earlierRules: 2 }, ['--registry', 'here'])).toMatchObject({
      code: 'PAWL_RULES_UNSUPPORTED',
      message:
        'run_A was begun by an earlier version of Pawl (rules 2), and this version cannot continue it. Nothing was changed.',
      subject: 'run_A',
      actions: [{ command: 'pawl status run_A --registry here' }],
    });
  });
});
