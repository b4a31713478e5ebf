import { expect, it } from 'vitest';
import { exitCodeOfResult, type Result } from '../../src/cli/commands/run.ts';
import { PawlError } from '../../src/model/error.ts';
import type { RunView } from '../../src/run/run-view.ts';

function viewOf(kind: RunView['kind'], state: string): RunView {
  return { kind, state } as RunView;
}

const ready = viewOf('terminal', 'readyForManualReview');
const insufficient = viewOf('terminal', 'blockedPlanInsufficient');
const working = viewOf('active', 'implementing');

function codeOf(runs: readonly RunView[], stoppedBy: Result['stoppedBy'] = null): number {
  return exitCodeOfResult({ runs, faults: [], outcomes: [], stoppedBy });
}

it('a command that was cut off by a signal says so by its exit code, whatever else came of its runs', () => {
  expect(codeOf([working], 'SIGINT')).toBe(130);
  expect(codeOf([working], 'SIGTERM')).toBe(143);
  expect(codeOf([insufficient, ready, working], 'SIGINT')).toBe(130);
});

it('a command whose runs had come to rest ends with their results', () => {
  expect(codeOf([ready])).toBe(0);
  expect(codeOf([ready, insufficient])).toBe(3);
});

it('a run that cannot continue in this process comes before a signal', () => {
  const error = new PawlError({ code: 'PAWL_STORE_FULL', message: 'full', subject: 'disk', hint: '' });
  expect(
    exitCodeOfResult({ runs: [working], faults: [{ runId: 'run_a', error }], outcomes: [], stoppedBy: 'SIGINT' }),
  ).toBe(7);
});

it('a packet that was refused leaves a person something to do, also when every run is ready', () => {
  const refused = (code: 'PAWL_RUN_CONFLICT' | 'PAWL_RUN_QUARANTINED') =>
    ({
      taskId: 'A',
      runId: 'run_A',
      outcome: 'refused',
      refusal: { code, message: 'm', subject: 's', hint: 'h', actions: [] },
    }) as const;
  const recorded = { taskId: 'B', runId: 'run_B', outcome: 'recorded', refusal: null } as const;
  const codeWith = (...outcomes: Result['outcomes']) =>
    exitCodeOfResult({ runs: [ready], faults: [], outcomes, stoppedBy: null });
  expect(codeWith(recorded)).toBe(0);
  expect(codeWith(recorded, refused('PAWL_RUN_CONFLICT'))).toBe(3);
  expect(codeWith(refused('PAWL_RUN_QUARANTINED'), refused('PAWL_RUN_CONFLICT'))).toBe(5);
});
