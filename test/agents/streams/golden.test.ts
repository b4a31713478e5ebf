/** What every recorded stream comes to, whole and cut off anywhere. */
import { describe, expect, it } from 'vitest';
import { adapterOf } from '../../../src/adapters/agents/adapters.ts';
import { SILENT_TURN } from '../../../src/turn/turn.ts';
import { RECORDED_KINDS, type RecordedStream, streamsOf, turnOf } from './recorded.ts';

describe.each(RECORDED_KINDS)('%s', (kind) => {
  const streams = streamsOf(kind);
  const { read } = adapterOf(kind);

  it('gives the events of every recorded stream, line by line', async () => {
    await expect(streams.map(eventsOf).join('\n')).toMatchFileSnapshot(`data/${kind}/events.txt`);
  });

  it('knows every line that was recorded', () => {
    for (const { name, lines } of streams)
      for (const line of lines) expect(read(JSON.parse(line)), `${name}: ${line}`).not.toBeNull();
  });

  it('has not completed before the line that says so, wherever the stream is cut off', () => {
    for (const { name, lines } of streams) {
      const end = lines.findLastIndex((line) => read(JSON.parse(line))?.some(({ type }) => type === 'ended'));
      let turn = SILENT_TURN;
      for (const [index, line] of lines.entries()) {
        const cut = turnOf(kind, line.slice(0, -1), turn);
        expect({ ...cut, lines: turn.lines }, `${name}, within line ${index + 1}`).toEqual(turn);
        turn = turnOf(kind, line, turn);
        if (index < end) expect(turn.ended?.how, `${name}, ${index + 1} lines`).not.toBe('completed');
      }
      expect(turn, name).toEqual(turnOf(kind, lines.join('\n')));
    }
  });
});

it.each([
  ['claude', 'ok', 'completed', 'DONE', 'session', 2600 + 600 + 100 - 200],
  ['codex', 'resume', 'completed', 'DONE', 'session', 6200],
  ['opencode', 'ok', 'completed', 'DONE', 'step', 3100],
  ['gemini', 'ok', 'completed', 'DONE', 'process', 4650],
  ['qwen', 'ok', 'completed', 'DONE', 'session', 3100],
] as const)('%s %s has ended as %s, with its last message and its usage', (kind, name, how, text, scope, tokens) => {
  const turn = turnOf(kind, (streamsOf(kind).find((one) => one.name === name)?.lines ?? []).join('\n'));
  expect(turn.ended?.how).toBe(how);
  expect(turn.lastText).toBe(text);
  expect(turn.openTools).toEqual({});
  expect((turn.usage[scope]?.inputTokens ?? 0) + (turn.usage[scope]?.outputTokens ?? 0)).toBe(tokens);
});

it('OpenCode has completed only at a step that stops: one that calls tools, the last of a denied turn, completes nothing', () => {
  const steps = streamsOf('opencode').flatMap(({ lines }) => lines.filter((line) => line.includes('"step_finish"')));
  const ends = steps.filter((line) => turnOf('opencode', line).ended?.how === 'completed');
  expect(ends).toEqual(steps.filter((line) => line.includes('"reason":"stop"')));
  expect(steps.length).toBeGreaterThan(ends.length);
  const denied =
    streamsOf('opencode')
      .find(({ name }) => name === 'deny')
      ?.lines.join('\n') ?? '';
  expect(turnOf('opencode', denied)).toMatchObject({ ended: null, denials: [{ tool: 'bash' }] });
});

function eventsOf({ kind, name, lines }: RecordedStream): string {
  const { read } = adapterOf(kind);
  const events = lines.flatMap((line, index) =>
    (read(JSON.parse(line)) ?? [{ type: 'UNKNOWN' }]).map((event) => `${index + 1} ${JSON.stringify(event)}`),
  );
  return `# ${name}\n${events.join('\n')}\n`;
}
