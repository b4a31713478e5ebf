import { describe, expect, it } from 'vitest';
import { PURPOSES } from '../../src/model/limits.ts';
import type { Answer, Verdict } from '../../src/model/request.ts';
import type { WorkerExit } from '../../src/ports/gate.ts';
import type { AnswerReading } from '../../src/turn/answer.ts';
import type { ForcedEnd, WorkerEnding } from '../../src/turn/conclusion.ts';
import { conclusionOf } from '../support/told-ends.ts';

const verdictOf = (status: Verdict['status']): Verdict => ({ status, findings: [], summary: 's' });
const answerOf = (status: Answer['status'], verdict: Verdict | null = null): Answer => ({
  status,
  summary: 'the summary',
  filesChanged: [],
  verdict,
  problem: status === 'completed' ? null : { code: 'p', message: 'the problem' },
  commands: [],
});
const valid = (answer: Answer): AnswerReading => ({ kind: 'valid', answer });

const invalid: AnswerReading = { kind: 'invalid', reason: 'the reason' };
const completed = valid(answerOf('completed'));
const blocked = valid(answerOf('blocked', verdictOf('BLOCKED')));
const READINGS: Record<string, AnswerReading> = {
  missing: { kind: 'missing' },
  invalid,
  completed,
  passed: valid(answerOf('completed', verdictOf('PASS'))),
  failedGate: valid(answerOf('completed', verdictOf('FAIL'))),
  failed: valid(answerOf('failed')),
  blocked,
  failedPass: valid(answerOf('failed', verdictOf('PASS'))),
  blockedPass: valid(answerOf('blocked', verdictOf('PASS'))),
};
const EXITS: Record<string, WorkerExit | null> = {
  clean: { code: 0, signal: null },
  one: { code: 1, signal: null },
  notFound: { code: 127, signal: null },
  killed: { code: null, signal: 'SIGKILL' },
  unseen: null,
};
const FORCED = [
  'cancelled',
  'deadline',
  'hung',
  'operator',
  'exhausted',
  'interrupted',
  'stalled',
  'outputLimit',
  'notStarted',
] as const satisfies readonly ForcedEnd[];

const ending = (given: Partial<WorkerEnding>): WorkerEnding => ({
  purpose: 'implementation',
  completion: 'file',
  exit: { code: 0, signal: null },
  reading: { kind: 'missing' },
  forced: null,
  orphanResult: 'lost',
  ...given,
});
const told = (given: Partial<WorkerEnding>): string => {
  const { result, code } = conclusionOf(ending(given));
  return code === null ? result : `${result} ${code.replace('PAWL_WORKER_', '')}`;
};

/** Rows: what the answer is. Columns: how the process exited. Every cell is decided. */
const TABLE: Record<string, Record<string, string>> = {
  missing: {
    clean: 'failed NO_COMPLETION',
    one: 'failed EXIT',
    notFound: 'failed EXIT',
    killed: 'failed EXIT',
    unseen: 'lost LOST',
  },
  invalid: {
    clean: 'failed ANSWER_INVALID',
    one: 'failed EXIT',
    notFound: 'failed EXIT',
    killed: 'failed EXIT',
    unseen: 'lost LOST',
  },
  completed: {
    clean: 'completed',
    one: 'failed EXIT',
    notFound: 'failed EXIT',
    killed: 'failed EXIT',
    unseen: 'completed',
  },
  passed: {
    clean: 'completed',
    one: 'failed EXIT',
    notFound: 'failed EXIT',
    killed: 'failed EXIT',
    unseen: 'completed',
  },
  failedGate: {
    clean: 'completed',
    one: 'failed EXIT',
    notFound: 'failed EXIT',
    killed: 'failed EXIT',
    unseen: 'completed',
  },
  failed: {
    clean: 'failed FAILED',
    one: 'failed EXIT',
    notFound: 'failed EXIT',
    killed: 'failed EXIT',
    unseen: 'failed FAILED',
  },
  blocked: {
    clean: 'blocked BLOCKED',
    one: 'failed EXIT',
    notFound: 'failed EXIT',
    killed: 'failed EXIT',
    unseen: 'blocked BLOCKED',
  },
  failedPass: {
    clean: 'blocked CONTRADICTION',
    one: 'blocked CONTRADICTION',
    notFound: 'blocked CONTRADICTION',
    killed: 'blocked CONTRADICTION',
    unseen: 'blocked CONTRADICTION',
  },
  blockedPass: {
    clean: 'blocked CONTRADICTION',
    one: 'blocked CONTRADICTION',
    notFound: 'blocked CONTRADICTION',
    killed: 'blocked CONTRADICTION',
    unseen: 'blocked CONTRADICTION',
  },
};

const FORCED_TABLE: Record<ForcedEnd, string> = {
  cancelled: 'cancelled CANCELLED',
  deadline: 'timedOut DEADLINE',
  stalled: 'timedOut STALLED',
  hung: 'timedOut PAWL_HOST_HUNG',
  outputLimit: 'failed OUTPUT_LIMIT',
  exhausted: 'blocked PAWL_HOST_STARTS_EXHAUSTED',
  notStarted: 'blocked START_FAILED',
  noEvent: 'timedOut PAWL_AGENT_NO_EVENT',
  budget: 'blocked PAWL_BUDGET_EXCEEDED',
  unreadable: 'failed PAWL_AGENT_UNREADABLE',
  operator: 'interrupted INTERRUPTED',
  interrupted: 'interrupted INTERRUPTED',
};

describe('concludeTask', () => {
  it('decides every pair of answer and exit as the table says, whatever the purpose', () => {
    for (const purpose of PURPOSES) {
      for (const [name, reading] of Object.entries(READINGS)) {
        for (const [how, exit] of Object.entries(EXITS)) {
          expect(told({ purpose, reading, exit }), `${purpose} ${name} ${how}`).toBe(TABLE[name]?.[how]);
        }
      }
    }
  });

  it('lets a forced end decide over every answer and exit, and still keeps a valid answer', () => {
    for (const forced of FORCED) {
      for (const [name, reading] of Object.entries(READINGS)) {
        for (const exit of Object.values(EXITS)) {
          for (const completion of ['file', 'exitCode'] as const) {
            expect(told({ forced, reading, exit, completion }), `${forced} ${name}`).toBe(FORCED_TABLE[forced]);
            const { answer } = conclusionOf(ending({ forced, reading, exit, completion }));
            expect(answer).toEqual(reading.kind === 'valid' ? reading.answer : null);
          }
        }
      }
    }
  });

  it('takes exit 0 for the answer where the agent is configured so, and ignores any file', () => {
    for (const reading of Object.values(READINGS)) {
      expect(told({ completion: 'exitCode', reading, exit: { code: 0, signal: null } })).toBe('completed');
      expect(told({ completion: 'exitCode', reading, exit: { code: 1, signal: null } })).toBe('failed EXIT');
      expect(told({ completion: 'exitCode', reading, exit: { code: null, signal: 'SIGTERM' } })).toBe('failed EXIT');
      expect(told({ completion: 'exitCode', reading, exit: null })).toBe('lost LOST');
    }
  });

  it.each(['verification', 'review'] as const)('a %s judged by exit code gets its verdict from it', (purpose) => {
    const judged = (code: number) =>
      conclusionOf(ending({ purpose, completion: 'exitCode', exit: { code, signal: null } }));
    expect(judged(0)).toMatchObject({ result: 'completed', answer: { verdict: { status: 'PASS', findings: [] } } });
    expect(judged(1)).toMatchObject({ result: 'completed', answer: { verdict: { status: 'FAIL' } } });
    expect(judged(1).answer?.verdict?.findings).toHaveLength(1);
    // Of a judge that has run, whatever code it gives; one that never ran has judged nothing.
    expect(judged(127)).toMatchObject({ result: 'completed', answer: { verdict: { status: 'FAIL' } } });
    const start = { program: 'judge', hasOutput: false, lastWords: '' };
    expect(told({ purpose, completion: 'exitCode', exit: { code: 127, signal: null }, start })).toBe(
      'blocked START_FAILED',
    );
    expect(told({ purpose, completion: 'exitCode', exit: { code: null, signal: 'SIGKILL' } })).toBe('failed EXIT');
  });

  it('calls an end that nobody saw interrupted where Pawl or the machine went down with it', () => {
    expect(told({ exit: null, orphanResult: 'interrupted' })).toBe('interrupted INTERRUPTED');
    expect(told({ exit: null, orphanResult: 'lost' })).toBe('lost LOST');
    expect(told({ exit: null, orphanResult: 'interrupted', completion: 'exitCode' })).toBe('interrupted INTERRUPTED');
  });

  it('says in its message what the operator needs to know', () => {
    const message = (given: Partial<WorkerEnding>): string => conclusionOf(ending(given)).message;
    expect(message({ reading: blocked })).toContain('p: the problem');
    expect(message({ reading: completed, exit: EXITS.one ?? null })).toMatch(/completed.*exit 1.*the summary/);
    expect(message({ reading: invalid })).toContain('the reason');
    expect(message({ exit: { code: null, signal: 'SIGSEGV' } })).toContain('SIGSEGV');
    expect(message({ forced: 'deadline', reading: completed })).toMatch(/deadline.*answer: completed/);
    expect(message({ forced: 'notStarted', obstacle: { kind: 'said', words: 'no\u001b[1m shell' } })).toContain(
      'no shell',
    );
  });
});
