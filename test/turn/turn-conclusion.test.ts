/** What a turn means for its task: how it ended × exit × answer × denial × limit, every cell decided. */
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/model/request.ts';
import { type END_CAUSES, TURN_ENDS, type TurnReport } from '../../src/model/turn.ts';
import type { WorkerExit } from '../../src/ports/gate.ts';
import type { AnswerReading } from '../../src/turn/answer.ts';
import type { ForcedEnd } from '../../src/turn/conclusion.ts';
import { conclusionOf } from '../support/told-ends.ts';
import { reportOf } from '../support/turn-report.ts';

const ANSWER: Answer = {
  status: 'completed',
  summary: 'done',
  filesChanged: [],
  verdict: null,
  problem: null,
  commands: [],
};
const valid: AnswerReading = { kind: 'valid', answer: ANSWER };
const missing: AnswerReading = { kind: 'missing' };
const blocked: AnswerReading = { kind: 'valid', answer: { ...ANSWER, status: 'blocked' } };
const CLEAN: WorkerExit = { code: 0, signal: null };
const EXITS: Readonly<Record<string, WorkerExit | null>> = {
  clean: CLEAN,
  one: { code: 1, signal: null },
  killed: { code: null, signal: 'SIGKILL' },
  unseen: null,
};
const ended = (how: (typeof TURN_ENDS)[number], cause: (typeof END_CAUSES)[number] = 'other'): TurnReport['ended'] => ({
  how,
  cause,
  reason: 'the reason',
});

interface Given {
  readonly turn?: Partial<TurnReport>;
  readonly exit?: WorkerExit | null;
  readonly reading?: AnswerReading;
  readonly forced?: ForcedEnd;
  readonly obstacle?: string;
  readonly mayRemind?: boolean;
}
function concluded({ turn = {}, exit = CLEAN, reading = valid, forced, obstacle, mayRemind = false }: Given) {
  return conclusionOf({
    purpose: 'implementation',
    completion: 'file',
    exit,
    reading,
    forced: forced ?? null,
    orphanResult: 'lost',
    turn: reportOf(turn),
    mayRemind,
    ...(obstacle === undefined ? {} : { obstacle: { kind: 'said', words: obstacle } as const }),
  });
}
const told = (given: Given): string => {
  const { result, code } = concluded(given);
  return code === null ? result : `${result} ${code.replace(/^PAWL_(?:AGENT|WORKER)_/, '')}`;
};

/** Rows: how the turn ended. Columns: how the process exited, with a valid answer. */
const WITH_ANSWER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  completed: { clean: 'completed', one: 'completed', killed: 'completed', unseen: 'completed' },
  failed: { clean: 'failed FAILED', one: 'failed FAILED', killed: 'failed FAILED', unseen: 'failed FAILED' },
  interrupted: { clean: 'failed FAILED', one: 'failed FAILED', killed: 'failed FAILED', unseen: 'failed FAILED' },
  limit: {
    clean: 'failed TURN_LIMIT',
    one: 'failed TURN_LIMIT',
    killed: 'failed TURN_LIMIT',
    unseen: 'failed TURN_LIMIT',
  },
  noTerminalEvent: { clean: 'failed NO_END', one: 'failed EXIT', killed: 'failed EXIT', unseen: 'lost LOST' },
  none: { clean: 'failed NO_END', one: 'failed EXIT', killed: 'failed EXIT', unseen: 'lost LOST' },
};

describe('a turn is done only when all of it says so', () => {
  const cells = Object.entries(WITH_ANSWER).flatMap(([how, row]) =>
    Object.entries(row).map(([exit, expected]) => ({ how, exit, expected })),
  );
  it.each(cells)('ended $how, exit $exit, with an answer: $expected', ({ how, exit, expected }) => {
    const end = TURN_ENDS.find((one) => one === how);
    expect(told({ turn: { ended: end === undefined ? null : ended(end) }, exit: EXITS[exit] ?? null })).toBe(expected);
  });

  it('an answer that is not a success stays that, however the process of the complete turn ended', () => {
    for (const status of ['failed', 'blocked'] as const) {
      const reading: AnswerReading = { kind: 'valid', answer: { ...ANSWER, status } };
      for (const exit of Object.values(EXITS)) {
        expect(told({ reading, exit })).toBe(`${status} ${status.toUpperCase()}`);
      }
    }
  });

  it('without a valid answer nothing is completed', () => {
    for (const reading of [missing, { kind: 'invalid', reason: 'odd' } as const]) {
      for (const exit of Object.values(EXITS)) {
        for (const how of TURN_ENDS) expect(told({ turn: { ended: ended(how) }, exit, reading })).not.toBe('completed');
      }
    }
    expect(told({ reading: missing })).toBe('failed NO_COMPLETION');
    expect(told({ reading: { kind: 'invalid', reason: 'odd' } })).toBe('failed ANSWER_INVALID');
    expect(told({ reading: missing, exit: null })).toBe('lost LOST');
  });

  it('one that ended well is reminded where that may be, and only then', () => {
    const invalid = { kind: 'invalid', reason: 'odd' } as const;
    expect(told({ reading: missing, mayRemind: true })).toBe('interrupted NO_ANSWER');
    expect(concluded({ reading: invalid, mayRemind: true }).message).toBe(
      'The agent ended its turn with an answer that is not valid (odd); it is reminded once, in the same session.',
    );
    expect(told({ mayRemind: true })).toBe('completed');
    expect(told({ reading: missing, mayRemind: true, exit: { code: 1, signal: null } })).toBe('failed EXIT');
    expect(told({ reading: missing, mayRemind: true, exit: null })).toBe('lost LOST');
    expect(told({ reading: missing, mayRemind: true, turn: { ended: ended('failed') } })).toBe('failed FAILED');
    expect(told({ reading: missing, mayRemind: true, turn: { ended: null } })).toBe('failed NO_END');
  });
});

describe('what goes before exit and answer', () => {
  const denied = [{ tool: 'Bash', reason: 'no', isExpected: false }];
  const limited = { kind: 'usage', resetsAtMs: 1_000 } as const;

  it('is, in this order: a refused session, a login, a setting, a limit, a budget, a denial, the end', () => {
    const all = { isSessionRefused: true, limited, denials: denied };
    const steps: [Partial<TurnReport>, string][] = [
      [{ ...all, ended: ended('failed', 'login') }, 'interrupted SESSION_REFUSED'],
      [{ ...all, isSessionRefused: false, ended: ended('failed', 'login') }, 'blocked LOGIN'],
      [{ ...all, isSessionRefused: false, ended: ended('failed', 'setting') }, 'blocked SETTING_REFUSED'],
      [{ ...all, isSessionRefused: false, ended: ended('limit', 'budget') }, 'limited LIMITED'],
      [{ denials: denied, ended: ended('limit', 'budget') }, 'blocked PAWL_BUDGET_EXCEEDED'],
      [{ denials: denied, ended: ended('failed') }, 'blocked DENIED'],
      [{ ended: ended('failed') }, 'failed FAILED'],
    ];
    for (const [turn, expected] of steps) {
      for (const exit of Object.values(EXITS)) {
        for (const reading of [blocked, missing]) expect(told({ turn, exit, reading })).toBe(expected);
      }
    }
  });

  it('a denial that the operator expects changes nothing; one that nobody expects is named with its reason', () => {
    const expected = { tool: 'WebFetch', reason: '', isExpected: true };
    expect(told({ turn: { denials: [expected] }, reading: missing })).toBe('failed NO_COMPLETION');
    const { message } = concluded({ turn: { denials: [expected, ...denied, ...denied] }, reading: missing });
    expect(message).toBe('The agent was denied what it asked for: Bash (no).');
  });

  it('a denial is not in the way of an agent that is done without', () => {
    expect(told({ turn: { denials: denied } })).toBe('completed');
    for (const status of ['blocked', 'failed'] as const)
      expect(told({ turn: { denials: denied }, reading: { kind: 'valid', answer: { ...ANSWER, status } } })).toBe(
        'blocked DENIED',
      );
    expect(told({ turn: { denials: denied }, reading: { kind: 'invalid', reason: 'odd' } })).toBe('blocked DENIED');
  });

  it('a denied read never blocks, and neither does an attempt to commit', () => {
    const harmless = [
      { tool: 'Bash', reason: 'no', isExpected: false, what: 'cat /etc/hosts', kind: 'look' },
      { tool: 'Bash', reason: 'no', isExpected: false, what: 'git commit -m x', kind: 'commit' },
    ] as const;
    expect(told({ turn: { denials: harmless } })).toBe('completed');
    expect(told({ turn: { denials: harmless }, reading: missing })).toBe('failed NO_COMPLETION');
    expect(told({ turn: { denials: harmless }, reading: blocked })).toBe('blocked BLOCKED');
  });

  it('all that was denied is named, each once and briefly', () => {
    const use = (what: string) => ({ tool: 'bash', reason: 'a rule of 2 KB', isExpected: false, what });
    const denials = [use('git push'), use('git  push'), use(`curl ${'x'.repeat(200)}`), ...denied];
    const { message } = concluded({ turn: { denials }, reading: missing });
    expect(message).toBe(
      `The agent was denied what it asked for: bash(git push), bash(curl ${'x'.repeat(74)}…), Bash.`,
    );
  });

  it('says until when, which session, how much', () => {
    expect(concluded({ turn: { limited } }).message).toContain('until 1970-01-01T00:00:01.000Z');
    expect(concluded({ turn: { isSessionRefused: true, askedSession: 's-9' } }).message).toContain('s-9');
    const usage = { scope: 'session', tokens: 120, usd: 0.0242 } as const;
    expect(concluded({ turn: { ended: ended('limit', 'budget'), usage } }).message).toContain(
      '$0.0242 and 120 tokens. It said: the reason',
    );
  });
});

/** Columns: a complete turn with an answer whose worker Pawl then ended, by what was seen of its exit. */
const FORCED: Readonly<Record<ForcedEnd, readonly [seen: string, unseen: string]>> = {
  deadline: ['completed', 'completed'],
  stalled: ['completed', 'completed'],
  hung: ['completed', 'completed'],
  interrupted: ['completed', 'interrupted INTERRUPTED'],
  cancelled: ['cancelled CANCELLED', 'cancelled CANCELLED'],
  operator: ['interrupted INTERRUPTED', 'interrupted INTERRUPTED'],
  outputLimit: ['failed OUTPUT_LIMIT', 'failed OUTPUT_LIMIT'],
  budget: ['blocked PAWL_BUDGET_EXCEEDED', 'blocked PAWL_BUDGET_EXCEEDED'],
  noEvent: ['timedOut NO_EVENT', 'timedOut NO_EVENT'],
  unreadable: ['failed UNREADABLE', 'failed UNREADABLE'],
  exhausted: ['blocked PAWL_HOST_STARTS_EXHAUSTED', 'blocked PAWL_HOST_STARTS_EXHAUSTED'],
  notStarted: ['blocked START_FAILED', 'blocked START_FAILED'],
};

describe('a complete turn with an answer, ended by Pawl on its way out', () => {
  it.each(Object.entries(FORCED))('%s: %j', (name, [seen, unseen]) => {
    const forced = name as ForcedEnd;
    for (const exit of [CLEAN, EXITS.one, EXITS.killed]) expect(told({ forced, exit: exit ?? null })).toBe(seen);
    expect(told({ forced, exit: null })).toBe(unseen);
  });

  it('is not completed by that where the turn or its answer says otherwise', () => {
    for (const forced of ['deadline', 'stalled', 'hung', 'interrupted'] as const) {
      const own = told({ forced, turn: { ended: null } });
      expect(own).not.toBe('completed');
      expect(told({ forced, reading: missing })).toBe(own);
      expect(told({ forced, reading: { kind: 'invalid', reason: 'odd' } })).toBe(own);
      for (const how of TURN_ENDS) {
        if (how !== 'completed') expect(told({ forced, turn: { ended: ended(how) } })).toBe(own);
      }
      const denials = [{ tool: 'Bash', reason: 'no', isExpected: false }];
      // It says that its work is done without.
      expect(told({ forced, turn: { denials } })).toBe('completed');
    }
  });
});

describe('an end from outside', () => {
  it('decides before anything that the turn says, but that something has kept it from its model', () => {
    const said = {
      isSessionRefused: true,
      limited: { kind: 'rate', resetsAtMs: null },
      ended: ended('completed'),
    } as const;
    const free = { ...said, limited: null };
    for (const forced of ['noEvent', 'stalled', 'deadline'] as const) {
      // A complete turn with its answer is told above.
      expect(told({ turn: { ...free, ended: null }, forced })).toMatch(/^timedOut /);
      expect(told({ turn: { ...said, ended: null }, forced })).toBe('limited LIMITED');
    }
    expect(told({ turn: said, forced: 'unreadable', obstacle: 'it threw' })).toBe('failed UNREADABLE');
    expect(told({ turn: said, forced: 'cancelled' })).toBe('cancelled CANCELLED');
    const budget = concluded({ turn: said, forced: 'budget', obstacle: 'this turn has used $1 of $1' });
    expect(budget).toMatchObject({ result: 'blocked', code: 'PAWL_BUDGET_EXCEEDED', answer: ANSWER });
    expect(budget.message).toContain('Reason: this turn has used $1 of $1.');
  });
});

describe('the sentence', () => {
  const unsaid = (how: (typeof TURN_ENDS)[number], cause: (typeof END_CAUSES)[number] = 'other') => ({
    ended: { how, cause, reason: '' },
  });
  const END_OF_SETTING = { how: 'failed', cause: 'setting' } as const;
  const denials = [
    { tool: 'Bash', reason: '', isExpected: false },
    { tool: 'Edit', reason: 'no', isExpected: false },
  ];
  const sentences: readonly (readonly [string, Given])[] = [
    [
      'The agent refused to resume s-1; the next attempt begins a fresh session. It said: the reason',
      { turn: { isSessionRefused: true, ended: ended('failed', 'sessionUnknown') } },
    ],
    [
      'The agent refused to resume the session; the next attempt begins a fresh session.',
      { turn: { isSessionRefused: true, askedSession: null, ended: null } },
    ],
    [
      'The agent is not logged in, or its key was rejected. It said: the reason',
      { turn: { ended: ended('failed', 'login') } },
    ],
    ['The agent is not logged in, or its key was rejected.', { turn: unsaid('failed', 'login') }],
    [
      'The agent refused a setting (model). It said: unknown model x',
      { turn: { ended: { ...END_OF_SETTING, reason: 'unknown model x' } } },
    ],
    [
      'The agent refused a setting (it does not say which). It said: no',
      { turn: { ended: { ...END_OF_SETTING, reason: 'no' } } },
    ],
    [
      'The agent has used up its usage window until 1970-01-01T00:00:01.000Z.',
      { turn: { limited: { kind: 'usage', resetsAtMs: 1_000 }, ended: null } },
    ],
    [
      "The agent's model, or the service behind it, is overloaded.",
      { turn: { limited: { kind: 'capacity', resetsAtMs: null }, ended: null } },
    ],
    [
      'The agent could not reach its model. It said: the reason',
      { turn: { limited: { kind: 'connection', resetsAtMs: null }, ended: ended('limit') } },
    ],
    [
      "The provider no longer serves the agent's account. It said: the reason",
      { turn: { ended: ended('failed', 'account') } },
    ],
    ['The agent is being rate-limited.', { turn: { limited: { kind: 'rate', resetsAtMs: null }, ended: null } }],
    [
      'The agent ended its turn because its budget was reached. It said: the reason',
      { turn: { ended: ended('limit', 'budget') } },
    ],
    [
      'The agent ended its turn because its budget was reached. It reports $0.0000 and 7 tokens.',
      { turn: { ...unsaid('limit', 'budget'), usage: { scope: 'step', tokens: 7, usd: null } } },
    ],
    ['The agent was denied what it asked for: Bash, Edit.', { turn: { denials }, reading: missing }],
    ['The agent ended its turn with an error. It said: the reason', { turn: { ended: ended('failed') } }],
    ["The agent's turn was interrupted from outside.", { turn: unsaid('interrupted') }],
    [
      'The agent reached one of its own limits before it was done. It said: the reason',
      { turn: { ended: ended('limit') } },
    ],
    [
      'The agent exited with code 0 without reporting the end of its turn; an answer alone does not count.',
      { turn: { ended: null } },
    ],
    [
      'The agent exited with code 0 without reporting the end of its turn and left no answer. It said: the reason',
      { turn: { ended: ended('noTerminalEvent') }, reading: missing },
    ],
  ];
  it.each(sentences)('"%s"', (sentence, given) => {
    expect(concluded(given).message).toBe(sentence);
  });
});
