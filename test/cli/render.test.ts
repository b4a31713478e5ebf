/** The report of one run: what is known of it, and no more. */
import { expect, test } from 'vitest';
import { runReport } from '../../src/cli/render.ts';
import { quarantinedView, type RunView, type TaskView } from '../../src/run/run-view.ts';
import { Heard } from '../support/heard.ts';

const blocker = { code: 'PAWL_JOURNAL_DAMAGED', message: 'm', hint: 'h', evidence: [] } as const;
const ASIDE = quarantinedView('run_A_0123456789ab', 'A', { atMs: 0, surfaces: [], isResolved: false, blocker });

function packetLine(view: RunView): string {
  return runReport(new Heard(false), view, '/r')[1] ?? '';
}

test('of a run that is set aside only the packet is named', () => {
  expect(packetLine(ASIDE)).toBe('    packet A');
});

test('how long a task took is shown as everywhere else', () => {
  const task: TaskView = {
    ...{ taskId: 'implementation-e0-a1', purpose: 'implementation', epoch: 0, attempt: 1, state: 'settled', pid: null },
    ...{
      startedAtMs: 0,
      endedAtMs: 1_036_600,
      result: 'completed',
      code: null,
      isAdopted: false,
      reports: [],
      turn: null,
    },
  };
  expect(runReport(new Heard(false), { ...ASIDE, tasks: [task] }, '/r')).toContain(
    '    task  implementation-e0-a1: settled, 17m16s',
  );
});

test('what --agent named for its packet is shown', () => {
  const agentLine = (view: RunView) => runReport(new Heard(false), view, '/r').find((line) => line.includes('agent'));
  expect(agentLine({ ...ASIDE, agentOverride: 'claude' })).toBe('    agent  claude for every role, set by --agent');
  expect(agentLine(ASIDE)).toBeUndefined();
});

test('of any other the branch, the round and the record are named, once there are any', () => {
  const begun: RunView = { ...ASIDE, state: 'queued', kind: 'active', branch: 'work/a', seq: 1 };
  expect(packetLine(begun)).toBe('    packet A, branch work/a, record 1');
  expect(packetLine({ ...begun, epoch: 2, seq: 30 })).toBe('    packet A, branch work/a, round 2, record 30');
});
