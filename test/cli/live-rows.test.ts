import { describe, expect, it } from 'vitest';
import { type LiveRow, liveRows, type RowColours } from '../../src/cli/live-rows.ts';
import { type Condition, conditionOf, MARKS, summaryLine } from '../../src/core/run-marks.ts';

const PLAIN: RowColours = { mark: (_, text) => text, name: same, place: same, detail: same };

function same(text: string): string {
  return text;
}

function row(condition: Condition, name: string, place = 'implementing', details: readonly string[] = []): LiveRow {
  return { condition, name, place, details };
}

describe('the live view', () => {
  it('shows what works first and folds what has ended into counts', () => {
    const rows = [
      row('ready', 'WID-1', 'ready for review'),
      row('waiting', 'WID-2', 'queued'),
      row('failed', 'WID-3', 'failed'),
      row('working', 'WIDGET-4', 'verification', ['12s', 'last output 3s ago']),
      row('ready', 'WID-5', 'ready for review'),
      row('blocked', 'WID-6', 'needs a person'),
    ];
    expect(liveRows(rows, 80, PLAIN)).toEqual([
      '▸ WIDGET-4  verification    12s · last output 3s ago',
      '‖ WID-6     needs a person  ',
      '· WID-2     queued          ',
      '  2 ready, 1 failed',
    ]);
  });

  it.each([80, 40, 20])('never wraps at %i columns', (columns) => {
    const long = 'x'.repeat(300);
    const rows = Array.from({ length: 30 }, (_, n) =>
      row(n % 2 === 0 ? 'working' : 'ready', `${long}${n}`, long, [long, long]),
    );
    const lines = liveRows(rows, columns, PLAIN);
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(line.length).toBeLessThan(columns);
  });

  it('shows twenty runs and counts the rest', () => {
    const lines = liveRows(
      Array.from({ length: 23 }, (_, n) => row('working', `W-${n}`)),
      80,
      PLAIN,
    );
    expect([lines.length, lines.at(-1)]).toEqual([21, '  and 3 more']);
  });
});

describe('the mark of a run', () => {
  it('differs by what became of it, without colour', () => {
    expect(new Set(Object.values(MARKS)).size).toBe(Object.keys(MARKS).length);
  });

  it.each([
    ['terminal', 'readyForManualReview', 'ready'],
    ['terminal', 'failedExecution', 'failed'],
    ['terminal', 'blockedPlanInsufficient', 'insufficient'],
    ['terminal', 'cancelled', 'cancelled'],
    ['blocked', 'blockedLockConflict', 'blocked'],
    ['quarantined', 'quarantined', 'quarantined'],
    ['active', 'queued', 'waiting'],
  ] as const)('of a run that is %s in %s says %s', (kind, state, condition) => {
    expect(conditionOf({ kind, state, task: null, liveness: null })).toBe(condition);
  });

  it('is summed up in one line, what can be reviewed first', () => {
    const conditions = ['failed', 'ready', 'blocked', 'ready', 'failed'] as const;
    expect(summaryLine(conditions, 842_000)).toBe('2 ready, 1 blocked, 2 failed in 14m02s');
  });
});
