/** What a turn keeps to, whoever plays it: the requirements that the host alone has to keep. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { adapterOf } from '../../src/adapters/agents/adapters.ts';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { PURPOSES } from '../../src/model/limits.ts';
import { MCP_ANSWER_NAME, TASK_FILES } from '../../src/model/request.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import type { HostProcessesPort } from '../../src/ports/processes.ts';
import { readAnswer } from '../../src/turn/answer.ts';
import { encode } from '../../src/turn/task-files.ts';
import { change, goodTurn, LINES, openTurn, SPOKEN, type Step, say } from '../support/fixture-lines.ts';
import { TurnBench } from '../support/turn-bench.ts';

const bench = new TurnBench();
afterAll(() => bench.close());

const hold: Step = { do: 'hold' };
const { started, text, done } = LINES.claude;

describe.concurrent('a turn', () => {
  it.each(SPOKEN)('of %s that goes well is completed, and its report says what it was', async (kind) => {
    const turn = bench.turn([{ do: 'split', bytes: 7 }, ...goodTurn(kind, [change('a.txt')])], { kind });
    const outcome = await bench.run(turn);
    expect(outcome).toMatchObject({ result: 'completed', code: null, exitCode: 0 });
    const scope = kind === 'opencode' ? 'step' : 'session';
    expect(outcome.turn).toMatchObject({ kind, usage: { scope, tokens: 110 }, answerFrom: 'file' });
    expect(outcome.turn?.ended).toMatchObject({ how: 'completed' });
    expect(outcome.turn?.lines).toMatchObject({ unknown: 0, malformed: 0, overlong: 0 });
    expect(outcome.turn?.session).toMatch(kind === 'claude' ? /^s-1$/ : new RegExp(`^${kind}-`));
  });

  it('a different returned session id is stored and reported once with both ids, the same id is not', async () => {
    const same = bench.turn(goodTurn('claude'));
    expect((await bench.run(same)).turn).toMatchObject({ session: 's-1', sessionMismatch: null });
    const other = bench.turn(goodTurn('claude'), { turn: { session: { id: 's-0', isResume: true } } });
    expect((await bench.run(other)).turn).toMatchObject({
      askedSession: 's-0',
      session: 's-1',
      sessionMismatch: { asked: 's-0', got: 's-1' },
    });
  });

  it('an answer from an earlier turn never counts for this one', async () => {
    const turn = bench.turn([say(started), say(text('done')), say(done({ input: 1 }))]);
    const { completionFile } = turn.request;
    mkdirSync(dirname(completionFile));
    for (const path of [completionFile, join(dirname(completionFile), MCP_ANSWER_NAME)]) {
      writeFileSync(path, JSON.stringify({ status: 'completed', summary: 'of an earlier turn' }));
    }
    expect(await bench.run(turn)).toMatchObject({ result: 'failed', code: 'PAWL_WORKER_NO_COMPLETION' });
  });

  it('clean exit without an answer is a violation with state settled, not left looking alive', async () => {
    const turn = bench.turn([say(started), say(done({ input: 1 }))]);
    const outcome = await bench.run(turn);
    expect(outcome).toMatchObject({ result: 'failed', code: 'PAWL_WORKER_NO_COMPLETION', exitCode: 0, survivors: 0 });
    expect(outcome.turn).toMatchObject({ answerFrom: null, ended: { how: 'completed' } });
    expect(bench.isGone(turn)).toBe(true);
  });

  it('a worker that exits 0 after an error event has failed', async () => {
    for (const kind of SPOKEN) {
      const turn = bench.turn([...goodTurn(kind).slice(0, -1), say(LINES[kind].failed('it broke'))], { kind });
      expect(await bench.run(turn)).toMatchObject({ result: 'failed', code: 'PAWL_AGENT_FAILED', exitCode: 0 });
    }
  });

  it('an exit with 0 and an answer but no end of the turn is not a success', async () => {
    const turn = bench.turn(goodTurn('claude').slice(0, -1));
    expect(await bench.run(turn)).toMatchObject({ result: 'failed', code: 'PAWL_AGENT_NO_END' });
  });
});

describe('every purpose accepts exactly its own kinds of answer', () => {
  const verdict = { status: 'PASS', summary: 'fine', findings: [] };
  it.each(PURPOSES)('%s', (purpose) => {
    const isGate = purpose === 'verification' || purpose === 'review';
    const kindOf = (answer: object): string => readAnswer(encode({ summary: 's', ...answer }), purpose).kind;
    expect(kindOf({ status: 'completed', verdict })).toBe('valid');
    expect(kindOf({ status: 'completed' })).toBe(isGate ? 'invalid' : 'valid');
    for (const status of ['failed', 'blocked']) expect(kindOf({ status })).toBe('valid');
    expect(kindOf({ status: 'completed', verdict: { ...verdict, status: 'MAYBE' } })).toBe('invalid');
    expect(kindOf({ status: 'PASS' })).toBe('invalid');
  });

  it('and a turn whose answer is of another kind has failed, wherever the answer came from', async () => {
    const answer = '```json\n{"status":"completed","summary":"I looked at it"}\n```';
    const turn = bench.turn([say(started), say(text(answer)), say(done({ input: 1 }))], { purpose: 'review' });
    const outcome = await bench.run(turn);
    expect(outcome).toMatchObject({ result: 'failed', code: 'PAWL_WORKER_ANSWER_INVALID' });
    expect(outcome.turn?.answerFrom).toBe('message');
  });
});

describe.concurrent('the limits of a turn', () => {
  it('silence ends a worker, and events keep a slow one alive beyond the limit in total', async () => {
    const limits = { stallMs: 1_000 };
    const silent = bench.turn([say(started), say(text('on')), hold], { limits });
    const unanswered = bench.turn([say(started), hold], { limits });
    const slow = bench.turn(goodTurn('claude', [{ do: 'repeat', times: 10, everyMs: 200, line: text('on') }]), {
      limits,
    });
    const [ended, kept, waiting] = await Promise.all([bench.run(silent), bench.run(slow), bench.run(unanswered)]);
    expect(ended).toMatchObject({ result: 'timedOut', code: 'PAWL_WORKER_STALLED' });
    expect(waiting).toMatchObject({ result: 'limited', code: 'PAWL_AGENT_UNREACHABLE' });
    expect(kept.result).toBe('completed');
    expect(kept.endedAtMs - (kept.startedAtMs ?? 0)).toBeGreaterThan(2_000);
  });

  it('bytes that are no events are no word, however busy who writes them; an open tool and a retry notice are', async () => {
    const limits = { stallMs: 700, silenceMaxMs: 700 };
    const noise = { do: 'repeat', times: 100, everyMs: 50, line: { type: 'whatever' } };
    const tool = { type: 'assistant', message: { content: [{ type: 'tool_use', id: 't', name: 'Bash' }] } };
    const retry = { type: 'system', subtype: 'api_retry', attempt: 1, retry_delay_ms: 2_000 };
    const wait: Step = { do: 'wait', ms: 1_500 };
    const outcomes = await Promise.all([
      bench.run(bench.turn([say(started), say(text('on')), noise], { limits })),
      bench.run(bench.turn(goodTurn('claude', [say(tool), wait]), { limits })),
      bench.run(bench.turn(goodTurn('claude', [say(retry), wait]), { limits })),
    ]);
    expect(outcomes.map(({ result }) => result)).toEqual(['timedOut', 'completed', 'completed']);
  });

  it('an agent that never says anything is ended by its first-event limit, whatever it writes to stderr', async () => {
    const turn = bench.turn([{ do: 'complain', text: 'waiting\n' }, hold], { turn: { firstEventMs: 300 } });
    const outcome = await bench.run(turn);
    expect(outcome).toMatchObject({ result: 'timedOut', code: 'PAWL_AGENT_NO_EVENT' });
    expect(outcome.turn?.usage).toMatchObject({ scope: 'estimate' });
  });

  it('a worker that closes stdout but stays is ended by the deadline', async () => {
    const turn = bench.turn([...goodTurn('claude').slice(0, -1), { do: 'close' }, hold], {
      limits: { deadlineMs: 600 },
    });
    expect(await bench.run(turn)).toMatchObject({ result: 'timedOut', code: 'PAWL_WORKER_DEADLINE' });
    expect(bench.isGone(turn)).toBe(true);
  });

  it('a grandchild that holds stdout open does not delay the end', async () => {
    const turn = bench.turn(goodTurn('claude', [{ do: 'tool' }]), { limits: { graceMs: 100 } });
    const outcome = await bench.run(turn);
    expect(outcome.result).toBe('completed');
    // It would hold it for ever; the turn itself, and ending what is left of it, take two seconds.
    expect(outcome.endedAtMs - (outcome.startedAtMs ?? 0)).toBeLessThan(30_000);
    expect(bench.isGone(turn)).toBe(true);
  });

  it('a turn that uses up its budget is ended during the turn, in tokens and in dollars', async () => {
    const spends = LINES.claude.step('m1', { input: 900, output: 200 });
    const tokens = bench.turn([say(started), say(spends), hold], { turn: { budget: { tokens: 1_000, usd: null } } });
    const costs = LINES.opencode.step('p1', { input: 1, usd: 0.6 });
    const usd = bench.turn([say(LINES.opencode.started), say(costs), hold], {
      kind: 'opencode',
      turn: { budget: { tokens: null, usd: 0.5 } },
    });
    for (const outcome of await Promise.all([bench.run(tokens), bench.run(usd)])) {
      expect(outcome).toMatchObject({ result: 'blocked', code: 'PAWL_BUDGET_EXCEEDED' });
      expect(outcome.turn?.usage).toMatchObject({ scope: 'estimate' });
    }
    expect(bench.outcome(usd)?.turn?.usage?.usd).toBeGreaterThanOrEqual(0.6);
  });
});

it('a turn that ends at its budget has ended, however slowly its process leaves', async () => {
  const steps = [...goodTurn('claude', [], {}, { input: 100, usd: 0.6 }), { do: 'wait', ms: 500 }];
  const outcome = await bench.run(bench.turn(steps, { turn: { budget: { tokens: 50, usd: 0.5 } } }));
  expect(outcome).toMatchObject({ result: 'completed', turn: { usage: { usd: 0.6 } } });
});

describe('the prompt is delivered exactly once, byte for byte', () => {
  const tricky = `-p --help "double" 'single' \`back\` $HOME \\ \u0000 ü 日本 😀\r\n\ttab\n`;
  const prompts = { tricky, 'of 200 KiB': `é${tricky}`.repeat(200 * 30).slice(0, 200 * 1024), empty: '' };
  it.each(Object.entries(prompts))('%s', async (_name, prompt) => {
    const copy = join(bench.folder, `stdin-${prompt.length}`);
    const turn = bench.turn([{ do: 'stdin', file: copy }, ...goodTurn('claude')], { turn: { prompt } });
    expect((await bench.run(turn)).result).toBe('completed');
    expect(readFileSync(copy).equals(Buffer.from(prompt))).toBe(true);
    expect(bench.starts(turn)).toBe(1);
  });

  it('and an agent that takes it as an argument has an empty input', async () => {
    const copy = join(bench.folder, 'stdin-none');
    const turn = bench.turn([{ do: 'stdin', file: copy }, ...goodTurn('claude')], { turn: { stdin: 'empty' } });
    expect((await bench.run(turn)).result).toBe('completed');
    expect(readFileSync(copy, 'utf8')).toBe('');
  });
});

describe('what fails around a turn', () => {
  it('a parser that throws kills the worker before the lock is free', async () => {
    const turn = bench.turn(openTurn('claude', [{ do: 'ignore', signals: ['SIGTERM'] }, { do: 'tool' }]));
    let wasGone: boolean | null = null;
    const fs = onLink(TASK_FILES.outcome, () => {
      wasGone = bench.isGone(turn);
    });
    const broken = { ...adapterOf('claude'), read: () => throwing('the parser broke') };
    const outcome = await bench.run(turn, { fs, adapterOf: () => broken });
    expect(outcome).toMatchObject({ result: 'failed', code: 'PAWL_AGENT_UNREADABLE' });
    expect(outcome.message).toContain('the parser broke');
    expect(wasGone).toBe(true);
    expect(bench.starts(turn)).toBeLessThanOrEqual(1);
  });

  it('no identity on disk, no worker', async () => {
    const turn = bench.turn(goodTurn('claude'));
    const fs = onLink(TASK_FILES.agent, () => throwing('no space left', 'ENOSPC'));
    // Nobody is asked to end: a worker that was let in would have the time to tell its start.
    const processes: HostProcessesPort = {
      ...bench.processes,
      signal: (identity, signal) => signal === 'SIGKILL' && bench.processes.signal(identity, signal),
    };
    const outcome = await bench.run(turn, { fs, processes });
    expect(outcome).toMatchObject({ result: 'interrupted', message: expect.stringContaining('ENOSPC') });
    expect(existsSync(join(turn.taskFolder, TASK_FILES.agent))).toBe(false);
    expect(bench.starts(turn)).toBe(0);
    expect(bench.isGone(turn)).toBe(true);
  });

  it('a start that throws frees the lock and leaves the state as it was', async () => {
    const turn = bench.turn(goodTurn('claude'), { cwd: join(bench.folder, 'nowhere') });
    const outcome = await bench.run(turn);
    expect(outcome).toMatchObject({ result: 'blocked', code: 'PAWL_WORKER_START_FAILED', exitCode: null });
    expect(outcome.turn).toMatchObject({ usage: null, session: null });
    expect(existsSync(join(turn.taskFolder, TASK_FILES.agent))).toBe(false);
    expect(bench.isGone(turn)).toBe(true);
  });
});

/** A file system on which linking that register first runs `body`. */
function onLink(register: string, body: () => void): FsPort {
  return {
    ...nodeFs,
    link: (existing, path) => {
      if (path.endsWith(`/${register}`)) body();
      nodeFs.link(existing, path);
    },
  };
}

function throwing(message: string, code?: string): never {
  throw Object.assign(new Error(message), code === undefined ? {} : { code });
}
