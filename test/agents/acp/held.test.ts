/** An agent is held to the policy: its mode is set before it is prompted, and what it did without asking is told. */
import { describe, expect, it } from 'vitest';
import { acp } from '../../../src/adapters/agents/acp.ts';
import type { AgentEvent } from '../../../src/model/agent-event.ts';
import { BOUNDS } from '../../../src/model/limits.ts';
import { foldEvent, SILENT_TURN } from '../../../src/turn/turn.ts';
import { talk } from './conversation.ts';

const unaskedIn = (events: readonly AgentEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'unasked' ? [event.tool] : []));

describe('the mode of a session', () => {
  it('is set before the prompt is sent', async () => {
    const { end, events, text, asked } = await talk('auto');
    expect(end).toBe('completed');
    expect(asked).toEqual(['initialize', 'session/new', 'session/set_mode', 'session/prompt']);
    expect(text).toMatch(/^mode=default /);
    expect(events[0]).toMatchObject({ type: 'started', permissionMode: 'default' });
  });

  it.each([{ acceptsOwnMode: true }, { permission: 'bypass' as const }])(
    'is left as it is where the config accepts that: %j',
    async (accepted) => {
      const { events, asked } = await talk('auto', accepted);
      expect(asked).toEqual(['initialize', 'session/new', 'session/prompt']);
      expect(events[0]).toMatchObject({ permissionMode: 'auto' });
    },
  );

  it('that the config names is set as it is named', async () => {
    const { text } = await talk('auto', { nativeMode: 'yolo' });
    expect(text).toMatch(/^mode=yolo /);
  });

  it('in which the agent asks is offered, or the agent gets no prompt', async () => {
    const { end, events, asked } = await talk('autoOnly');
    expect(end).toBe('ended');
    expect(asked).not.toContain('session/prompt');
    expect(events.at(-1)).toMatchObject({
      ...{ type: 'ended', how: 'failed', cause: 'setting' },
      reason: expect.stringContaining('Qwen Code would work in its own mode "auto"'),
    });
    expect((await talk('autoOnly', { acceptsOwnMode: true })).end).toBe('completed');
    expect((await talk('autoOnly', { nativeMode: 'yolo' })).end).toBe('completed');
  });

  it('that the agent offers and then refuses is a refused setting', async () => {
    const { events, asked } = await talk('refusesMode');
    expect(asked).not.toContain('session/prompt');
    expect(events.at(-1)).toMatchObject({ cause: 'setting', reason: expect.stringContaining('mode "default"') });
  });

  it('comes with the options that let nothing pass', async () => {
    const { text, asked } = await talk('allowAll');
    expect(asked).toContain('session/set_config_option');
    expect(text).toMatch(/^allow_all=off /);
  });

  it('is told at the start where the protocol has no word for it', async () => {
    expect((await talk('grok')).text).toMatch(/^\{"yoloMode":false\}/);
  });

  it('that the agent changes by itself is told', async () => {
    const { events } = await talk('switches');
    expect(unaskedIn(events)).toEqual(['change of its mode to yolo']);
    expect(unaskedIn((await talk('switches', { acceptsOwnMode: true })).events)).toEqual([]);
  });
});

describe('what was done without asking', () => {
  it('is reported once where the policy would have denied it, and nothing else is', async () => {
    const { events } = await talk('unasked');
    expect(unaskedIn(events)).toEqual([
      'execute(git push origin HEAD)',
      'edit(/elsewhere/x)',
      'read(/elsewhere/x)',
      'execute(rm -r /elsewhere/z)',
      'execute(sleep 100)',
    ]);
    expect(events.filter(({ type }) => type === 'denied')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: 'ended', how: 'completed' });
    for (const event of events) expect(acp.read(JSON.parse(JSON.stringify(event)))).toEqual([event]);
  });

  it('by a reviewer includes every edit', async () => {
    const { events } = await talk('unasked', { permission: 'read' });
    expect(unaskedIn(events)).toContain('edit(x)');
    const { unasked } = [...events, ...events].reduce(foldEvent, SILENT_TURN);
    expect(unasked.map(({ tool }) => tool)).toEqual(unaskedIn(events));
  });

  it('is told of an agent that dies over it', async () => {
    const { end, events } = await talk('diesUnasked');
    expect(end).toBe('gone');
    expect(unaskedIn(events)).toEqual(['execute(git push)']);
  });

  it('is nothing where every request is allowed', async () => {
    expect(unaskedIn((await talk('unasked', { permission: 'bypass' })).events)).toEqual([]);
  });
});

describe('a denial that ends the turn', () => {
  const promptsIn = (asked: readonly string[]): number => asked.filter((method) => method === 'session/prompt').length;

  it('is followed by one note in the same session, and both are one turn', async () => {
    const { end, events, text, asked } = await talk('denialEnds');
    expect(end).toBe('completed');
    expect(promptsIn(asked)).toBe(2);
    expect(text).toMatch(/told: execute\(git push\) was denied: .*\n.*Continue the same task without it/s);
    expect(events.filter(({ type }) => type === 'ended')).toHaveLength(1);
    const used = { type: 'usage', scope: 'turn', id: null, usd: null };
    expect(events).toContainEqual({ ...used, inputTokens: 200, outputTokens: 20 });
    // Copilot's last answer counts both.
    expect((await talk('denialEndsAll')).events).toContainEqual({ ...used, inputTokens: 100, outputTokens: 10 });
  });

  it.each(['denialGoesOn', 'denialRefuses'])(
    'is none where the agent has gone on, or will not (%s)',
    async (scenario) => {
      expect(promptsIn((await talk(scenario)).asked)).toBe(1);
    },
  );

  it('is followed by a bounded number of notes', async () => {
    const { end, asked } = await talk('denialAlways');
    expect(end).toBe('completed');
    expect(promptsIn(asked)).toBe(1 + BOUNDS.denials);
  });
});

it('an agent that tells the same mode always has its mode set, and its arguments are known before it asks', async () => {
  const { asked, text } = await talk('kimi');
  expect(asked).toEqual(['initialize', 'session/new', 'session/set_mode', 'session/prompt']);
  expect(text).toBe('mode=default k1:yes ');
});

it('a command that only the title shows is judged only for the agent and version that are known for it', async () => {
  expect((await talk('titled')).text).toBe('t1:yes ');
  expect((await talk('permission', { permission: 'read' })).text).toMatch(/^t1:yes t2:no /);
});

describe('what a turn has used, of an agent that counts its last call alone', () => {
  const usageIn = (events: readonly AgentEvent[]) => events.filter(({ type }) => type === 'usage');

  it('is what the agent exports of its session', async () => {
    const usage = { inputTokens: 5_000, outputTokens: 150 };
    const { events } = await talk('lastCall', { usedTokensBefore: 2_000 }, 'hello', { usage });
    expect(usageIn(events)).toEqual([
      { type: 'usage', scope: 'session', id: null, inputTokens: 5_000, outputTokens: 150, usd: null },
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'ended', how: 'completed' });
  });

  it('is the last call for every tool and one more, where nothing is exported', async () => {
    const { events } = await talk('lastCall', { usedTokensBefore: 2_000 });
    expect(usageIn(events)).toMatchObject([{ scope: 'session', inputTokens: 2_000 + 2 * 1_500, outputTokens: 100 }]);
  });
});
