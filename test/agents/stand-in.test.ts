import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelStandIn, startModelStandIn } from '../../src/cli/doctor/model-stand-in.ts';

let standIn: ModelStandIn;

beforeEach(async () => {
  standIn = await startModelStandIn();
});
afterEach(() => standIn.close());

type Body = Readonly<Record<string, unknown>>;

const SCHEMA = {
  type: 'object',
  properties: { command: { type: 'string' }, quick: { type: 'boolean' } },
  required: ['command', 'quick'],
};
const INPUT = { command: 'npm test', quick: false };
const PROMPT = 'Please. RUN:<<npm test>> SAY:<<All is well.>>';

/** One API: how it is asked, and where its answer has the text or the tool call. */
interface Api {
  readonly name: string;
  readonly path: (isStream: boolean) => string;
  readonly body: (isStream: boolean, results: number) => Body;
  /** The text, or the tool's name and input, of a whole answer. */
  readonly said: (answer: unknown) => unknown;
  /** The same of the events of a stream. */
  readonly streamed: (events: readonly Body[]) => unknown;
}

/** A value deep inside of an answer; undefined where a step leads nowhere. */
function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  return keys.reduce(
    (inner: unknown, key) => (Object(inner) === inner ? Reflect.get(Object(inner), key) : undefined),
    value,
  );
}

const parsed = (text: unknown): unknown => JSON.parse(String(text));
const toolOf = (name: unknown, input: unknown): unknown => ({ name, input });
const repeated = (count: number, message: Body): readonly Body[] => Array.from({ length: count }, () => message);

const APIS: readonly Api[] = [
  {
    name: 'Anthropic messages',
    path: () => '/v1/messages?beta=true',
    body: (stream, results) => ({
      model: 'm',
      stream,
      tools: [{ name: 'BashOutput' }, { name: 'Bash', input_schema: SCHEMA }],
      messages: [
        { role: 'user', content: [{ type: 'text', text: PROMPT }] },
        ...repeated(results, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x', content: 'ok' }] }),
      ],
    }),
    said: (answer) =>
      at(answer, 'stop_reason') === 'tool_use'
        ? toolOf(at(answer, 'content', 0, 'name'), at(answer, 'content', 0, 'input'))
        : at(answer, 'content', 0, 'text'),
    streamed: (events) => {
      expect(events.map(({ type }) => type)).toEqual([
        'message_start',
        'content_block_start',
        'content_block_delta',
        'content_block_stop',
        'message_delta',
        'message_stop',
      ]);
      const tool = at(events, 2, 'delta', 'partial_json');
      if (tool === undefined) return at(events, 2, 'delta', 'text');
      expect(at(events, 4, 'delta', 'stop_reason')).toBe('tool_use');
      return toolOf(at(events, 1, 'content_block', 'name'), parsed(tool));
    },
  },
  {
    name: 'OpenAI responses',
    path: () => '/v1/responses',
    body: (stream, results) => ({
      model: 'm',
      stream,
      tools: [
        { type: 'web_search' },
        { type: 'namespace', name: 'mcp__pawl', tools: [{ type: 'function', name: 'complete_task' }] },
        { type: 'function', name: 'Bash', parameters: SCHEMA },
      ],
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: PROMPT }] },
        ...repeated(results, { type: 'function_call_output', call_id: 'x', output: 'ok' }),
      ],
    }),
    said: (answer) =>
      at(answer, 'output', 0, 'type') === 'function_call'
        ? toolOf(at(answer, 'output', 0, 'name'), parsed(at(answer, 'output', 0, 'arguments')))
        : at(answer, 'output', 0, 'content', 0, 'text'),
    streamed: (events) => {
      expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
      expect(events[0]).toMatchObject({ type: 'response.created', response: { output: [] } });
      expect(events.at(-2)).toMatchObject({ type: 'response.output_item.done', item: events[1]?.item });
      expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { usage: { output_tokens: 50 } } });
      const call = events.find(({ type }) => type === 'response.function_call_arguments.done');
      if (call === undefined) return events.find(({ type }) => type === 'response.output_text.delta')?.delta;
      return toolOf(at(events, 1, 'item', 'name'), parsed(call.arguments));
    },
  },
  {
    name: 'OpenAI chat completions',
    path: () => '/v1/chat/completions',
    body: (stream, results) => ({
      model: 'm',
      stream,
      tools: [{ type: 'function', function: { name: 'Bash', parameters: SCHEMA } }],
      messages: [
        { role: 'system', content: 'RUN:<<not this>>' },
        { role: 'user', content: PROMPT },
        ...repeated(results, { role: 'tool', tool_call_id: 'x', content: 'ok' }),
      ],
    }),
    said: (answer) => saidInChat(at(answer, 'choices', 0, 'message'), at(answer, 'choices', 0, 'finish_reason')),
    streamed: (events) => {
      expect(events).toHaveLength(3);
      expect(events.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 50 } });
      return saidInChat(at(events, 0, 'choices', 0, 'delta'), at(events, 1, 'choices', 0, 'finish_reason'));
    },
  },
  {
    name: 'Gemini generateContent',
    path: (isStream) => `/v1beta/models/m:${isStream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: (_, results) => ({
      tools: [{ functionDeclarations: [{ name: 'Bash', parametersJsonSchema: SCHEMA }] }],
      contents: [
        { role: 'user', parts: [{ text: PROMPT }] },
        ...repeated(results, {
          role: 'user',
          parts: [{ functionResponse: { name: 'Bash', response: { output: 'ok' } } }],
        }),
      ],
    }),
    said: saidByGemini,
    streamed: (events) => {
      expect(events).toHaveLength(1);
      return saidByGemini(events[0] ?? {});
    },
  },
];

function saidInChat(message: unknown, finish: unknown): unknown {
  if (finish !== 'tool_calls') return at(message, 'content');
  const call = at(message, 'tool_calls', 0, 'function');
  return toolOf(at(call, 'name'), parsed(at(call, 'arguments')));
}

function saidByGemini(answer: unknown): unknown {
  const part = at(answer, 'candidates', 0, 'content', 'parts', 0);
  const call = at(part, 'functionCall');
  return call === undefined ? at(part, 'text') : toolOf(at(call, 'name'), at(call, 'args'));
}

async function post(path: string, body: unknown): Promise<Response> {
  return fetch(`${standIn.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
}

/** The data of every server-sent event; an event's name, where it has one, is the type of its data. */
async function eventsOf(response: Response): Promise<readonly Body[]> {
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const text = await response.text();
  expect(text.endsWith('\n\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n\n')
    .filter((event) => event !== 'data: [DONE]')
    .map((event) => {
      const [, name, data] = /^(?:event: (\S+)\n)?data: (.+)$/.exec(event) ?? [];
      const body: Body = JSON.parse(data ?? 'null');
      if (name !== undefined) expect(body.type).toBe(name);
      return body;
    });
}

describe.each(APIS)('$name', (api) => {
  test('the prompt scripts a command of the shell tool, then a text; stream and whole answer say the same', async () => {
    for (const [results, expected] of [
      [0, { name: 'Bash', input: INPUT }],
      [1, 'All is well.'],
    ] as const) {
      const whole = await post(api.path(false), api.body(false, results));
      expect(api.said(await whole.json())).toEqual(expected);
      const stream = await post(api.path(true), api.body(true, results));
      expect(api.streamed(await eventsOf(stream))).toEqual(expected);
    }
    expect(standIn.calls().map(({ number, isStream, model }) => [number, isStream, model])).toEqual([
      [1, false, 'm'],
      [2, true, 'm'],
      [3, false, 'm'],
      [4, true, 'm'],
    ]);
    expect(standIn.calls()[2]?.messages.map(({ from }) => from)).toEqual(['user', 'tool']);
  });

  test('a body that is none of that API is a call all the same', async () => {
    const answer = await post(api.path(false), { messages: 7, input: { a: 1 }, tools: 'x', contents: [null] });
    expect(api.said(await answer.json())).toBe('DONE');
  });
});

const ask = (content: string, more: Body = {}): Promise<Response> =>
  post('/v1/messages', { ...more, messages: [{ role: 'user', content }] });

describe('a stand-in', () => {
  test('runs every command of the last script, one after the other, and none of an earlier one', async () => {
    const result = { role: 'user', content: [{ type: 'tool_result', content: 'ok' }] };
    const messages: Body[] = [{ role: 'user', content: 'RUN:<<old>>' }, result];
    const inputs: unknown[] = [];
    messages.push({ role: 'user', content: 'RUN:<<one>> RUN:<<two>>' });
    for (let turn = 0; turn < 3; turn += 1) {
      const body = await (await post('/v1/messages', { tools: [{ name: 'bash' }], messages })).json();
      inputs.push(at(body, 'content', 0, 'input', 'command') ?? at(body, 'content', 0, 'text'));
      messages.push(result);
    }
    expect(inputs).toEqual(['one', 'two', 'DONE']);
  });

  test('a call without a shell tool, as for a title, is answered in words', async () => {
    const body = await (await ask('RUN:<<npm test>>')).json();
    expect(at(body, 'content', 0)).toEqual({ type: 'text', text: 'DONE' });
  });

  test('replies as a function says, call by call, also with a failure or a tool of a namespace', async () => {
    standIn.setReply(async ({ number }) =>
      number === 1
        ? { kind: 'failure', status: 429 }
        : { kind: 'tool', name: 'mcp__pawl__complete_task', input: { a: 1 } },
    );
    const failed = await ask('x');
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([429, '1']);
    const tools = [{ type: 'namespace', name: 'mcp__pawl', tools: [{ type: 'function', name: 'complete_task' }] }];
    const body = await (await post('/v1/responses', { input: 'x', tools })).json();
    expect(at(body, 'output', 0)).toMatchObject({
      namespace: 'mcp__pawl',
      name: 'complete_task',
      arguments: '{"a":1}',
    });
    const without = await (await post('/v1/responses', { input: 'x' })).json();
    expect(at(without, 'output', 0, 'content', 0, 'text')).toBe('The tool mcp__pawl__complete_task is not offered.');
  });

  test('a text is made to fit where the answer must keep to a schema, unless it is JSON already', async () => {
    const format = { type: 'json_schema', schema: { type: 'object', properties: { status: { enum: ['done'] } } } };
    const answer = async (prompt: string): Promise<unknown> =>
      at(
        await (await post('/v1/responses', { input: prompt, text: { format } })).json(),
        'output',
        0,
        'content',
        0,
        'text',
      );
    expect(await answer('SAY:<<words>>')).toBe('{"status":"done"}');
    expect(await answer('SAY:<<{"status": "mine"}>>')).toBe('{"status": "mine"}');
  });

  test('a call that hangs is counted, and ends when the stand-in is closed', async () => {
    const arrived = new Promise<void>((resolve) => {
      standIn.setReply(() => {
        resolve();
        return { kind: 'hang' };
      });
    });
    const hanging = ask('x').then(
      () => 'answered',
      () => 'cut off',
    );
    await arrived;
    expect(standIn.calls()).toHaveLength(1);
    await standIn.close();
    expect(await hanging).toBe('cut off');
  });

  test('what is not a call of a model is not counted', async () => {
    const statuses = [
      (await post('/v1/messages/count_tokens', {})).status,
      (await fetch(`${standIn.url}/v1/models`)).status,
      (await fetch(standIn.url, { method: 'HEAD' })).status,
      (await fetch(`${standIn.url}/v1/responses`)).status,
      (await post('/elsewhere', {})).status,
      (await fetch(`${standIn.url}/v1/messages`, { method: 'POST', body: 'no JSON' })).status,
    ];
    expect(statuses).toEqual([200, 200, 200, 404, 404, 413]);
    expect(standIn.calls()).toEqual([]);
  });

  test('two of them listen on ports of their own, on the loopback interface', async () => {
    const other = await startModelStandIn();
    expect(other.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(other.url).not.toBe(standIn.url);
    await other.close();
  });
});
