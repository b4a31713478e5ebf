/** What the page shows of an earlier record is what was known then. */
import { describe, expect, test } from 'vitest';
import { lastDecision, marksOf } from '../../src/inspector/page/journal-marks.ts';
import { filesAt } from '../../src/inspector/page/task-files-at.ts';
import type { TaskFilesView } from '../../src/inspector/wire/page-api.ts';
import { goodRun } from './good-run.ts';

describe('a view of an earlier record', () => {
  const files: TaskFilesView = {
    taskId: 'implementation-e0-a1',
    request: null,
    claim: { kind: 'host', pid: 1, hostname: 'h', atMs: 100 },
    agent: { pid: 2, isNamespaced: false, sessionId: null, startedAtMs: 200 },
    outcome: {
      by: 'host',
      result: 'completed',
      code: null,
      message: '',
      exitCode: 0,
      signal: null,
      head: null,
      startedAtMs: 200,
      endedAtMs: 300,
      turn: null,
    },
    completion: { status: 'completed' },
    late: ['a.json'],
    heartbeatAtMs: 290,
    outputBytes: 7,
    stderrBytes: 1,
    unreadable: ['x'],
  };
  const open = { result: null, reports: [] };

  test('shows nothing of a task that came later, and everything at the newest', () => {
    expect(filesAt(files, open, 50)).toMatchObject({
      claim: null,
      agent: null,
      outcome: null,
      completion: null,
      late: [],
    });
    expect(filesAt(files, open, 150)).toMatchObject({ claim: files.claim, agent: null, outputBytes: 0 });
    expect(filesAt(files, open, 250)).toMatchObject({ agent: files.agent, outcome: null, heartbeatAtMs: null });
    expect(filesAt(files, { result: 'completed', reports: [] }, 300)).toMatchObject({
      outcome: files.outcome,
      outputBytes: 7,
    });
    expect(filesAt(files, open, null)).toBe(files);
  });

  test('shows the last decision of a person up to that record, with its reason', () => {
    const [first] = [...goodRun('run_A_1')].map(({ record }) => record);
    if (first === undefined) throw new Error('no record');
    const decided = { type: 'decisionMade', commandId: '1', by: 'ann', decision: 'retry', reason: 'fixed' } as const;
    const cancelled = { type: 'cancelRequested', commandId: '2', by: 'bob', reason: 'no longer needed' } as const;
    const records = [first, { ...first, event: decided }, { ...first, event: cancelled }];
    expect([1, 2, 3].map((seq) => lastDecision(records.slice(0, seq)))).toEqual([
      null,
      'ann decided: retry: fixed',
      'Cancelled by bob: no longer needed',
    ]);
    expect(marksOf({ ...first, event: cancelled }, undefined)[0]?.text).toBe('cancelled by bob: no longer needed');
  });
});
