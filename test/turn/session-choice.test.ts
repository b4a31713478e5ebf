/** Which session a turn continues with: one that was cut off by no fault of its own, never one that was refused, never somebody else's. */
import { describe, expect, it } from 'vitest';
import { claude } from '../../src/adapters/agents/claude.ts';
import type { Purpose } from '../../src/model/limits.ts';
import { TASK_RESULTS, type TaskResult } from '../../src/model/request.ts';
import type { TurnReport } from '../../src/model/turn.ts';
import type { CodingAgent } from '../../src/ports/agent.ts';
import { type EndedTask, type ResumedSession, sessionToResume, underPacket } from '../../src/turn/session-choice.ts';
import { reportOf } from '../support/turn-report.ts';

const CODER: CodingAgent = {
  kind: 'claude',
  title: claude.title,
  capabilities: claude.capabilities,
  resumes: true,
  fixResumesImplementer: false,
  givesMcp: false,
  answer: 'message',
};
const FIXER: CodingAgent = { ...CODER, fixResumesImplementer: true };

const END = (how: 'failed' | 'interrupted' | 'completed') => ({ how, cause: 'other', reason: '' }) as const;

let attempt = 0;
function ended(
  result: TaskResult | null,
  turn: Partial<TurnReport> | null = {},
  {
    purpose = 'implementation',
    epoch = 0,
    code = null,
  }: { purpose?: Purpose; epoch?: number; code?: string | null } = {},
): EndedTask {
  attempt += 1;
  return {
    taskId: `t${attempt}`,
    purpose,
    epoch,
    attempt,
    result,
    endedAtMs: attempt,
    code,
    turn: turn === null ? null : reportOf(turn),
  };
}
function chosen(
  tasks: readonly EndedTask[],
  { purpose = 'implementation', epoch = 0, agent = CODER, name = 'coder' } = {} as {
    purpose?: Purpose;
    epoch?: number;
    agent?: CodingAgent;
    name?: string;
  },
): ResumedSession | null {
  return sessionToResume(tasks, { purpose, epoch }, name, agent);
}

describe('a setting that was refused', () => {
  const refused = (turn: Partial<TurnReport> = {}) =>
    ended(
      'blocked',
      { ended: { how: 'failed', cause: 'setting', reason: '' }, ...turn },
      { code: 'PAWL_AGENT_SETTING_REFUSED' },
    );

  it('leaves no session to continue with: the agent had not been told its task', () => {
    expect(chosen([refused()])).toBeNull();
  });

  it('takes nothing from the session that was cut off before it', () => {
    const before = ended('interrupted', { session: 'before' });
    expect(chosen([before, refused({ session: 'before' })])).toMatchObject({ id: 'before', taskId: before.taskId });
    expect(chosen([ended('failed'), refused()])).toBeNull();
  });
});

describe('under another packet', () => {
  it('a turn that was cut off before that is not resumed, one that was cut off since is', () => {
    const before = ended('interrupted');
    const since = { ...ended('interrupted'), attempt: before.attempt + 1 };
    expect(chosen([before])).not.toBeNull();
    expect(chosen(underPacket([before], before))).toBeNull();
    expect(chosen(underPacket([before, since], before))?.taskId).toBe(since.taskId);
    expect(underPacket([before], null)).toEqual([before]);
  });

  it('the session of a writer whose work stays may still be resumed for a fix: it is told everything again', () => {
    const writer = ended('completed');
    const resumed = chosen(underPacket([writer], writer), { purpose: 'fix', epoch: 2, agent: FIXER });
    expect(resumed).toMatchObject({ why: 'writer', taskId: writer.taskId });
  });
});

describe('the next attempt', () => {
  it.each(TASK_RESULTS)('after a turn that was %s', (result) => {
    const expected = ['interrupted', 'limited', 'lost'].includes(result) ? 's-1' : undefined;
    expect(chosen([ended(result)])?.id).toBe(expected);
  });

  it('continues with the last session, and is told why and whose', () => {
    const tasks = [ended('interrupted', { session: 's-1' }), ended('limited', { session: 's-2' })];
    expect(chosen(tasks)).toEqual({ id: 's-2', taskId: tasks[1]?.taskId, why: 'cutOff', result: 'limited' });
  });

  it('is told of a turn that ended without an answer', () => {
    const code = 'PAWL_AGENT_NO_ANSWER';
    const unanswered = ended('interrupted', { ended: END('completed') }, { code });
    expect(chosen([unanswered])).toMatchObject({ id: 's-1', why: 'cutOff', isUnanswered: true });
    expect(chosen([unanswered, ended('interrupted', {}, { code: 'PAWL_WORKER_INTERRUPTED' })])).not.toHaveProperty(
      'isUnanswered',
    );
  });

  it('continues with one whose process was killed or crashed in its middle, not with one that its agent has ended', () => {
    for (const code of ['PAWL_WORKER_EXIT', 'PAWL_AGENT_FAILED']) {
      expect(chosen([ended('failed', { ended: null }, { code })])?.id).toBe('s-1');
      expect(chosen([ended('failed', { ended: END('interrupted') }, { code })])?.id).toBe('s-1');
      expect(chosen([ended('failed', { ended: END('failed') }, { code })])).toBeNull();
      expect(chosen([ended('failed', { ended: null, isSessionRefused: true }, { code })])).toBeNull();
    }
    expect(chosen([ended('failed', { ended: null }, { code: 'PAWL_AGENT_NO_END' })])).toBeNull();
    expect(chosen([ended('timedOut', { ended: null }, { code: 'PAWL_WORKER_STALLED' })])).toBeNull();
  });

  it('continues with one that had to stop for what a person has seen to since', () => {
    for (const code of ['PAWL_AGENT_ACCOUNT', 'PAWL_AGENT_DENIED', 'PAWL_AGENT_LOGIN', 'PAWL_BUDGET_EXCEEDED'])
      expect(chosen([ended('blocked', {}, { code })])?.id).toBe('s-1');
    expect(chosen([ended('blocked', {}, { code: 'PAWL_WORKER_BLOCKED' })])).toBeNull();
  });

  it('continues with what the agent said that it was, not with what was asked for', () => {
    expect(chosen([ended('interrupted', { askedSession: 's-1', session: 's-9' })])?.id).toBe('s-9');
  });

  it('skips a worker that never ran, and one that never printed anything', () => {
    expect(chosen([ended('interrupted'), ended('interrupted', null)])?.id).toBe('s-1');
    const silent = { session: null, askedSession: 's-2', lines: { all: 0, unknown: 0, malformed: 0, overlong: 0 } };
    expect(chosen([ended('interrupted'), ended('interrupted', silent)])?.id).toBe('s-1');
    expect(chosen([ended('interrupted', silent)])).toBeNull();
  });

  it('is fresh after a refusal, for ever after', () => {
    const refused = { isSessionRefused: true };
    expect(chosen([ended('interrupted'), ended('interrupted', refused)])).toBeNull();
    expect(chosen([ended('interrupted'), ended('interrupted', refused), ended('interrupted', null)])).toBeNull();
    const fresh = { session: 's-2', askedSession: 's-2' };
    expect(chosen([ended('interrupted'), ended('interrupted', refused), ended('limited', fresh)])?.id).toBe('s-2');
  });

  it('is fresh while the one before it has no end, and where a failure lies in between', () => {
    expect(chosen([ended('interrupted'), ended(null)])).toBeNull();
    expect(chosen([ended('interrupted'), ended('failed')])).toBeNull();
  });

  it('is fresh for an agent that cannot, may not, or is another', () => {
    const tasks = [ended('interrupted')];
    expect(chosen(tasks, { agent: { ...CODER, resumes: false } })).toBeNull();
    const capabilities = { ...CODER.capabilities, canResume: false };
    expect(chosen(tasks, { agent: { ...CODER, capabilities } })).toBeNull();
    expect(chosen(tasks, { name: 'other' })).toBeNull();
  });

  it('never continues with a session of another purpose or epoch', () => {
    const tasks = [ended('interrupted'), ended('interrupted', { session: 's-r' }, { purpose: 'review', epoch: 1 })];
    expect(chosen(tasks, { purpose: 'review', epoch: 2 })).toBeNull();
    expect(chosen(tasks, { purpose: 'verification', epoch: 1 })).toBeNull();
    expect(chosen(tasks, { purpose: 'review', epoch: 1 })?.id).toBe('s-r');
  });
});

describe('a fix', () => {
  const written = [ended('interrupted', { session: 's-0' }), ended('completed', { session: 's-1' })];
  const reviewed = ended('completed', { session: 's-r' }, { purpose: 'review', epoch: 1 });
  const fix = { purpose: 'fix', epoch: 1, agent: FIXER } as const;

  it('continues with the session of the last writer where that is configured, and only then', () => {
    expect(chosen([...written, reviewed], fix)).toMatchObject({ id: 's-1', why: 'writer', result: 'completed' });
    expect(chosen([...written, reviewed], { ...fix, agent: CODER })).toBeNull();
    const fixed = ended('completed', { session: 's-f' }, { purpose: 'fix', epoch: 1 });
    expect(chosen([...written, reviewed, fixed, reviewed], { ...fix, epoch: 2 })?.id).toBe('s-f');
  });

  it('whose own turn was cut off continues with that, and one that failed starts afresh', () => {
    const own = (result: TaskResult) => ended(result, { session: 's-f' }, { purpose: 'fix', epoch: 1 });
    expect(chosen([...written, reviewed, own('interrupted')], fix)).toMatchObject({ id: 's-f', why: 'cutOff' });
    expect(chosen([...written, reviewed, own('failed')], fix)).toBeNull();
  });

  it('does not take the session of a writer that was another agent', () => {
    expect(chosen([ended('completed', { agent: 'other' }), reviewed], fix)).toBeNull();
  });
});

it('a reviewer never continues with a session of a writer, nor a writer with a reviewer’s', () => {
  for (const result of TASK_RESULTS) {
    const writer = ended(result, { session: 's-w' });
    for (const purpose of ['review', 'verification'] as const) {
      expect(chosen([writer], { purpose, epoch: 1, agent: FIXER })).toBeNull();
      const judge = ended(result, { session: 's-j' }, { purpose, epoch: 1 });
      expect(chosen([writer, judge], { purpose: 'fix', epoch: 1, agent: FIXER })?.id).not.toBe('s-j');
    }
  }
});

describe('the tasks under another packet', () => {
  const last = { purpose: 'fix', epoch: 2, attempt: 3 } as const;
  const one = (changes: Partial<EndedTask>): EndedTask => ({ ...ended('interrupted'), ...last, ...changes });

  it('are those of another purpose, of another epoch, of a later attempt, and those that completed', () => {
    const kept = [
      one({ purpose: 'review' }),
      one({ epoch: 1 }),
      one({ epoch: 3 }),
      one({ attempt: 4 }),
      one({ result: 'completed' }),
    ];
    const dropped = [one({}), one({ attempt: 2 }), one({ result: null })];
    expect(underPacket([...kept, ...dropped], last)).toEqual(kept);
  });
});

describe('a session that cannot be resumed', () => {
  it('is one of a task that has not ended, one of no turn, and one that nothing was heard of', () => {
    const silent = { all: 0, unknown: 0, malformed: 0, overlong: 0 };
    expect(chosen([ended(null)])).toBeNull();
    expect(chosen([ended('failed', null, { code: 'PAWL_WORKER_EXIT' })])).toBeNull();
    expect(chosen([ended('interrupted', { session: null, lines: silent })])).toBeNull();
    expect(chosen([ended('interrupted', { session: null, lines: { ...silent, all: 1 } })])?.id).toBe('s-1');
  });

  it('is the writer’s, once a fix of the epoch has been tried, or where no writer has completed', () => {
    const fix = { purpose: 'fix', agent: FIXER } as const;
    expect(chosen([ended('completed')], fix)?.why).toBe('writer');
    expect(
      chosen(
        [
          ended('completed'),
          ended(
            'interrupted',
            { session: null, lines: { all: 0, unknown: 0, malformed: 0, overlong: 0 } },
            { purpose: 'fix' },
          ),
        ],
        fix,
      ),
    ).toBeNull();
    expect(chosen([ended('failed')], fix)).toBeNull();
    expect(chosen([], fix)).toBeNull();
    expect(chosen([ended('completed', {}, { purpose: 'review' })], fix)).toBeNull();
  });
});
