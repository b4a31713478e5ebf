/** What a turn has come to: the same for everybody who reads it, bounded, and ended only where it has ended. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claude } from '../../src/adapters/agents/claude.ts';
import type { AgentEvent } from '../../src/model/agent-event.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { TURN_ENDS } from '../../src/model/turn.ts';
import { FIRST_LINE, readLines } from '../../src/turn/agent-lines.ts';
import { foldEvent, foldLines, SILENT_TURN, type Turn } from '../../src/turn/turn.ts';
import { seeded } from '../properties/seed.ts';
import { cpuMsOf } from '../support/cpu-time.ts';

const id = fc.constantFrom('t0', 't1', 't2', '__proto__');
const word = fc.string({ maxLength: 8 });
const count = fc.nat(1_000);
const event: fc.Arbitrary<AgentEvent> = fc.oneof(
  fc.record({
    type: fc.constant('started' as const),
    sessionId: fc.option(word),
    model: fc.option(word),
    cliVersion: fc.option(word),
    permissionMode: fc.option(word),
  }),
  fc.record({ type: fc.constant('text' as const), text: word, isDelta: fc.boolean() }),
  fc.record({ type: fc.constant('toolStarted' as const), id, name: word }),
  fc.record({
    type: fc.constant('toolFinished' as const),
    id,
    name: fc.option(word),
    isError: fc.boolean(),
    exitCode: fc.option(count),
  }),
  fc.record({ type: fc.constant('denied' as const), tool: id, reason: word }),
  fc.record({
    type: fc.constant('retrying' as const),
    attempt: fc.option(count),
    status: fc.option(count),
    delayMs: fc.option(count),
  }),
  fc.record({
    type: fc.constant('limited' as const),
    kind: fc.constantFrom('usage' as const, 'rate' as const),
    resetsAtMs: fc.option(count),
  }),
  fc.record({
    type: fc.constant('usage' as const),
    scope: fc.constantFrom('step' as const, 'turn' as const, 'session' as const, 'process' as const),
    id: fc.option(id),
    inputTokens: count,
    outputTokens: count,
    usd: fc.option(count),
  }),
  fc.record({ type: fc.constant('noted' as const) }),
  fc.record({
    type: fc.constant('ended' as const),
    how: fc.constantFrom(...TURN_ENDS),
    cause: fc.constant('other' as const),
    reason: word,
  }),
);
const foldAll = (events: readonly AgentEvent[], from: Turn = SILENT_TURN): Turn => events.reduce(foldEvent, from);
const ended = (how: (typeof TURN_ENDS)[number]): AgentEvent => ({ type: 'ended', how, cause: 'other', reason: how });
const text = (words: string, isDelta = false): AgentEvent => ({ type: 'text', text: words, isDelta });
const step = (name: string | null, inputTokens: number, usd: number | null = null): AgentEvent => ({
  type: 'usage',
  scope: 'step',
  id: name,
  inputTokens,
  outputTokens: 1,
  usd,
});

describe('folding', () => {
  it('in pieces, the turn written down in between, is folding whole, and changes nothing that it was given', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), fc.nat(30), (events, cut) => {
        const whole = foldAll(events);
        const first = foldAll(events.slice(0, cut));
        const kept = structuredClone(first);
        expect(foldAll(events.slice(cut), kept)).toEqual(whole);
        expect(kept).toEqual(first);
        expect(whole.events).toBe(events.length);
      }),
      seeded(300),
    );
  });

  it('keeps its bounds, whatever is said', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const turn = foldAll(events);
        expect(turn.denials.length).toBeLessThanOrEqual(BOUNDS.denials);
        expect(turn.toolCalls).toBeLessThanOrEqual(events.length);
        for (const usage of Object.values(turn.usage)) expect(usage?.inputTokens ?? 0).toBeGreaterThanOrEqual(0);
      }),
      seeded(100),
    );
    const many = Array.from({ length: BOUNDS.stepsKnown + 50 }, (_, n) => n);
    const tools = foldAll(many.map((n) => ({ type: 'toolStarted', id: `t${n}`, name: 'x'.repeat(1_000) })));
    expect(Object.keys(tools.openTools)).toHaveLength(BOUNDS.openTools);
    expect(tools.openTools.t0).toHaveLength(200);
    const denials = foldAll(many.map((n) => ({ type: 'denied', tool: `t${n}`, reason: '' })));
    expect(denials.denials).toHaveLength(BOUNDS.denials);
    expect(foldAll(many.map((n) => step(`s${n}`, 1))).countedSteps).toHaveLength(BOUNDS.stepsKnown);
  });

  it('of a message in many pieces keeps its end, and costs no more than its pieces', () => {
    const piece = 'x'.repeat(1_024);
    let turn = SILENT_TURN;
    const tookMs = cpuMsOf(() => {
      turn = foldAll([...Array.from({ length: 8_000 }, () => text(piece, true)), text('the end', true)]);
    });
    expect(turn.lastText.length).toBeLessThanOrEqual(2 * BOUNDS.answerBytes);
    expect(turn.lastText.length).toBeGreaterThanOrEqual(BOUNDS.answerBytes);
    expect(turn.lastText.endsWith('xthe end')).toBe(true);
    expect(turn.textChars).toBe(8_000 * 1_024 + 7);
    expect(tookMs).toBeLessThan(1_500);
  });

  it('counts lines by what they are', () => {
    const { lines } = readLines(FIRST_LINE, Buffer.from('{"type":"keep_alive"}\n\n{"type":"new"}\nwords\n7\n'));
    const turn = foldLines(SILENT_TURN, lines, (line) => claude.read(line));
    expect(turn.lines).toEqual({ all: 4, unknown: 2, malformed: 1, overlong: 0 });
    expect(turn.events).toBe(1);
  });

  it('throws what an adapter throws', () => {
    const { lines } = readLines(FIRST_LINE, Buffer.from('{}\n'));
    const broken = () => {
      throw new Error('broken');
    };
    expect(() => foldLines(SILENT_TURN, lines, broken)).toThrow('broken');
  });
});

describe('one event', () => {
  const started = (word: string | null): AgentEvent => ({
    type: 'started',
    sessionId: word,
    model: word,
    cliVersion: word,
    permissionMode: word,
  });

  it('of a start adds to what is known, and takes nothing of it back', () => {
    const known = { session: 'a', model: 'a', cliVersion: 'a', permissionMode: 'a' };
    expect(foldAll([started('a')])).toMatchObject(known);
    expect(foldAll([started('a'), started(null)])).toMatchObject(known);
    expect(foldAll([started('a'), started('b')])).toMatchObject({ session: 'b', model: 'b', permissionMode: 'b' });
  });

  it('of a retry holds the announced wait until the agent continues', () => {
    const retry = (delayMs: number | null): AgentEvent => ({ type: 'retrying', attempt: 1, status: 529, delayMs });
    expect(foldAll([retry(700)]).retryDelayMs).toBe(700);
    expect(foldAll([retry(null)]).retryDelayMs).toBe(0);
    expect(foldAll([retry(700), text('on')]).retryDelayMs).toBeNull();
  });

  it('of an answer holds it, whatever comes after', () => {
    expect(foldAll([{ type: 'answer', value: { a: 1 } }, text('on')]).answer).toEqual({ a: 1 });
    expect(SILENT_TURN.answer).toBeUndefined();
  });

  it('of a tool that ends closes that one, counts it once, and ends a message in pieces', () => {
    const start = (id: string): AgentEvent => ({ type: 'toolStarted', id, name: id });
    const end = (id: string): AgentEvent => ({ type: 'toolFinished', id, name: null, isError: false, exitCode: 0 });
    expect(foldAll([start('a'), start('b'), end('a')])).toMatchObject({ openTools: { b: 'b' }, toolCalls: 2 });
    expect(foldAll([start('a'), text('x', true), end('a'), text('y', true)]).lastText).toBe('y');
    expect(foldAll([text('x', true), end('unknown'), text('y', true)]).lastText).toBe('y');
  });

  it('of a denial replaces the words of that tool alone', () => {
    const denied = (tool: string, reason: string): AgentEvent => ({ type: 'denied', tool, reason });
    expect(foldAll([denied('A', '1'), denied('B', '2'), denied('A', '3')]).denials).toEqual([
      { tool: 'A', reason: '3' },
      { tool: 'B', reason: '2' },
    ]);
  });

  it('of use is booked as far as it can be: nothing below 0, nothing above the bounds', () => {
    const booked = (inputTokens: number, usd: number | null): { inputTokens?: number; usd?: number | null } | null =>
      foldAll([{ type: 'usage', scope: 'turn', id: null, inputTokens, outputTokens: 0, usd }]).usage.turn;
    expect(booked(-5, 0)).toMatchObject({ inputTokens: 0, usd: 0 });
    expect(booked(Number.NaN, -1)).toMatchObject({ inputTokens: 0, usd: null });
    expect(booked(10 ** 15, BOUNDS.usdReported)).toMatchObject({
      inputTokens: BOUNDS.tokensReported,
      usd: BOUNDS.usdReported,
    });
    expect(booked(1, BOUNDS.usdReported + 1)).toMatchObject({ usd: null });
    expect(booked(1, null)).toMatchObject({ usd: null });
  });

  it('of steps adds up dollars where any step tells them', () => {
    expect(foldAll([step('a', 1), step('b', 1)]).usage.step).toMatchObject({ scope: 'step', id: null, usd: null });
    expect(foldAll([step('a', 1, 0.5), step('b', 1)]).usage.step?.usd).toBe(0.5);
    expect(foldAll([step('a', 1), step('b', 1, 0.25)]).usage.step?.usd).toBe(0.25);
    expect(foldAll([step(null, 1), step('a', 1)]).countedSteps).toEqual(['a']);
  });

  it('of an end beside another failure leaves the last of them', () => {
    expect(foldAll([ended('failed'), ended('limit')]).ended?.how).toBe('limit');
    expect(foldAll([ended('completed'), ended('completed')]).ended?.how).toBe('completed');
  });
});

describe('the end of a turn', () => {
  it('is not an end when the agent continues', () => {
    expect(foldAll([ended('completed'), text('more')]).ended).toBeNull();
    expect(foldAll([ended('failed'), { type: 'toolStarted', id: 't', name: 'x' }]).ended).toBeNull();
    expect(foldAll([ended('completed'), { type: 'noted' }]).ended?.how).toBe('completed');
  });

  it('that was no success is not taken back by a later success', () => {
    for (const how of ['failed', 'interrupted', 'limit'] as const) {
      expect(foldAll([ended(how), ended('completed')]).ended?.how).toBe(how);
      expect(foldAll([ended('completed'), ended(how)]).ended?.how).toBe(how);
      expect(foldAll([ended(how), text('on'), ended('completed')]).ended?.how).toBe('completed');
    }
  });

  it('closes its tools; a tool that only ends was a call too', () => {
    const open = foldAll([{ type: 'toolStarted', id: 't', name: 'x' }]);
    expect(open.openTools).toEqual({ t: 'x' });
    expect(foldEvent(open, ended('completed')).openTools).toEqual({});
    const finished: AgentEvent = { type: 'toolFinished', id: 'u', name: null, isError: false, exitCode: null };
    expect(foldEvent(open, finished)).toMatchObject({ openTools: { t: 'x' }, toolCalls: 2 });
  });
});

describe('what is said twice', () => {
  it('counts once: steps by their id, denials by their tool', () => {
    const turn = foldAll([step('a', 5, 0.5), step('a', 5, 0.5), step('b', 2), step(null, 1), step(null, 1)]);
    expect(turn.usage.step).toMatchObject({ inputTokens: 9, outputTokens: 4, usd: 0.5 });
    const denied = (reason: string): AgentEvent => ({ type: 'denied', tool: 'Bash', reason });
    expect(foldAll([denied('rule'), denied('in full')]).denials).toEqual([{ tool: 'Bash', reason: 'in full' }]);
  });

  it('of a limit adds to what is known of it, and continuing makes it past', () => {
    const limited = (kind: 'usage' | 'rate', resetsAtMs: number | null): AgentEvent => ({
      type: 'limited',
      kind,
      resetsAtMs,
    });
    const turn = foldAll([limited('usage', 7), limited('rate', null)]);
    expect(turn.limited).toEqual({ kind: 'usage', resetsAtMs: 7 });
    expect(foldAll([limited('rate', null), limited('usage', 9)]).limited).toEqual({ kind: 'usage', resetsAtMs: 9 });
    expect(foldEvent(turn, text('on')).limited).toBeNull();
  });

  it('of a message in deltas is one message, and a new one begins after a whole one or a tool', () => {
    expect(foldAll([text('a', true), text('b', true)]).lastText).toBe('ab');
    expect(foldAll([text('a', true), text('b'), text('c', true)]).lastText).toBe('c');
    const tool: AgentEvent = { type: 'toolStarted', id: 't', name: 'x' };
    expect(foldAll([text('a', true), tool, text('b', true)]).lastText).toBe('b');
  });
});
