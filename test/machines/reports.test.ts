/** What a completion is worth that is reported after the end of its task: each row decides one thing, and the first that applies counts. */
import { describe, expect, it } from 'vitest';
import { decideReport } from '../../machines/task/context.ts';
import type { TaskResult } from '../../src/model/request.ts';
import type { TaskContext } from '../../src/model/task-context.ts';

type Report = Parameters<typeof decideReport>[1];

const SETTLED: NonNullable<TaskContext['settlement']> = {
  result: 'completed',
  by: 'host',
  code: null,
  outcomeHash: 'outcome',
  completionHash: 'completion',
  turn: null,
};
const CONTEXT: TaskContext = {
  taskId: 'fix-e1-a1',
  purpose: 'fix',
  epoch: 1,
  attempt: 1,
  requestHash: 'request',
  hostStartsMax: 5,
  hostStarts: 1,
  isAdopted: false,
  pid: 1,
  startedAtMs: 1,
  endedAtMs: 2,
  ending: null,
  settlement: SETTLED,
  reports: [],
};
const REPORT: Report = {
  type: 'completionReported',
  atMs: 3,
  entryId: 'e',
  isValid: true,
  requestHash: 'request',
  outcomeHash: 'other outcome',
  completionHash: 'other completion',
} as Report;

function worth(report: Partial<Report>, settlement: Partial<typeof SETTLED> | null = {}): string {
  const context = { ...CONTEXT, settlement: settlement === null ? null : { ...SETTLED, ...settlement } };
  return decideReport(context, { ...REPORT, ...report } as Report);
}

describe('a completion after the end', () => {
  it('that cannot be read is rejected, whatever else it says', () => {
    expect(worth({ isValid: false, requestHash: 'another', outcomeHash: 'outcome' })).toBe('rejected');
  });

  it('for another request is unauthorized, though it says the same', () => {
    expect(worth({ requestHash: 'another', outcomeHash: 'outcome' })).toBe('unauthorized');
    expect(worth({ requestHash: 'another' }, null)).toBe('unauthorized');
  });

  it('is a duplicate by its outcome or by its answer, and no answer is like no other', () => {
    expect(worth({ outcomeHash: 'outcome' })).toBe('duplicate');
    expect(worth({ completionHash: 'completion' })).toBe('duplicate');
    expect(worth({ completionHash: null }, { completionHash: null })).toBe('conflicting');
    expect(worth({ outcomeHash: 'outcome' }, { result: 'lost' })).toBe('duplicate');
  });

  it.each<[TaskResult, string]>([
    ['completed', 'conflicting'],
    ['failed', 'conflicting'],
    ['blocked', 'conflicting'],
    ['cancelled', 'late'],
    ['timedOut', 'late'],
    ['interrupted', 'late'],
    ['limited', 'late'],
    ['lost', 'late'],
  ])('that says something else, of a task that was %s, is %s', (result, expected) => {
    expect(worth({}, { result })).toBe(expected);
  });

  it('before any end was recorded is late', () => {
    expect(worth({}, null)).toBe('late');
  });
});
