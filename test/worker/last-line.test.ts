/** The last line of an agent's output is read although it is longer than others may be, or is said to be too long. */
import { describe, expect, it } from 'vitest';
import { adapterOf } from '../../src/adapters/agents/adapters.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { Files } from '../../src/store/files.ts';
import { concludeTurn } from '../../src/turn/turn-conclusion.ts';
import { reportTurn } from '../../src/turn/turn-report.ts';
import { readEndedTurn, TurnFollower } from '../../src/worker/turn-output.ts';
import { FakeClock } from '../host/fake-processes.ts';
import { plainTurn } from '../host/plain-request.ts';
import { toldEnd } from '../support/told-ends.ts';

const EXIT = { code: 0, signal: null };
const MIB = 1024 * 1024;
const CLAUDE = adapterOf('claude');
const init = JSON.stringify({ type: 'system', subtype: 'init', session_id: 's-1', model: 'm' });
const result = (chars: number): string =>
  JSON.stringify({
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: 'x'.repeat(chars),
    total_cost_usd: 0.5,
    modelUsage: { m: { inputTokens: 100, outputTokens: 10 } },
  });
const text = (chars: number): string =>
  JSON.stringify({ type: 'assistant', message: { id: 'a', content: [{ type: 'text', text: 'y'.repeat(chars) }] } });

function filesWith(output: string): Files {
  const fs = new MemoryFs();
  fs.makeFolder('/task');
  const fd = fs.open(`/task/${TASK_FILES.output}`, 'a+');
  fs.write(fd, new TextEncoder().encode(output), null);
  fs.close(fd);
  return new Files(fs, new FakeClock());
}

const turnOf = (output: string) => readEndedTurn(filesWith(output), '/task', plainTurn, CLAUDE, EXIT);
const concluded = (output: string) => {
  const turn = turnOf(output);
  const { capabilities } = CLAUDE;
  const report = reportTurn({ turn, request: plainTurn, agent: 'coder', capabilities, answerFrom: null, hasRun: true });
  const stop = concludeTurn(report, EXIT, null);
  return stop === null ? null : toldEnd(stop, EXIT);
};

describe('a last line over the bound of a line', () => {
  it.each([
    ['with its end', '\n'],
    ['without it', ''],
    ['before blank lines', '\n\n \n'],
  ])('is read: %s', (_how, end) => {
    const output = `${init}\n${result(2 * MIB)}${end}`;
    expect(turnOf(output)).toMatchObject({
      ended: { how: 'completed' },
      usage: { process: { inputTokens: 100, outputTokens: 10, usd: 0.5 } },
      lines: { all: 2, overlong: 0 },
    });
    expect(concluded(output)).toBeNull();
  });

  it('is read even across the pieces in which the output is read', () => {
    expect(turnOf(`${init}\n${text(500_000)}\n`.repeat(6) + result(9 * MIB)).ended?.how).toBe('completed');
  });

  it('is counted and skipped while others follow, read in steps or whole', () => {
    const output = `${init}\n${text(2 * MIB)}\n${text(3)}\n`;
    expect(turnOf(output)).toMatchObject({ lastText: 'yyy', lines: { all: 3, overlong: 1 } });
    expect(turnOf(output).lines).not.toHaveProperty('endsOverlong');
    expect(new TurnFollower(filesWith(output), '/task', CLAUDE).catchUp()).toEqual(turnOf(output));
  });

  it('is said to be too long where it is over the bound of a last line', () => {
    const output = `${init}\n${result(BOUNDS.lastLineBytes)}\n`;
    expect(turnOf(output)).toMatchObject({ ended: null, lines: { all: 2, overlong: 1, endsOverlong: true } });
    expect(concluded(output)).toMatchObject({
      result: 'failed',
      code: 'PAWL_AGENT_NO_END',
      message:
        'The agent exited with code 0, but the last line of its output is longer than 16 MiB and was not read: it may have reported the end of its turn there.',
    });
    expect(concluded(`${init}\n`)?.message).toMatch(/without reporting the end of its turn/);
  });
});
