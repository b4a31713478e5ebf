/** The report of one run says what is known of it, and no more. */
import { expect, test } from 'vitest';
import { runReport } from '../../src/cli/render.ts';
import { quarantinedView, type RunView } from '../../src/core/run-view.ts';
import { Heard } from '../support/heard.ts';

const blocker = { code: 'PAWL_JOURNAL_DAMAGED', message: 'm', hint: 'h', evidence: [] } as const;
const ASIDE = quarantinedView('run_A_0123456789ab', 'A', { atMs: 0, surfaces: [], isResolved: false, blocker });

function packetLine(view: RunView): string {
  return runReport(new Heard(false), view, '/r')[1] ?? '';
}

test('of a run that is set aside only the packet is named', () => {
  expect(packetLine(ASIDE)).toBe('    packet A');
});

test('of any other the branch, the round and the record are named, once there are any', () => {
  const begun: RunView = { ...ASIDE, state: 'queued', kind: 'active', branch: 'work/a', seq: 1 };
  expect(packetLine(begun)).toBe('    packet A, branch work/a, record 1');
  expect(packetLine({ ...begun, epoch: 2, seq: 30 })).toBe('    packet A, branch work/a, round 2, record 30');
});
