/** How an end is told, word for word, and which answer an exit code stands for. */
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/model/request.ts';
import type { AnswerReading } from '../../src/turn/answer.ts';
import type { WorkerEnding } from '../../src/turn/conclusion.ts';
import { conclusionOf } from '../support/told-ends.ts';

const ANSWER: Answer = {
  status: 'completed',
  summary: 'Done.',
  filesChanged: [],
  verdict: null,
  problem: null,
  commands: [],
};
const MISSING: AnswerReading = { kind: 'missing' };
const INVALID: AnswerReading = { kind: 'invalid', reason: 'no status' };
const answered = (changes: Partial<Answer>): AnswerReading => ({ kind: 'valid', answer: { ...ANSWER, ...changes } });
const code = (exit: number | null, signal: string | null = null) => ({ code: exit, signal });

function concluded(given: Partial<WorkerEnding>) {
  return conclusionOf({
    purpose: 'implementation',
    completion: 'file',
    exit: code(0),
    reading: MISSING,
    forced: null,
    orphanResult: 'lost',
    ...given,
  });
}

it.each<readonly [string, Partial<WorkerEnding>]>([
  ['The worker exited with code 0 and left no answer.', {}],
  ["The worker's answer is not valid: no status.", { reading: INVALID }],
  ['The worker ended with exit 3 and left no answer.', { exit: code(3) }],
  ['The worker ended with exit unknown and left no answer.', { exit: code(null) }],
  [
    'The worker ended with signal SIGKILL; its answer is not valid: no status.',
    { exit: code(null, 'SIGKILL'), reading: INVALID },
  ],
  ['The worker answered "completed" and ended with exit 3: Done.', { exit: code(3), reading: answered({}) }],
  [
    'The worker is blocked: p: The problem.',
    { reading: answered({ status: 'blocked', problem: { code: 'p', message: 'The problem.' } }) },
  ],
  ['The worker failed: Done.', { reading: answered({ status: 'failed' }) }],
  ['The worker failed: no reason given', { reading: answered({ status: 'failed', summary: '' }) }],
  ['Done.', { reading: answered({}) }],
  [
    'The answer contradicts itself: status failed with verdict PASS.',
    { reading: answered({ status: 'failed', verdict: { status: 'PASS', findings: [], summary: '' } }) },
  ],
  ['The worker ended unobserved; it left no answer.', { exit: null }],
  ['The worker ended unobserved; its answer is not valid: no status.', { exit: null, reading: INVALID }],
  [
    'The worker ended unobserved when Pawl or the machine went down; it left no answer.',
    { exit: null, orphanResult: 'interrupted' },
  ],
  ['The worker was stopped at its deadline.', { forced: 'deadline' }],
  [
    'The worker was stopped at its deadline. It had already written an answer: completed.',
    { forced: 'deadline', reading: answered({}) },
  ],
  [
    'The worker could not be started. Reason: no git.',
    { forced: 'notStarted', obstacle: { kind: 'said', words: 'no git' } },
  ],
])('%s', (message, given) => {
  expect(concluded(given).message).toBe(message);
});

describe('an exit code that is the answer', () => {
  const byExit = (given: Partial<WorkerEnding>) => concluded({ completion: 'exitCode', ...given });

  it('of work says that it is done, or that it failed', () => {
    expect(byExit({})).toMatchObject({
      result: 'completed',
      code: null,
      summary: null,
      message: 'Ended with exit 0.',
      answer: { ...ANSWER, summary: 'The worker ended with exit 0.' },
    });
    expect(byExit({ exit: code(2) })).toMatchObject({
      result: 'failed',
      code: 'PAWL_WORKER_EXIT',
      message: 'The worker ended with exit 2.',
      answer: null,
    });
  });

  it('of a gate is its verdict, which a signal is not', () => {
    const verdict = { status: 'PASS', findings: [], summary: 'The worker ended with exit 0.' };
    expect(byExit({ purpose: 'review' }).answer).toEqual({ ...ANSWER, summary: verdict.summary, verdict });
    const summary = 'The worker ended with exit 2.';
    expect(byExit({ purpose: 'verification', exit: code(2) })).toMatchObject({
      result: 'completed',
      code: null,
      message: 'Ended with exit 2.',
      answer: {
        ...ANSWER,
        summary,
        verdict: { status: 'FAIL', findings: [{ severity: 'error', message: summary }], summary },
      },
    });
    expect(byExit({ purpose: 'review', exit: code(null, 'SIGTERM') }).message).toBe(
      'The worker ended with signal SIGTERM.',
    );
    expect(byExit({ purpose: 'review', exit: null }).result).toBe('lost');
  });
});
