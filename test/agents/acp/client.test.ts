/** One turn over ACP, with an agent that follows a scenario. */
import { Writable } from 'node:stream';
import { ndJsonStream } from '@agentclientprotocol/sdk';
import { describe, expect, it } from 'vitest';
import { acp } from '../../../src/adapters/agents/acp.ts';
import { converse } from '../../../src/adapters/agents/acp-client.ts';
import { boundedWriter } from '../../../src/adapters/agents/acp-pipes.ts';
import type { AgentEvent } from '../../../src/model/agent-event.ts';
import { plainSpec, talk } from './conversation.ts';

const resumed = { session: { id: 's-1', isResume: true } };
const ended = (how: string, cause: string) => expect.objectContaining({ type: 'ended', how, cause });
const hasType = (type: AgentEvent['type']) => (event: AgentEvent) => event.type === type;

describe('a turn', () => {
  it('reports its session, then what is said, then its end, each as a line that the adapter reads', async () => {
    const { end, events, asked } = await talk('ok');
    expect(end).toBe('completed');
    expect(events).toEqual([
      { type: 'started', sessionId: 's-1', model: null, cliVersion: '1.2.3', permissionMode: null },
      { type: 'text', text: 'You said: ', isDelta: true },
      { type: 'text', text: 'hello', isDelta: true },
      { type: 'ended', how: 'completed', cause: 'other', reason: 'end_turn' },
    ]);
    expect(asked).toEqual(['initialize', 'session/new', 'session/prompt']);
    for (const event of events) expect(acp.read(JSON.parse(JSON.stringify(event)))).toEqual([event]);
  });

  it('hands the prompt over once, byte for byte', async () => {
    const prompt = '-p "quoted" \u2028 \u{1f600}\n\ttail \n';
    const { text, asked } = await talk('ok', {}, prompt);
    expect(text).toBe(`You said: ${prompt}`);
    expect(asked.filter((method) => method === 'session/prompt')).toHaveLength(1);
  });

  it.each([
    ['end_turn', 'completed', 'other'],
    ['max_tokens', 'limit', 'other'],
    ['max_turn_requests', 'limit', 'turns'],
    ['refusal', 'failed', 'other'],
    ['cancelled', 'interrupted', 'other'],
    ['something_new', 'failed', 'other'],
  ])('that stops for %s has ended as %s', async (reason, how, cause) => {
    const { end, events } = await talk('ok', {}, `stop:${reason}`);
    expect(events.at(-1)).toEqual(ended(how, cause));
    expect(end).toBe(how === 'completed' ? 'completed' : 'ended');
  });

  it('cuts a text that would not fit a line', async () => {
    const prompt = 'x'.repeat(100_000);
    const { events, text } = await talk('ok', {}, prompt);
    expect(text).toBe(`You said: ${prompt}`);
    expect(Math.max(...events.map((event) => JSON.stringify(event).length))).toBeLessThan(64 * 1024);
  });

  it('keeps its messages apart, and those of other sessions out', async () => {
    const { events, text } = await talk('messages');
    expect(events.filter(hasType('text')).map((event) => ('text' in event ? event.text : ''))).toEqual([
      ...['one ', 'message', '', 'another', 'not ours'],
    ]);
    expect(text).not.toContain('other session');
  });

  it('reports tools as they start and finish, each once', async () => {
    const { events } = await talk('tools');
    expect(events.slice(1, -1)).toEqual([
      { type: 'toolStarted', id: 'a', name: 'read_file' },
      { type: 'toolFinished', id: 'a', name: 'read_file', isError: false, exitCode: null },
      { type: 'toolStarted', id: 'b', name: 'execute' },
      { type: 'toolFinished', id: 'b', name: 'execute', isError: true, exitCode: 2 },
      { type: 'unasked', tool: 'execute', reason: expect.stringMatching(/^Only plain commands .* Run$/) },
    ]);
  });

  it('continues over what means nothing, and hears updates that are out of form', async () => {
    const { end, events } = await talk('garbage');
    expect(end).toBe('completed');
    expect(events.slice(1, -1)).toEqual([{ type: 'toolStarted', id: 'x', name: 'of our own' }]);
  });

  it('is given our MCP server', async () => {
    const mcp = { name: 'pawl', command: 'node', args: ['main.js', 'mcp'] };
    const { text } = await talk('mcp', { mcp });
    expect(text).toContain('[{"name":"pawl","command":"node","args":["main.js","mcp"],"env":[]}]');
  });
});

describe('what a turn has used', () => {
  it('is what its end reports, cached tokens included; a cost is the total of the session', async () => {
    const { events } = await talk('usage', { usedTokensBefore: 500 });
    expect(events.filter(hasType('usage'))).toEqual([
      { type: 'usage', scope: 'session', id: null, inputTokens: 500, outputTokens: 0, usd: 0.5 },
      { type: 'usage', scope: 'turn', id: null, inputTokens: 1100, outputTokens: 200, usd: null },
      { type: 'usage', scope: 'session', id: null, inputTokens: 1600, outputTokens: 200, usd: 0.5 },
    ]);
  });

  it('is added up where each model call is reported, as Qwen does', async () => {
    const step = { type: 'usage', scope: 'step', id: null, inputTokens: 1500, outputTokens: 50, usd: null };
    expect((await talk('steps')).events.slice(1, -1)).toEqual([step, step]);
  });

  it('is read where Gemini reports it', async () => {
    const { events } = await talk('quota');
    expect(events).toContainEqual({
      ...{ type: 'usage', scope: 'turn', id: null },
      ...{ inputTokens: 7, outputTokens: 3, usd: null },
    });
  });

  it('is still reported after the end, and nothing else is', async () => {
    const { events, text } = await talk('late');
    expect(events.map(({ type }) => type)).toEqual(['started', 'ended', 'usage']);
    expect(text).toBe('');
  });
});

describe('a session', () => {
  it('is resumed where the agent can', async () => {
    const { end, events, asked } = await talk('resume', resumed);
    expect(end).toBe('completed');
    expect(events[0]).toMatchObject({ type: 'started', sessionId: 's-1' });
    expect(asked).toEqual(['initialize', 'session/resume', 'session/prompt']);
  });

  it.each(['load', 'loadLate', 'resumeMissing'])(
    'is loaded where it cannot (%s), and its history is not of this turn',
    async (scenario) => {
      const { end, events, text, asked } = await talk(scenario, resumed);
      expect(end).toBe('completed');
      expect(text).toBe('You said: hello');
      expect(events.filter(hasType('usage'))).toEqual([]);
      expect(asked).toContain('session/load');
    },
  );

  it.each(['ok', 'unknownSession', 'failedSession', 'loadEmpty'])(
    'that the agent cannot go on with is told as unknown (%s)',
    async (scenario) => {
      const { end, events, asked } = await talk(scenario, resumed);
      expect(end).toBe('ended');
      expect(events).toEqual([ended('failed', 'sessionUnknown')]);
      expect(asked).not.toContain('session/prompt');
    },
  );

  it('that cannot be resumed for want of a login is not reported as unknown', async () => {
    expect((await talk('resumeLogin', resumed)).events).toEqual([ended('failed', 'login')]);
  });

  it('runs in the mode and with the model that were asked for', async () => {
    const { events, text } = await talk('modes', { nativeMode: 'plan', model: 'large' });
    expect(events[0]).toMatchObject({ type: 'started', permissionMode: 'plan', model: 'large' });
    expect(text).toMatch(/^mode=plan m=large /);
  });

  it('in the mode and model that it has is not told to change', async () => {
    const { asked } = await talk('modes', { nativeMode: 'ask', model: 'small' });
    expect(asked).toEqual(['initialize', 'session/new', 'session/prompt']);
  });

  it.each([{ nativeMode: 'yolo' }, { model: 'huge' }])(
    'never runs under other rules than were asked for: %j',
    async (wanted) => {
      const { events, asked } = await talk('modes', wanted);
      expect(events.at(-1)).toMatchObject({
        how: 'failed',
        reason: expect.stringMatching(/^The agent offers no m\w+ "/),
      });
      expect(asked).not.toContain('session/prompt');
    },
  );
});

describe('an agent', () => {
  const short = { limits: { requestMs: 30, cancelMs: 30, quietMs: 1 } };

  it('that speaks another version is refused', async () => {
    const { events, asked } = await talk('version2');
    expect(events).toEqual([expect.objectContaining({ how: 'failed', reason: expect.stringContaining('version 2') })]);
    expect(asked).toEqual(['initialize']);
  });

  it('that does not answer is not waited for', async () => {
    const { end, events } = await talk('silent', {}, 'hello', short);
    expect(end).toBe('ended');
    expect(events).toEqual([expect.objectContaining({ how: 'failed', reason: expect.stringContaining('initialize') })]);
  });

  it('that wants a login says so', async () => {
    expect((await talk('login')).events).toEqual([ended('failed', 'login')]);
  });

  it('whose service is overloaded says so', async () => {
    const { events } = await talk('fails');
    expect(events.slice(1)).toEqual([{ type: 'limited', kind: 'rate', resetsAtMs: null }, ended('limit', 'other')]);
  });

  it('that dies in the turn leaves no end behind', async () => {
    const { end, events } = await talk('dies');
    expect(end).toBe('gone');
    expect(events.map(({ type }) => type)).toEqual(['started', 'text']);
  });

  it('that is told to stop ends its turn as interrupted', async () => {
    const stop = new AbortController();
    const emit = ({ type }: AgentEvent) => {
      if (type === 'noted') stop.abort();
    };
    const { end, events, asked } = await talk('hang', {}, 'hello', { stop: stop.signal, emit });
    expect(end).toBe('ended');
    expect(events.at(-1)).toEqual(ended('interrupted', 'other'));
    expect(asked.at(-1)).toBe('session/cancel');
  });

  it('that does not listen when it is told to stop is left', async () => {
    const stop = new AbortController();
    const emit = ({ type }: AgentEvent) => {
      if (type === 'noted') stop.abort();
    };
    const { end, events } = await talk('deaf', {}, 'hello', { ...short, stop: stop.signal, emit });
    expect(end).toBe('gone');
    expect(events.map(({ type }) => type)).toEqual(['started']);
  });

  it('that is told to stop before it began is sent nothing of the prompt', async () => {
    const { end, asked } = await talk('ok', {}, 'hello', { stop: AbortSignal.abort() });
    expect(end).toBe('gone');
    expect(asked).not.toContain('session/prompt');
  });

  it('that does not read its input is not waited for', async () => {
    const events: AgentEvent[] = [];
    const end = await converse({
      stream: ndJsonStream(boundedWriter(new Writable({ write: () => undefined }), 20), new ReadableStream()),
      spec: plainSpec,
      roots: ['/w/tree'],
      prompt: 'hello',
      emit: (event) => events.push(event),
      stop: new AbortController().signal,
      limits: { requestMs: 5_000, cancelMs: 5_000, quietMs: 1 },
      usageOf: async () => null,
    });
    expect(end).toBe('ended');
    expect(events).toEqual([expect.objectContaining({ how: 'failed', reason: expect.stringContaining('20 ms') })]);
  });
});

describe('a permission request', () => {
  const outcomes = async (changes: Parameters<typeof talk>[1]) => {
    const { text, events } = await talk('permission', changes);
    return { text, denied: events.filter(hasType('denied')).map((event) => ('tool' in event ? event.tool : '')) };
  };

  it('is answered by policy at once: what is allowed is allowed once, the rest is denied and reported', async () => {
    expect(await outcomes({})).toEqual({
      text: 't1:yes t2:no t3:no t4:no t5:cancelled ',
      denied: ['execute(git push)', 'execute(npm test; id)', 'edit', 'fetch'],
    });
  });

  it('is allowed by a rule on its tool', async () => {
    const { text } = await outcomes({ allowedTools: ['execute', 'fetch'] });
    // What is only offered for ever is not allowed.
    expect(text).toBe('t1:yes t2:yes t3:yes t4:no t5:cancelled ');
  });

  it('is always allowed in bypass', async () => {
    expect(await outcomes({ permission: 'bypass' })).toEqual({
      text: 't1:yes t2:yes t3:yes t4:yes t5:always ',
      denied: [],
    });
  });
});
