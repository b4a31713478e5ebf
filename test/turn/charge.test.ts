/** A turn that is cut off is charged no less than it was billed, and at most twice that and one call more. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adapterOf } from '../../src/adapters/agents/adapters.ts';
import type { Json } from '../../src/base/canonical-json.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import type { AgentKind, TurnRequest, TurnUsage } from '../../src/model/turn.ts';
import { turnReportSchema } from '../../src/model/turn-schema.ts';
import { impliedPrice, inputEquivalents } from '../../src/turn/charge.ts';
import { foldEvent, SILENT_TURN, type Turn } from '../../src/turn/turn.ts';
import { reportTurn } from '../../src/turn/turn-report.ts';
import { RECORDED_KINDS, streamsOf, turnOf } from '../agents/streams/recorded.ts';
import { plainTurn } from '../host/plain-request.ts';
import { seeded } from '../properties/seed.ts';

const CALL = { input: 1_500, output: 50, usd: 0.00765 };
const FIRST_CALL = BOUNDS.systemPromptTokens + BOUNDS.callTokens + 100;

function chargeOf(kind: AgentKind, turn: Turn, request: TurnRequest = plainTurn): TurnUsage | null {
  const { capabilities } = adapterOf(kind);
  const report = reportTurn({ turn, request, agent: 'coder', capabilities, answerFrom: null, hasRun: true });
  expect(turnReportSchema.parse(report)).toEqual(report);
  return report.usage;
}

/** The calls that the stand-in has answered by then, and those that it may have been asked. */
interface Billed {
  readonly answered: number;
  readonly asked: number;
}

/** What it had billed after each line of a stream: a call is answered where its message begins, and asked when its tools are done. */
function billedBy(lines: readonly string[]): readonly Billed[] {
  const messages = new Set<string>();
  let isAsked = true;
  return lines.map((line) => {
    const { type, message, part, event } = JSON.parse(line) as {
      type: string;
      message?: { id?: string; model?: string };
      part?: { messageID?: string; reason?: string };
      event?: { type?: string; message?: { id?: string } };
    };
    const id =
      type === 'assistant' && message?.model !== '<synthetic>' ? message?.id : (part?.messageID ?? event?.message?.id);
    if (id !== undefined) {
      messages.add(id);
      isAsked = false;
    }
    if (type === 'user' || (type === 'step_finish' && part?.reason === 'tool-calls')) isAsked = true;
    return { answered: messages.size, asked: messages.size + (isAsked ? 1 : 0) };
  });
}

describe.each(['claude', 'qwen', 'opencode'] as const)('%s, which reports its steps,', (kind) => {
  const streams = streamsOf(kind).filter(({ name }) => !/http|hang|resume|schema/.test(name));

  it.each(streams)(
    'is charged what it was billed and at most twice that and one call more, cut off after any line of $name',
    ({ lines }) => {
      const billed = billedBy(lines);
      for (const [index, { answered, asked }] of billed.entries()) {
        const turn = turnOf(kind, lines.slice(0, index + 1).join('\n'));
        if (turn.ended !== null) break;
        const { tokens, usd, estimated } = chargeOf(kind, turn) ?? { tokens: 0, usd: 0 };
        const call = CALL.input + CALL.output;
        const oneMore = turn.usage.step === null ? FIRST_CALL : call + BOUNDS.callTokensLeast + turn.seen.chars / 3;
        // A first call that has told nothing yet is reckoned by what such programs send.
        expect(tokens, `line ${index + 1}`).toBeGreaterThanOrEqual(asked * call);
        expect(tokens, `line ${index + 1}`).toBeLessThanOrEqual(2 * answered * call + oneMore);
        expect(estimated?.tokens ?? 0).toBeLessThanOrEqual(oneMore + (answered + 1) * 3 * BOUNDS.callTokensLeast);
        if (kind !== 'claude') continue;
        const firstUsd = ((FIRST_CALL + 4 * BOUNDS.callTokens) / 1_000_000) * 5;
        const oneMoreUsd = turn.usage.step === null ? firstUsd : CALL.usd;
        expect(usd, `line ${index + 1}`).toBeGreaterThanOrEqual(asked * CALL.usd * 0.999);
        expect(usd, `line ${index + 1}`).toBeLessThanOrEqual(2 * answered * CALL.usd + oneMoreUsd);
      }
    },
  );
});

describe.each(['codex', 'gemini'] as const)('%s, which reports nothing before its end,', (kind) => {
  it.each(streamsOf(kind))(
    'is charged a call for each tool and one more, cut off after any line of $name',
    ({ lines }) => {
      for (const index of lines.keys()) {
        const turn = turnOf(kind, lines.slice(0, index + 1).join('\n'));
        if (turn.ended !== null) break;
        const calls = turn.toolCalls + 1;
        const { tokens, estimated } = chargeOf(kind, turn) ?? { tokens: 0 };
        expect(tokens).toBeGreaterThanOrEqual(calls * (CALL.input + CALL.output));
        expect(tokens).toBeLessThanOrEqual(calls * (FIRST_CALL + turn.seen.chars / 3 + 1));
        expect(estimated?.tokens).toBe(tokens);
      }
    },
  );
});

it('a turn of an agent that reports nothing is charged nothing', () => {
  for (const { lines } of streamsOf('copilot'))
    expect(chargeOf('copilot', turnOf('copilot', lines[0] ?? ''))).toBeNull();
});

it('a turn that has ended is charged what it reported, and nothing is estimated', () => {
  for (const kind of RECORDED_KINDS)
    for (const { lines } of streamsOf(kind).filter(({ name }) => name === 'ok')) {
      const usage = chargeOf(kind, turnOf(kind, lines.join('\n')));
      expect(usage ?? {}).not.toHaveProperty('estimated');
    }
});

/** A turn of Claude Code: what each of its calls reads, writes and is given back, in tokens. */
const calls = fc.array(
  fc.record({
    fresh: fc.nat(5_000),
    written: fc.integer({ min: 1, max: 4_000 }),
    given: fc.nat(20_000),
    isStreamed: fc.boolean(),
    pieces: fc.integer({ min: 1, max: 5 }),
  }),
  { minLength: 1, maxLength: 8 },
);

interface Line {
  readonly line: Json;
  /** Tokens billed by then at least, and at most: a call that is under way may have been billed whole. */
  readonly least: number;
  readonly most: number;
}

/** Its lines with what was billed by each; a token is three characters here, the most that they are taken to be. */
function linesOf(
  given: readonly { fresh: number; written: number; given: number; isStreamed: boolean; pieces: number }[],
): Line[] {
  const lines: Line[] = [{ line: { type: 'system', subtype: 'init', session_id: 's' }, least: 0, most: 0 }];
  /** What a call that is under way puts out unseen here: twice what any did before, within bounds. */
  const unseen = () => (largest === 0 ? 0 : Math.min(BOUNDS.callTokens, Math.max(BOUNDS.callTokensLeast, 2 * largest)));
  let context = 2_000;
  let billed = 0;
  let largest = 0;
  for (const [n, call] of given.entries()) {
    const input = context + call.fresh;
    const usage = { input_tokens: call.fresh, cache_read_input_tokens: context, output_tokens: 1 };
    const [id, tool] = [`m${n}`, `t${n}`];
    const text = 'abc'.repeat(call.written);
    const add = (line: Json, least: number, most: number) =>
      lines.push({ line, least: billed + least, most: billed + most });
    const whole = input + call.written;
    if (call.isStreamed) {
      const size = Math.ceil(text.length / call.pieces);
      add({ type: 'stream_event', event: { type: 'message_start', message: { id, usage } } }, input, input + unseen());
      for (let at = 0; at < text.length; at += size) {
        const delta = { type: 'text_delta', text: text.slice(at, at + size) };
        const soFar = input + Math.min(text.length, at + size) / 3;
        add({ type: 'stream_event', event: { type: 'content_block_delta', index: 0, delta } }, soFar, soFar);
      }
    }
    const message = {
      id,
      usage,
      content: [
        { type: 'text', text },
        { type: 'tool_use', id: tool, name: 'Bash', input: {} },
      ],
    };
    add({ type: 'assistant', message }, whole, whole);
    if (call.isStreamed)
      add(
        { type: 'stream_event', event: { type: 'message_delta', usage: { ...usage, output_tokens: call.written } } },
        whole,
        whole,
      );
    billed += whole;
    largest = Math.max(largest, call.written);
    const result = { type: 'tool_result', tool_use_id: tool, content: 'abc'.repeat(call.given) };
    context = whole + call.given;
    add({ type: 'user', message: { content: [result] } }, 0, context + unseen());
  }
  return lines;
}

describe('a turn of Claude Code, whatever its calls read and write, streamed or not,', () => {
  it('is charged what it was billed and at most twice that and one call more, wherever it is cut off', () => {
    fc.assert(
      fc.property(calls, (given) => {
        let turn = SILENT_TURN;
        for (const { line, least, most } of linesOf(given)) {
          for (const event of adapterOf('claude').read(line) ?? []) turn = foldEvent(turn, event);
          const { tokens = 0, usd, estimated } = chargeOf('claude', turn) ?? {};
          expect(tokens).toBeGreaterThanOrEqual(most);
          const { last } = turn.seen;
          const context = last === null ? 0 : last.inputTokens + last.outputTokens + turn.seen.givenChars / 3 + 2;
          const oneMore = last === null ? FIRST_CALL : context + BOUNDS.callTokens + BOUNDS.callTokensLeast;
          expect(tokens).toBeLessThanOrEqual(2 * least + oneMore);
          expect(estimated?.usd).toBe(usd);
          expect(usd).toBeLessThanOrEqual(((2 * least + oneMore) / 1_000_000) * 25);
        }
      }),
      seeded(100),
    );
  });

  it('costs less where a cache was read', () => {
    const turn = (cached: number) =>
      foldEvent(SILENT_TURN, {
        type: 'usage',
        scope: 'step',
        id: 'a',
        inputTokens: 100_000,
        outputTokens: 10,
        usd: null,
        cacheReadTokens: cached,
      });
    const [fresh, read] = [0, 100_000].map((cached) => chargeOf('claude', turn(cached))?.usd ?? 0);
    expect(fresh).toBeGreaterThan(1);
    expect(read).toBeLessThan((fresh ?? 0) / 5);
  });
});

describe('a price', () => {
  it('is what reports imply: of the turn itself, else of earlier turns, else it is assumed and said to be', () => {
    const step = { type: 'usage', scope: 'step', id: 'a', inputTokens: 1_000, outputTokens: 0 } as const;
    const priced = (usd: number | null, usdPerMillion?: number) => {
      const request = { ...plainTurn, ...(usdPerMillion === undefined ? {} : { usdPerMillion }) };
      return chargeOf('claude', foldEvent(SILENT_TURN, { ...step, usd }), request);
    };
    const call = (1_000 + 5 * BOUNDS.callTokensLeast) / 1_000_000;
    expect(priced(0.002, 7)?.usd).toBeCloseTo(0.002 + call * 2);
    expect(priced(null, 7)?.usd).toBeCloseTo(0.007 + call * 7);
    expect(priced(null)?.usd).toBeCloseTo(0.005 + call * 5);
    expect(priced(0, 7)?.usd).toBe(0);
    expect(priced(null)?.estimated).toHaveProperty('assumedUsdPerMillion', 5);
    for (const known of [priced(0.002), priced(null, 7)])
      expect(known?.estimated).not.toHaveProperty('assumedUsdPerMillion');
  });

  it('counts each kind of token in proportion to fresh input, and is bounded', () => {
    const amounts = { inputTokens: 1_000, outputTokens: 10, cacheReadTokens: 500, cacheWriteTokens: 100 };
    expect(inputEquivalents(amounts)).toBe(400 + 50 + 125 + 50);
    expect(impliedPrice(0.000625, amounts)).toBeCloseTo(1);
    expect(impliedPrice(1, { inputTokens: 1, outputTokens: 0 })).toBe(BOUNDS.usdPerMillionReported);
    expect([impliedPrice(null, amounts), impliedPrice(1, { inputTokens: 0, outputTokens: 0 })]).toEqual([null, null]);
  });
});

it('a resumed session is taken to be asked with all that it held before', () => {
  const turn = foldEvent(SILENT_TURN, { type: 'noted' });
  const request = { ...plainTurn, usedBefore: { tokens: 0, usd: 0, contextTokens: 80_000 } };
  expect(chargeOf('claude', turn, request)?.tokens).toBe(80_000 + 2 + BOUNDS.callTokens);
  expect(chargeOf('claude', turn, request)?.contextTokens).toBe(80_002);
});
