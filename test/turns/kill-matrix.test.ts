/** The kill matrix of the measured CLIs, played by fixtures: whichever way an agent dies, nothing of its tree outlives its outcome. */
import { afterAll, describe, expect, it } from 'vitest';
import type { AgentRecord, TaskResult } from '../../src/model/request.ts';
import { todaysPart } from '../support/draw.ts';
import { LINES, type Plan, type Spoken, type Step, say } from '../support/fixture-lines.ts';
import { until } from '../support/pawl-cli.ts';
import { type BenchTurn, hasNamespaces, TurnBench } from '../support/turn-bench.ts';

const bench = new TurnBench();
afterAll(() => bench.close());

type Signal = 'SIGTERM' | 'SIGINT' | 'SIGKILL';

const tool: Step = { do: 'tool' };
const work: Step = { do: 'work', everyMs: 20 };
const takes = (signal: Signal, code: number, more: Partial<Step> = {}): Step => ({
  do: 'takes',
  signal,
  code,
  endsTools: true,
  ...more,
});
const begun = (kind: Spoken, steps: readonly Step[]): readonly Step[] => [say(LINES[kind].started), ...steps, work];
/** A launcher before the agent: what it does itself is `steps`. */
const launched = (kind: Spoken, steps: readonly Step[], inner: readonly Step[]): Plan => ({
  any: [...steps, { do: 'launch', steps: 'inner' }],
  inner: begun(kind, inner),
});
const interrupted = LINES.claude.failed('interrupted');

/** What each CLI was measured to do: its main process, its tools, what stands before it; `holds`: signals that the main process survives. */
const ROWS: Readonly<Record<string, { kind: Spoken; plan: Plan; holds?: readonly Signal[] }>> = {
  claude: {
    kind: 'claude',
    plan: { any: begun('claude', [tool, takes('SIGTERM', 143), takes('SIGINT', 0, { line: interrupted })]) },
  },
  codex: {
    kind: 'codex',
    plan: { any: begun('codex', [{ ...tool, diesWithUs: true }, takes('SIGINT', 1)]) },
  },
  opencode: { kind: 'opencode', plan: { any: begun('opencode', [tool]) } },
  gemini: {
    kind: 'claude',
    plan: launched(
      'claude',
      [{ do: 'ignore', signals: ['SIGTERM', 'SIGINT'] }],
      [tool, takes('SIGTERM', 0, { endsTools: false })],
    ),
    holds: ['SIGTERM', 'SIGINT'],
  },
  qwen: { kind: 'claude', plan: launched('claude', [], [tool]) },
  copilot: { kind: 'claude', plan: launched('claude', [], [tool, { do: 'ignore', signals: ['SIGTERM'] }]) },
  kimi: { kind: 'claude', plan: { any: begun('claude', [tool, takes('SIGTERM', 143), takes('SIGINT', 130)]) } },
};

/** Plays the row until its agent works, runs `body` on it, and returns how it ended. */
async function play(
  row: (typeof ROWS)[string],
  body: (mainPid: number) => 'gone' | 'stopped',
  isolation: 'none' | 'pidNamespace' = 'none',
): Promise<{ turn: BenchTurn; result: TaskResult; exit: string }> {
  const turn = bench.turn(row.plan, { kind: row.kind, isolation, limits: { graceMs: 150 } });
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const running = bench.run(turn, { stopped });
  await until('the agent works', () => bench.told(turn).includes('call'));
  const worker: AgentRecord['worker'] | null = bench.handle(turn).worker;
  if (worker === null) throw new Error('no worker on record');
  if (body(worker.pid) === 'stopped') stop();
  const outcome = await running;
  const exit = outcome.signal ?? String(outcome.exitCode);
  return { turn, result: outcome.result, exit };
}

function kill(signal: Signal, holds: readonly Signal[] = []): (pid: number) => 'gone' | 'stopped' {
  return (pid) => {
    process.kill(pid, signal);
    return holds.includes(signal) ? 'stopped' : 'gone';
  };
}

function expectNothingLeft(turn: BenchTurn): void {
  expect(bench.isGone(turn)).toBe(true);
  expect(bench.starts(turn)).toBe(1);
  expect(bench.outcome(turn)?.survivors).toBe(0);
}

/** One CLI a day. */
describe.concurrent.each(todaysPart(Object.entries(ROWS), 7))('%s', (_name, row) => {
  it('is ended by its host with all that it has started, and was started once', async () => {
    const { turn, result } = await play(row, () => 'stopped');
    expect(result).toBe('interrupted');
    expectNothingLeft(turn);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
    'whose main process alone gets %s has no outcome before everything of it is gone',
    async (signal) => {
      const { turn, result } = await play(row, kill(signal, row.holds));
      expect(result).toBe(row.holds?.includes(signal) === true ? 'interrupted' : 'failed');
      expectNothingLeft(turn);
    },
  );
});

it.runIf(hasNamespaces).each(todaysPart(['gemini', 'copilot', 'opencode'], 3))(
  '%s in a PID namespace leaves nothing behind either',
  async (name) => {
    const row = ROWS[name];
    if (row === undefined) throw new Error(`no row ${name}`);
    for (const body of [() => 'stopped' as const, kill('SIGKILL')]) {
      const { turn } = await play(row, body, 'pidNamespace');
      expectNothingLeft(turn);
    }
  },
);
