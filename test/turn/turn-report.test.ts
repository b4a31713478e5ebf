/** What is kept of a turn: bounded, without the agent's words, and charged with no less than it used. */
import { describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../src/model/agent-event.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import type { TurnRequest } from '../../src/model/turn.ts';
import { turnReportSchema } from '../../src/model/turn-schema.ts';
import { foldEvent, SILENT_TURN, type Turn } from '../../src/turn/turn.ts';
import { isOverBudget, type ReportedTurn, reportTurn, usedSoFar } from '../../src/turn/turn-report.ts';
import { TURN_REQUEST } from '../support/turn-request.ts';

const REQUEST: TurnRequest = { ...TURN_REQUEST, prompt: 'x'.repeat(3_000), expectedDenials: ['WebFetch'] };
const turnOf = (...events: readonly AgentEvent[]): Turn => events.reduce(foldEvent, SILENT_TURN);
const started = (sessionId: string | null): AgentEvent => ({
  type: 'started',
  sessionId,
  model: 'm',
  cliVersion: null,
  permissionMode: 'acceptEdits',
});
const used = (
  scope: 'step' | 'turn' | 'session' | 'process',
  tokens: number,
  usd: number | null = null,
): AgentEvent => ({
  type: 'usage',
  scope,
  id: null,
  inputTokens: tokens,
  outputTokens: 0,
  usd,
});
const ended = (cause: 'other' | 'sessionUnknown' | 'sessionBusy' = 'other'): AgentEvent => ({
  type: 'ended',
  how: cause === 'other' ? 'completed' : 'failed',
  cause,
  reason: 'why',
});
const tool: AgentEvent = { type: 'toolStarted', id: 't', name: 'Bash' };
const report = (turn: Turn, more: Partial<ReportedTurn> = {}) =>
  reportTurn({
    turn,
    request: REQUEST,
    agent: 'coder',
    capabilities: { usage: 'usd' },
    answerFrom: null,
    hasRun: true,
    ...more,
  });

describe('a session', () => {
  it('that is another than the one asked for is a mismatch with both ids, and no other is', () => {
    expect(report(turnOf(started('s-2'))).sessionMismatch).toEqual({ asked: 's-1', got: 's-2' });
    expect(report(turnOf(started('s-1'))).sessionMismatch).toBeNull();
    expect(report(turnOf(started(null)))).toMatchObject({ session: null, askedSession: 's-1', sessionMismatch: null });
    const request = { ...REQUEST, session: { id: null, isResume: false } };
    expect(report(turnOf(started('s-9')), { request })).toMatchObject({ session: 's-9', sessionMismatch: null });
  });

  it.each([
    '123e4567-e89b-42d3-a456-426614174000',
    '019a3b7c-1d2e-7f30-8a4b-5c6d7e8f9a0b',
    'ses_5f3a9c1e2ffeB7kXq0Zr8TnYwL',
    'session_01JD8Z5K3M7Q9R2T4V6X8Y0ZAB',
  ])('has its id kept as it is, so that it can be gone on with: %s', (id) => {
    expect(report(turnOf(started(id))).session).toBe(id);
  });

  it('is refused when it is unknown or busy', () => {
    expect(report(turnOf(ended('sessionUnknown'))).isSessionRefused).toBe(true);
    expect(report(turnOf(ended('sessionBusy'))).isSessionRefused).toBe(true);
    expect(report(turnOf(ended())).isSessionRefused).toBe(false);
  });
});

it('a setting is refused at the start of a turn: like words after a tool are about something else', () => {
  const refused: AgentEvent = { type: 'ended', how: 'failed', cause: 'setting', reason: 'unknown model x' };
  const replaced: AgentEvent = { ...refused, reason: 'agent "x" not found. Falling back to default agent' };
  expect(report(turnOf(refused)).ended?.cause).toBe('setting');
  expect(report(turnOf(tool, refused)).ended?.cause).toBe('other');
  expect(report(turnOf(tool, replaced)).ended?.cause).toBe('setting');
});

describe('what a turn is charged with', () => {
  it('is its widest report; steps only where the turn has ended', () => {
    const all = turnOf(
      started('s-1'),
      used('step', 5, 0.1),
      used('process', 6),
      used('turn', 7),
      used('session', 8, 0.4),
      ended(),
    );
    expect(report(all).usage).toMatchObject({ scope: 'session', tokens: 8, usd: 0.4 });
    expect(report(all).usage).not.toHaveProperty('estimated');
    expect(report(turnOf(used('step', 5, 0.1), used('step', 5, 0.1), ended())).usage).toMatchObject({
      scope: 'step',
      tokens: 10,
      usd: 0.2,
    });
  });

  it('counts the steps of a turn that continued after its total and was cut off', () => {
    const turn = turnOf(started('s-1'), used('step', 100), used('session', 1_100, 1), ended(), tool, used('step', 300));
    const request = { ...REQUEST, usedBefore: { tokens: 1_000, usd: 0.9 } };
    // Its tool is under way: no call is.
    expect(report(turn, { request }).usage).toMatchObject({
      scope: 'session',
      tokens: 1_400,
      usd: 1,
      estimated: { tokens: 0, usd: 0 },
    });
    expect(usedSoFar(turn, request).tokens).toBe(400);
  });

  it('is an estimate where it was cut off, never less than its steps, more with every call', () => {
    const one = report(turnOf(started('s-1'))).usage;
    const two = report(turnOf(started('s-1'), tool)).usage;
    expect(one?.scope).toBe('estimate');
    expect(one?.tokens).toBeGreaterThan(1_000 + BOUNDS.systemPromptTokens);
    expect(two?.tokens).toBeGreaterThan(one?.tokens ?? 0);
    const steps = report(turnOf(started('s-1'), used('step', 5_000_000, 60))).usage;
    expect(steps?.tokens).toBeGreaterThan(5_000_000);
    expect(steps?.usd).toBeGreaterThanOrEqual(60);
  });

  it('is in the units that its agent has, and nothing where it never ran or reports nothing', () => {
    expect(report(turnOf(started('s-1')), { capabilities: { usage: 'tokens' } }).usage).toMatchObject({ usd: null });
    expect(report(turnOf(started('s-1')), { capabilities: { usage: 'none' } }).usage).toBeNull();
    expect(report(turnOf(started('s-1')), { hasRun: false }).usage).toBeNull();
  });
});

describe('a budget during a turn', () => {
  const withBudget = (tokens: number | null, usd: number | null, before = 0): TurnRequest => ({
    ...REQUEST,
    budget: { tokens, usd },
    usedBefore: { tokens: before, usd: before / 1_000 },
  });

  it('counts what the turn itself has used: of a session total, what goes beyond the earlier turns', () => {
    const turn = turnOf(used('session', 1_500, 1.5));
    expect(usedSoFar(turn, withBudget(null, null, 1_000))).toEqual({ tokens: 500, usd: 0.5 });
    expect(isOverBudget(turn, withBudget(501, null, 1_000))).toBe(false);
    expect(isOverBudget(turn, withBudget(500, null, 1_000))).toBe(true);
    expect(isOverBudget(turn, withBudget(null, 0.5, 1_000))).toBe(true);
    expect(usedSoFar(turnOf(used('step', 200)), withBudget(null, null, 1_000)).tokens).toBe(200);
    expect(usedSoFar(SILENT_TURN, withBudget(1, 1))).toEqual({ tokens: 0, usd: 0 });
    expect(isOverBudget(turn, undefined)).toBe(false);
  });
});

describe('what is kept', () => {
  it('distinguishes expected denials from others, a rule for a tool included', () => {
    const denied = (name: string): AgentEvent => ({ type: 'denied', tool: name, reason: 'no' });
    const { denials } = report(
      turnOf(denied('WebFetch'), denied('WebFetch(a.b)'), denied('WebFetcher'), denied('Bash')),
    );
    expect(denials.map(({ isExpected }) => isExpected)).toEqual([true, true, false, false]);
    const request = { ...REQUEST, expectedDenials: ['*'] };
    expect(report(turnOf(denied('Bash')), { request }).denials[0]?.isExpected).toBe(true);
  });

  it('holds no limit that the agent has got over', () => {
    const limited: AgentEvent = { type: 'limited', kind: 'rate', resetsAtMs: 5 };
    expect(report(turnOf(limited)).limited).toEqual({ kind: 'rate', resetsAtMs: 5 });
    expect(report(turnOf(limited, ended())).limited).toBeNull();
  });

  it('is small enough for a journal, whatever the agent says, and holds no message of it', () => {
    const long = 'word '.repeat(400_000);
    const denials = Array.from(
      { length: 30 },
      (_, n): AgentEvent => ({ type: 'denied', tool: `${n}${long}`, reason: long }),
    );
    const turn = turnOf(
      { type: 'started', sessionId: long, model: long, cliVersion: long, permissionMode: long },
      { type: 'text', text: 'the very words of the agent', isDelta: false },
      ...denials,
      { type: 'ended', how: 'failed', cause: 'other', reason: long },
    );
    const kept = report(turn);
    const json = JSON.stringify(kept);
    expect(json.length).toBeLessThan(20_000);
    expect(json).not.toContain('the very words');
    expect(turnReportSchema.parse(kept)).toEqual(kept);
  });

  it('knows the version that was probed where the agent does not tell one', () => {
    expect(report(SILENT_TURN).cliVersion).toBe('2.0.0');
  });
});

describe('an estimate', () => {
  const request = { ...REQUEST, prompt: 'x'.repeat(300) };
  const estimated = (...events: readonly AgentEvent[]) => report(turnOf(...events), { request }).usage;
  const said: AgentEvent = { type: 'text', text: 'y'.repeat(600), isDelta: false };

  it('is one reading for each call of all that was seen before it, and what was written', () => {
    // 300 characters asked and 600 said, at three a token; the system prompt; a thousand tokens for the one call.
    const read = 100 + 200 + BOUNDS.systemPromptTokens;
    const one = read + 200 + 1_000;
    const usd = (read / 1_000_000) * 5 + (1_200 / 1_000_000) * 25;
    expect(estimated(started('s-1'), said)).toEqual({
      scope: 'estimate',
      tokens: one,
      usd,
      outputTokens: 1_200,
      contextTokens: read,
      estimated: { tokens: one, usd, assumedUsdPerMillion: 5 },
    });
    const two = 2 * read + 200 + 2_000;
    expect(estimated(started('s-1'), said, tool)).toMatchObject({ tokens: two });
  });

  it('is nothing where nothing was heard, and one call beyond its steps where there are any', () => {
    expect(estimated()).toMatchObject({ scope: 'estimate', tokens: 0, usd: 0 });
    // The next call reads what this one did, at its price, and writes a hundred tokens that cost five times as much.
    const stepped = estimated(started('s-1'), used('step', 500_000, 9));
    expect(stepped).toMatchObject({ scope: 'estimate', tokens: 1_000_100, estimated: { tokens: 500_100 } });
    expect(stepped?.usd).toBeCloseTo(9 + 9 * (500_500 / 500_000));
    expect(estimated(started('s-1'), used('step', 500_000))?.usd).toBeCloseTo(2.5 + 2.5025);
  });

  it('is not made of a turn that ended by itself with neither a step nor a tool: its calls were refused', () => {
    expect(estimated(started('s-1'), ended())).toBeNull();
    expect(estimated(started('s-1'), tool, ended())?.scope).toBe('estimate');
    expect(estimated(started('s-1'))?.scope).toBe('estimate');
  });
});

describe('what a turn has used so far', () => {
  it('counts input and output of its report, and takes off only what a session total includes', () => {
    const usage: AgentEvent = {
      type: 'usage',
      scope: 'turn',
      id: null,
      inputTokens: 700,
      outputTokens: 300,
      usd: 2,
    };
    const request = { ...REQUEST, usedBefore: { tokens: 400, usd: 1 } };
    expect(usedSoFar(turnOf(usage), request)).toEqual({ tokens: 1_000, usd: 2 });
    expect(usedSoFar(turnOf({ ...usage, scope: 'session' }), request)).toEqual({ tokens: 600, usd: 1 });
    const tokens = (...events: readonly AgentEvent[]) => report(turnOf(...events, ended()), { request }).usage?.tokens;
    expect(tokens(usage, used('step', 900))).toBe(1_000);
    expect(tokens({ ...usage, scope: 'session' }, used('step', 900))).toBe(1_300);
  });

  it('is over a budget of tokens or of dollars, each by itself', () => {
    const turn = turnOf(used('turn', 100, 1));
    const over = (tokens: number | null, usd: number | null): boolean =>
      isOverBudget(turn, { ...REQUEST, budget: { tokens, usd } });
    expect([over(null, null), over(101, 1.1), over(100, null), over(null, 1), over(101, 1), over(100, 2)]).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
  });
});

it('a report names nothing that the agent left empty, and keeps a long reason whole up to its bound', () => {
  const turn = turnOf(
    { type: 'started', sessionId: '', model: '', cliVersion: '', permissionMode: '' },
    { type: 'ended', how: 'failed', cause: 'other', reason: 'word '.repeat(1_000) },
  );
  expect(report(turn)).toMatchObject({ session: null, model: null, cliVersion: '2.0.0', permissionMode: null });
  const { length = 0 } = report(turn).ended?.reason ?? {};
  expect(length).toBeLessThanOrEqual(BOUNDS.summaryChars / 2);
  expect(length).toBeGreaterThan(BOUNDS.summaryChars / 2 - 10);
  const expected = { ...REQUEST, expectedDenials: ['Read', 'Bash'] };
  expect(
    report(turnOf({ type: 'denied', tool: 'Bash', reason: '' }), { request: expected }).denials[0]?.isExpected,
  ).toBe(true);
});
