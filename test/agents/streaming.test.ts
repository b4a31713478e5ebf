/** An agent that can print its messages piece by piece is told to, where the installed version knows how; the pieces cost little. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claude } from '../../src/adapters/agents/claude.ts';
import { turnCommandOf } from '../../src/adapters/agents/coding.ts';
import { nativeAgentSchema } from '../../src/model/agent-config.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { FIRST_LINE, readLines } from '../../src/turn/agent-lines.ts';
import { foldLines, SILENT_TURN, type Turn } from '../../src/turn/turn.ts';
import { outputBytesMax } from '../../src/worker/output-limit.ts';
import { plainRequest, plainTurn } from '../host/plain-request.ts';
import { cpuMsOf } from '../support/cpu-time.ts';
import { TURN_ORDER } from '../support/turn-order.ts';

const FLAG = '--include-partial-messages';
const CLAUDE = [
  '-p',
  '--output-format',
  '--verbose',
  '--settings',
  '--permission-mode',
  '--allowedTools',
  '--disallowedTools',
  '--json-schema',
];
const QWEN = ['-o', '--approval-mode', '--allowed-tools'];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-streaming-'));
  program('claude-old', '2.0.0 (Claude Code)', CLAUDE);
  program('claude-new', '2.1.0 (Claude Code)', [...CLAUDE, FLAG]);
  program('qwen-old', '0.1.0', QWEN);
  program('qwen-new', '0.2.0', [...QWEN, FLAG]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, version: string, flags: readonly string[]): void {
  const path = join(folder, name);
  const help = flags.map((flag) => `  ${flag}  does it`).join('\n');
  writeFileSync(path, `#!/bin/sh\ncase "$*" in *--version*) echo "${version}";; *) echo "${help}";; esac\n`);
  chmodSync(path, 0o755);
}

function started(kind: 'claude' | 'qwen', name: string, extraArgs: readonly string[] = []) {
  const config = nativeAgentSchema.parse({ kind, program: join(folder, name), mcp: false, extraArgs });
  const place = { configFolder: folder, environment: { PATH: process.env.PATH }, allowedCommands: [], mcpServer: null };
  const places = { worktree: '/w', taskFile: '/t', completionFile: '/c' };
  return turnCommandOf('coder', config, place, places, TURN_ORDER);
}

describe.each(['claude', 'qwen'] as const)('%s', (kind) => {
  it('is told to print pieces where its help names the flag, and starts without it where it does not', async () => {
    const known = await started(kind, `${kind}-new`);
    expect(known.argv.filter((argument) => argument === FLAG)).toHaveLength(1);
    expect(known.turn?.isStreaming).toBe(true);
    const unknown = await started(kind, `${kind}-old`);
    expect(unknown.argv).not.toContain(FLAG);
    expect(unknown.turn).not.toHaveProperty('isStreaming');
  });

  it('is told so once even if the config says it too', async () => {
    const { argv, turn } = await started(kind, `${kind}-new`, [FLAG]);
    expect(argv.filter((argument) => argument === FLAG)).toHaveLength(1);
    expect(turn?.isStreaming).toBe(true);
  });
});

it('the output of an agent that prints pieces may be as much larger', () => {
  const limits = { ...plainRequest.limits, outputBytesMax: 100 };
  const max = (turn?: object) =>
    outputBytesMax({ ...plainRequest, limits, ...(turn === undefined ? {} : { turn: { ...plainTurn, ...turn } }) });
  expect([max(), max({}), max({ isStreaming: false })]).toEqual([100, 100, 100]);
  expect(max({ isStreaming: true })).toBe(100 * BOUNDS.streamingFactor);
});

const piece = (text: string) =>
  JSON.stringify({
    type: 'stream_event',
    event: { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
  });
const usage = (output: number) => ({ input_tokens: 100, cache_read_input_tokens: 900, output_tokens: output });
const begin = (id: string) =>
  JSON.stringify({ type: 'stream_event', event: { type: 'message_start', message: { id, usage: usage(1) } } });
const whole = (id: string, text: string) =>
  JSON.stringify({ type: 'assistant', message: { id, usage: usage(1), content: [{ type: 'text', text }] } });
const rest = (output: number) =>
  JSON.stringify({ type: 'stream_event', event: { type: 'message_delta', usage: usage(output) } });

function turnOf(lines: readonly string[], turn: Turn = SILENT_TURN): Turn {
  const read = readLines(FIRST_LINE, new TextEncoder().encode(`${lines.join('\n')}\n`));
  return foldLines(turn, read.lines, (line) => claude.read(line));
}

describe('a message in pieces', () => {
  const text = 'abc'.repeat(100);

  it('is a sign of life with every piece, and no text before it is whole', () => {
    const turn = turnOf([begin('a'), piece('abc'), piece('abc')]);
    expect(turn).toMatchObject({ events: 3, lastText: '', lines: { unknown: 0 } });
    expect(turn.seen.writtenChars).toBe(6);
  });

  it('counts once, in pieces and as a whole', () => {
    expect(turnOf([begin('a'), piece(text), whole('a', text)]).seen.writtenChars).toBe(text.length);
    expect(turnOf([whole('a', text)]).seen.writtenChars).toBe(text.length);
  });

  it('has used what its end says, not what it began with', () => {
    const lines = [begin('a'), piece(text), whole('a', text), rest(120), begin('b'), piece('abc'), rest(30)];
    const { usage: used, seen } = turnOf(lines);
    expect(used.step).toMatchObject({ inputTokens: 2_000, outputTokens: 150, cacheReadTokens: 1_800 });
    expect(seen.unreportedOutput).toBe(0);
  });

  it('that never ended has used what was seen of it, once another begins', () => {
    const { usage: used, seen } = turnOf([begin('a'), piece(text), begin('b')]);
    expect((used.step?.outputTokens ?? 0) + seen.unreportedOutput).toBe(text.length / 3 + BOUNDS.callTokensLeast + 1);
  });

  it('whose beginning another report has hidden still counts its output', () => {
    const lines = [begin('a'), piece(text), rest(120), rest(7)];
    expect(turnOf(lines).usage.step).toMatchObject({ inputTokens: 1_000, outputTokens: 127 });
  });
});

it('a hundred thousand pieces are read in little time', () => {
  const lines = [begin('a'), ...Array.from({ length: 100_000 }, () => piece('some words of it'))];
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  let events = 0;
  const tookMs = cpuMsOf(() => {
    events = foldLines(SILENT_TURN, readLines(FIRST_LINE, bytes).lines, (line) => claude.read(line)).events;
  });
  expect(events).toBe(100_001);
  // Some 12 MB of output: many minutes of a model's writing.
  expect(bytes.length).toBeGreaterThan(10_000_000);
  expect(tookMs).toBeLessThan(4_000);
});
