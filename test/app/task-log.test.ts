/** What a worker has printed comes as entries: of every recorded agent, however its bytes arrive, and whatever stands in their place. */
import { symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adapterOf } from '../../src/adapters/agents/adapters.ts';
import { FileRunReader } from '../../src/app/reading/file-run-reader.ts';
import { type LogEnd, type LogEntry, type LogReading, readLog } from '../../src/app/task-log.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import type { AgentKind } from '../../src/model/turn.ts';
import { RECORDED_KINDS, streamsOf } from '../agents/streams/recorded.ts';
import { LogBench, RUN, TASKS } from '../cli/logs/log-bench.ts';
import { reportOf } from '../support/turn-report.ts';

const TASK = TASKS.implementation;
let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
});
afterEach(() => bench.remove());

async function read(
  reading: LogReading = {},
  onEntry: (entry: LogEntry) => void = () => undefined,
): Promise<{ readonly entries: readonly LogEntry[]; readonly end: LogEnd }> {
  const entries: LogEntry[] = [];
  const reader = new FileRunReader(bench.place);
  const task = await reader.task({ runId: RUN, taskId: TASK });
  const end = await readLog(reader, task, reading, async (entry) => {
    entries.push(entry);
    onEntry(entry);
  });
  return { entries, end };
}

const okOf = (kind: AgentKind): readonly string[] => streamsOf(kind).find(({ name }) => name === 'ok')?.lines ?? [];
const eventsOf = (kind: AgentKind): readonly LogEntry[] =>
  okOf(kind).flatMap((line) => adapterOf(kind).read(JSON.parse(line)) ?? []);

describe.each(RECORDED_KINDS)('%s', (kind) => {
  it('gives the events of its adapter, then what was used', async () => {
    bench.request(TASK, kind);
    bench.prints(TASK, `${okOf(kind).join('\n')}\n`);
    const { entries } = await read();
    expect(entries.slice(0, -1)).toEqual(eventsOf(kind));
    expect(entries.at(-1)).toMatchObject({ type: 'used', estimated: null });
  });

  it('gives the same to a reader that follows while it is written in pieces', async () => {
    bench.request(TASK, kind);
    const bytes = Buffer.from(`${okOf(kind).join('\n')}\n`);
    const pieces = Array.from({ length: 20 }, (_, n) =>
      bytes.subarray((n * bytes.length) / 20, ((n + 1) * bytes.length) / 20),
    );
    const timer = setInterval(() => {
      const piece = pieces.shift();
      if (piece !== undefined) bench.prints(TASK, piece);
      else bench.ends(TASK);
    }, 1);
    const { entries, end } = await read({ follow: true });
    clearInterval(timer);
    expect(entries.slice(0, -1)).toEqual(eventsOf(kind));
    expect(end.outcome).toMatchObject({ result: 'completed' });
  });
});

describe('a coding agent', () => {
  const STARTED = '{"type":"system","subtype":"init","session_id":"s-1"}';

  beforeEach(() => bench.request(TASK, 'claude'));

  it('has lines that give no event shown as what they are', async () => {
    bench.prints(TASK, `not JSON\n\n{"type":"news"}\n${'x'.repeat(BOUNDS.lineBytes + 1)}\n${STARTED}\n`);
    expect((await read()).entries.slice(0, -1)).toEqual([
      { type: 'unread', why: 'malformed', text: 'not JSON' },
      { type: 'unread', why: 'unknown', text: '{"type":"news"}' },
      { type: 'unread', why: 'overlong', text: '' },
      expect.objectContaining({ type: 'started' }),
    ]);
  });

  it('has its last line read when it has ended, without its line feed and beyond the bound of others', async () => {
    const text = 'x'.repeat(BOUNDS.lineBytes);
    bench.prints(TASK, JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result: text }));
    expect((await read()).entries).toEqual([expect.objectContaining({ type: 'used' })]);
    bench.ends(TASK);
    expect((await read()).entries).toEqual([
      { type: 'ended', how: 'completed', cause: 'other', reason: 'success' },
      expect.objectContaining({ type: 'used' }),
    ]);
  });

  it('has what its exit and standard error tell after its lines, and before its standard error', async () => {
    bench.prints(TASK, `${STARTED}\n`);
    bench.prints(TASK, 'No conversation found with session ID: s-1\n', 'stderr');
    bench.ends(TASK, { result: 'failed', exitCode: 1 });
    expect((await read()).entries.map(({ type }) => type)).toEqual(['started', 'ended', 'used', 'stderr']);
  });

  it('has what it is charged with beyond its reports told with what it reported', async () => {
    bench.prints(TASK, `${okOf('claude').slice(0, 2).join('\n')}\n`);
    const usage = { scope: 'estimate', tokens: 90, usd: 0.5, estimated: { tokens: 40, usd: 0.25 } } as const;
    bench.ends(TASK, { result: 'interrupted', turn: reportOf({ usage }) });
    expect((await read()).entries.at(-1)).toEqual({
      type: 'used',
      tokens: 1_501,
      usd: 0,
      estimated: { tokens: 40, usd: 0.25 },
    });
  });
});

describe('another program', () => {
  beforeEach(() => bench.request(TASK, null));

  it('has its lines given as they are, then those of its standard error', async () => {
    bench.prints(TASK, 'one\n\u001b[31mtwo');
    bench.prints(TASK, 'three\n', 'stderr');
    expect((await read()).entries).toEqual([
      { type: 'line', text: 'one' },
      { type: 'line', text: '\u001b[31mtwo' },
      { type: 'stderr', text: 'three' },
    ]);
    expect((await read({ lastLines: 1 })).entries).toEqual([
      { type: 'line', text: '\u001b[31mtwo' },
      { type: 'stderr', text: 'three' },
    ]);
  });

  it('has a character that was written in two halves given as one', async () => {
    const bytes = Buffer.from('€uro\n');
    bench.prints(TASK, 'begin\n');
    bench.prints(TASK, bytes.subarray(0, 1));
    const { entries } = await read({ follow: true }, (entry) => {
      if (entry.type !== 'line' || entry.text !== 'begin') return;
      bench.prints(TASK, bytes.subarray(1));
      bench.ends(TASK);
    });
    expect(entries).toEqual([
      { type: 'line', text: 'begin' },
      { type: 'line', text: '€uro' },
    ]);
  });

  it('has something other than a file in the place of its output named, and the rest shown', async () => {
    symlinkSync('/etc/passwd', bench.fileOf(TASK, 'output.ndjson'));
    bench.prints(TASK, 'why\n', 'stderr');
    const { entries, end } = await read();
    expect(entries).toEqual([
      { type: 'unreadable', stream: 'stdout', message: expect.stringContaining('not a regular file') },
      { type: 'stderr', text: 'why' },
    ]);
    expect(end.isUnreadable).toBe(true);
  });
});
