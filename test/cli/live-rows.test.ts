import { describe, expect, it } from 'vitest';
import { columnsOf, cutColumns, padColumns } from '../../src/cli/columns.ts';
import { type LiveRow, liveRows, type RowColours } from '../../src/cli/live-rows.ts';
import { type Condition, conditionOf, MARKS, summaryLine } from '../../src/run/run-marks.ts';
import type { RunView } from '../../src/run/run-view.ts';

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
    expect(liveRows(rows, { columns: 80, lines: 24 }, PLAIN)).toEqual([
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
    const lines = liveRows(rows, { columns, lines: 24 }, PLAIN);
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(line.length).toBeLessThan(columns);
  });

  it.each([80, 40, 20])('neither wraps at %i columns nor loses its columns with letters of any width', (columns) => {
    const names = [
      '日本語のタスク名前がとても長いので折り返すはずです',
      'e\u0301'.repeat(30),
      '👩‍👩‍👧‍👦 family',
      'plain',
    ];
    const rows = names.map((name) =>
      row('working', name, '実装中', ['12s', '三分前に最後の出力がありました'.repeat(3)]),
    );
    const lines = liveRows(rows, { columns, lines: 24 }, PLAIN);
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(columnsOf(line)).toBeLessThan(columns);
    if (columns < 80) return;
    const beginnings = lines.map((line) => columnsOf(line.slice(0, line.indexOf('実装中'))));
    expect(new Set(beginnings).size).toBe(1);
  });

  it('shows twenty runs and counts the rest', () => {
    const lines = liveRows(
      Array.from({ length: 23 }, (_, n) => row('working', `W-${n}`)),
      { columns: 80, lines: 24 },
      PLAIN,
    );
    expect([lines.length, lines.at(-1)]).toEqual([21, '  and 3 more']);
  });

  it.each([
    [8, 8, '  and 16 more'],
    [2, 2, '  and 22 more'],
    [0, 2, '  and 22 more'],
  ])('fits into %i lines, but for one run that is always shown', (room, count, last) => {
    const rows = Array.from({ length: 23 }, (_, n) => row('working', `W-${n}`));
    const lines = liveRows(rows, { columns: 80, lines: room }, PLAIN);
    expect([lines.length, lines.at(-1)]).toEqual([count, last]);
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

  it.each([
    ['working', null, null, 'waiting'],
    ['working', 5, null, 'working'],
    ['working', 5, 9, 'waiting'],
    ['silent', 5, null, 'working'],
    ['orphaned', 5, null, 'working'],
    ['unclear', 5, null, 'working'],
    ['gone', 5, null, 'waiting'],
    ['ended', 5, null, 'waiting'],
    ['halted', 5, null, 'waiting'],
  ] as const)(
    'of a run that stands %s, whose task began at %s and ended at %s, says %s',
    (standing, begun, over, condition) => {
      const task = { startedAtMs: begun, endedAtMs: over } as NonNullable<RunView['task']>;
      const driver = { kind: 'none' } as const;
      const liveness = { standing, driver, task: null, lastSignAtMs: null, findings: [] };
      expect(conditionOf({ kind: 'active', state: 'implementing', task, liveness })).toBe(condition);
    },
  );

  it('is summed up in one line, what can be reviewed first', () => {
    const conditions = ['failed', 'ready', 'blocked', 'ready', 'failed'] as const;
    expect(summaryLine(conditions, 0, 842_000)).toBe('2 ready, 1 blocked, 2 failed in 14m02s');
    expect(summaryLine(conditions, 3, 842_000)).toBe('2 ready, 1 blocked, 2 failed, 3 not recorded in 14m02s');
    expect(summaryLine([], 1, 500)).toBe('1 not recorded in 0.5s');
  });
});

describe('a text in columns', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['日本語', 1, '…'],
    ['日本語', 0, ''],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
  ])('%j in %i is %j', (text, columns, cut) => {
    expect(cutColumns(text, columns)).toBe(cut);
  });

  it('is padded to them, and never shortened by that', () => {
    expect([padColumns('日', 4), padColumns('abc', 4), padColumns('abcd', 2)]).toEqual(['日  ', 'abc ', 'abcd']);
  });
});
