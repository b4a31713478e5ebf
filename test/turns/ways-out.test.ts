/** How the process of a turn ends, for every kind of agent: a complete turn stays complete, and one that was killed before is gone on with. */
import { afterAll, describe, expect, it } from 'vitest';
import { adapterOf } from '../../src/adapters/agents/adapters.ts';
import { AGENT_KINDS, type AgentKind } from '../../src/model/turn.ts';
import { sessionToResume } from '../../src/turn/session-choice.ts';
import { RECORDED_KINDS, streamsOf, turnOf } from '../agents/streams/recorded.ts';
import type { Step } from '../support/fixture-lines.ts';
import { until } from '../support/pawl-cli.ts';
import { hasNamespaces, TurnBench, type TurnOverrides } from '../support/turn-bench.ts';

const bench = new TurnBench();
afterAll(() => bench.close());

const ISOLATIONS = hasNamespaces ? (['none', 'pidNamespace'] as const) : (['none'] as const);
const answer: Step = { do: 'answer', answer: {} };
const hang: Step = { do: 'hold' };

/** The lines of a turn that went well, as its agent wrote them. */
function goodLines(kind: AgentKind): readonly string[] {
  const recorded = RECORDED_KINDS.find((one) => one === kind);
  if (recorded !== undefined) return streamsOf(recorded).find(({ name }) => name === 'ok')?.lines ?? [];
  const started = { type: 'started', sessionId: 's-1', model: 'm', cliVersion: '1', permissionMode: null };
  const ended = { type: 'ended', how: 'completed', cause: 'other', reason: 'end_turn' };
  return [started, { type: 'text', text: 'done', isDelta: false }, ended].map((line) => JSON.stringify(line));
}

/** The same up to the last line before its end. */
function openLines(kind: AgentKind): readonly string[] {
  const lines = goodLines(kind);
  const firstEnd = lines.findIndex((_, n) => turnOf(kind, textOf(lines.slice(0, n + 1))).ended !== null);
  return lines.slice(0, firstEnd);
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
const written = (lines: readonly string[]): Step => ({ do: 'raw', text: textOf(lines) });

function given(kind: AgentKind, more: Omit<TurnOverrides, 'kind' | 'turn'> = {}): TurnOverrides {
  const isAssigned = adapterOf(kind).capabilities.session === 'assigned';
  return { ...more, turn: { kind, session: { id: isAssigned ? 's-1' : null, isResume: false } } };
}

describe.concurrent.each(AGENT_KINDS)('a turn of %s that was complete, with its answer', (kind) => {
  const complete = [answer, written(goodLines(kind))];
  const done = { result: 'completed', code: null, survivors: 0, turn: { ended: { how: 'completed' } } };

  it.each(ISOLATIONS)('is done when its process is killed on its way out (isolation: %s)', async (isolation) => {
    const turn = bench.turn([...complete, { do: 'die', signal: 'SIGKILL' }], given(kind, { isolation }));
    expect(await bench.run(turn)).toMatchObject({ ...done, exitCode: null, signal: 'SIGKILL' });
  });

  it('is done when its process exits with an error', async () => {
    const turn = bench.turn([...complete, { do: 'exit', code: 1 }], given(kind));
    expect(await bench.run(turn)).toMatchObject({ ...done, exitCode: 1, signal: null });
  });

  it('is done when it hangs until it has been silent for too long', async () => {
    const limits = { stallMs: 700, graceMs: 100 };
    const stays: Step = { do: 'ignore', signals: ['SIGTERM'] };
    expect(await bench.run(bench.turn([stays, ...complete, hang], given(kind, { limits })))).toMatchObject({
      ...done,
      signal: 'SIGKILL',
    });
  });

  it('is done when it hangs until its host is told to stop', async () => {
    const turn = bench.turn([...complete, { do: 'note', text: 'ended' }, hang], given(kind));
    let stop: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const running = bench.run(turn, { stopped });
    await until('the end of the turn', () => bench.told(turn).includes('ended'));
    stop();
    expect(await running).toMatchObject({ ...done, signal: 'SIGTERM' });
  });

  it('is not done when it has no answer', async () => {
    const turn = bench.turn([written(goodLines(kind)), { do: 'die', signal: 'SIGKILL' }], given(kind));
    expect(await bench.run(turn)).toMatchObject({ result: 'failed', code: 'PAWL_WORKER_EXIT', signal: 'SIGKILL' });
  });
});

describe.concurrent.each(AGENT_KINDS)('a turn of %s that was not complete', (kind) => {
  const { title, capabilities } = adapterOf(kind);

  it.each(ISOLATIONS)('and whose process was killed is resumed (isolation: %s)', async (isolation) => {
    const steps = [answer, written(openLines(kind)), { do: 'die', signal: 'SIGKILL' }];
    const outcome = await bench.run(bench.turn(steps, given(kind, { isolation })));
    const { result, code, endedAtMs, signal, turn = null } = outcome;
    expect({ result, code, signal }).toEqual({ result: 'failed', code: 'PAWL_WORKER_EXIT', signal: 'SIGKILL' });
    expect(turn).toMatchObject({ ended: null });
    const task = {
      taskId: 't',
      purpose: 'implementation',
      epoch: 0,
      attempt: 1,
      result,
      endedAtMs,
      code,
      turn,
    } as const;
    const agent = {
      kind,
      title,
      capabilities,
      resumes: true,
      fixResumesImplementer: false,
      givesMcp: false,
      answer: 'message',
    } as const;
    const next = sessionToResume([task], task, 'fixture', agent);
    expect(next).toMatchObject({ id: turn?.session ?? 's-1', why: 'cutOff' });
  });
});

it('a complete turn that hangs until its deadline is done', async () => {
  const steps = [answer, written(goodLines('codex')), hang];
  const turn = bench.turn(steps, given('codex', { limits: { deadlineMs: 8_000 } }));
  expect(await bench.run(turn)).toMatchObject({ result: 'completed', signal: 'SIGTERM' });
});

it('a step that follows the `stop` of OpenCode takes its end back', async () => {
  const [first = ''] = goodLines('opencode');
  const steps = [answer, written([...goodLines('opencode'), first]), { do: 'die', signal: 'SIGKILL' }];
  expect(await bench.run(bench.turn(steps, given('opencode')))).toMatchObject({ result: 'failed' });
});
