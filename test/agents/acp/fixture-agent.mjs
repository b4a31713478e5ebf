// An ACP agent that follows a scenario, in raw JSON-RPC: in process through createFixtureAgent, or over stdio as `node fixture-agent.mjs SCENARIO`.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { deniedPromptsOf, unaskedPromptsOf } from './held-prompts.mjs';

const CAPABILITIES = {
  load: { loadSession: true },
  loadLate: { loadSession: true },
  loadEmpty: { loadSession: true },
  resume: { loadSession: true, sessionCapabilities: { resume: {} } },
  resumeMissing: { loadSession: true, sessionCapabilities: { resume: {} } },
  unknownSession: { sessionCapabilities: { resume: {} } },
  failedSession: { sessionCapabilities: { resume: {} } },
  resumeLogin: { sessionCapabilities: { resume: {} } },
};
const MODES = {
  modes: {
    currentModeId: 'ask',
    availableModes: [
      { id: 'ask', name: 'Ask' },
      { id: 'plan', name: 'Plan' },
    ],
  },
  configOptions: [
    {
      id: 'm',
      name: 'Model',
      category: 'model',
      type: 'select',
      currentValue: 'small',
      options: [
        {
          group: 'g',
          name: 'G',
          options: [
            { value: 'small', name: 'S' },
            { value: 'large', name: 'L' },
          ],
        },
      ],
    },
  ],
};
/** Agents that are known, by what they call themselves. */
const NAMES = {
  kimi: 'Kimi Code CLI',
  denialEndsAll: 'Copilot',
  auto: 'qwen-code',
  autoOnly: 'qwen-code',
  refusesMode: 'qwen-code',
  switches: 'qwen-code',
  allowAll: 'Copilot',
  lastCall: 'OpenCode',
  titled: 'gemini-cli',
  grok: 'grok',
};
const modesOf = (...ids) => ({
  modes: { currentModeId: ids[0], availableModes: ids.map((id) => ({ id, name: id })) },
});
const COPILOT_MODE = 'https://agentclientprotocol.com/protocol/session-modes#agent';
/** What a session offers. */
const OFFERS = {
  kimi: modesOf('default', 'yolo'),
  modes: MODES,
  auto: modesOf('auto', 'default', 'yolo'),
  autoOnly: modesOf('auto', 'yolo'),
  refusesMode: modesOf('auto', 'default'),
  switches: modesOf('auto', 'default', 'yolo'),
  allowAll: {
    ...modesOf(COPILOT_MODE),
    configOptions: [
      {
        id: 'allow_all',
        name: 'Allow All',
        category: 'permissions',
        type: 'select',
        currentValue: 'on',
        options: [
          { value: 'on', name: 'On' },
          { value: 'off', name: 'Off' },
        ],
      },
    ],
  },
  lastCall: modesOf('build', 'plan'),
  titled: modesOf('default'),
};
const OPTIONS = [
  { optionId: 'always', name: 'Always', kind: 'allow_always' },
  { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
  { optionId: 'no', name: 'No', kind: 'reject_once' },
];

/** What a scenario acts with. */
function createKit(send, die) {
  const waiting = new Map();
  let ids = 0;
  const update = (fields, sessionId = 's-1') =>
    send({ jsonrpc: '2.0', method: 'session/update', params: { sessionId, update: fields } });
  const say = (text, more = {}) =>
    update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text }, ...more });
  const ask = (toolCall, options = OPTIONS) =>
    new Promise((done) => {
      ids += 1;
      waiting.set(`p${ids}`, done);
      const params = { sessionId: 's-1', toolCall, options };
      send({ jsonrpc: '2.0', id: `p${ids}`, method: 'session/request_permission', params });
    });
  const answerOf = async (toolCall, options) => {
    const { result, error } = await ask(toolCall, options);
    say(`${toolCall.toolCallId}:${error?.code ?? result.outcome.optionId ?? result.outcome.outcome} `);
  };
  return { waiting, settings: new Set(), send, die, update, say, ask, answerOf };
}

/** The scenarios that tell what was used. */
function usagePromptsOf({ update, say }) {
  return {
    usage() {
      update({ sessionUpdate: 'usage_update', used: 10, size: 100, cost: { amount: 0.5, currency: 'USD' } });
      update({ sessionUpdate: 'usage_update', used: 10, size: 100, cost: { amount: 9, currency: 'XYZ' } });
      return {
        usage: { totalTokens: 1300, inputTokens: 100, outputTokens: 150, thoughtTokens: 50, cachedReadTokens: 1000 },
      };
    },
    async steps() {
      const _meta = { usage: { totalTokens: 1550, inputTokens: 1500, outputTokens: 50, cachedReadTokens: 300 } };
      say('', { _meta });
      say('', { _meta });
    },
    lastCall() {
      update({ sessionUpdate: 'tool_call', toolCallId: 'a', kind: 'read', title: 'Read', status: 'completed' });
      return { usage: { inputTokens: 1000, outputTokens: 50, totalTokens: 1550, cachedReadTokens: 500 } };
    },
    quota: () => ({ _meta: { quota: { token_count: { input_tokens: 7, output_tokens: 3 } } } }),
  };
}

/** What each scenario does when it is prompted; what it returns is added to the answer. */
function promptsOf({ waiting, send, die, update, say, ask, answerOf }) {
  return {
    ...deniedPromptsOf({ say, ask }),
    async permission() {
      const run = (toolCallId, command) => ({ toolCallId, title: command, kind: 'execute', rawInput: { command } });
      update({ sessionUpdate: 'tool_call', status: 'pending', ...run('t1', 'npm test') });
      await answerOf({ toolCallId: 't1' });
      update({ sessionUpdate: 'tool_call_update', toolCallId: 't1', status: 'completed', rawOutput: { exitCode: 0 } });
      await answerOf(run('t2', 'git push'));
      await answerOf(run('t3', 'npm test; id'));
      await answerOf({ toolCallId: 't4', kind: 'edit', title: 'Edit', locations: [{ path: '/elsewhere/x' }] });
      await answerOf({ toolCallId: 't5', kind: 'fetch', title: 'Fetch' }, [OPTIONS[0]]);
    },
    async tools() {
      const call = { toolCallId: 'a', title: 'Read x', kind: 'read', name: 'read_file' };
      update({ sessionUpdate: 'tool_call', status: 'pending', ...call });
      update({ sessionUpdate: 'tool_call_update', toolCallId: 'a', status: 'in_progress' });
      update({ sessionUpdate: 'tool_call_update', toolCallId: 'a', status: 'completed' });
      update({ sessionUpdate: 'tool_call_update', toolCallId: 'a', status: 'completed' });
      update({
        sessionUpdate: 'tool_call',
        status: 'failed',
        toolCallId: 'b',
        title: 'Run',
        kind: 'execute',
        rawOutput: { exit_code: 2 },
      });
    },
    messages() {
      say('one ', { messageId: 'm1' });
      say('message', { messageId: 'm1' });
      say('another', { messageId: 'm2' });
      say('not ours', {});
      update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'other session' } }, 's-2');
    },
    ...usagePromptsOf({ update, say }),
    ...unaskedPromptsOf({ update, die, answerOf }),
    late() {
      waiting.set('closed', () => {
        say('too late');
        update({ sessionUpdate: 'usage_update', used: 1, size: 2, cost: { amount: 0.25, currency: 'USD' } });
      });
    },
    garbage() {
      send('this is a log line, not a message');
      send('{"half": ');
      send('[]');
      send({ jsonrpc: '2.0', method: 'unknown/thing', params: {} });
      send({ jsonrpc: '2.0', method: 'session/update' });
      update({ sessionUpdate: 'never_heard_of' });
      update({ sessionUpdate: 'tool_call', toolCallId: 'x', kind: 'of our own', status: 'done?', locations: 7 });
    },
    dies() {
      say('I am about to');
      die();
      return new Promise(() => undefined);
    },
    hang: () => new Promise((done) => waiting.set('cancel', () => done({ stopReason: 'cancelled' }))),
    deaf: () => new Promise(() => undefined),
    fails: () =>
      Promise.reject({ code: -32603, message: 'Internal error', data: { details: '429 too many requests' } }),
  };
}

/** What is answered to each request. */
function methodsOf(scenario, { settings, update, say }, prompts) {
  return {
    initialize: () => {
      if (scenario === 'silent') return new Promise(() => undefined);
      return {
        protocolVersion: scenario === 'version2' ? 2 : 1,
        agentCapabilities: CAPABILITIES[scenario] ?? {},
        agentInfo: { name: NAMES[scenario] ?? 'fixture', version: '1.2.3' },
      };
    },
    'session/new': (params) => {
      if (scenario === 'login') return Promise.reject({ code: -32000, message: 'Authentication required' });
      if (scenario === 'mcp') settings.add(JSON.stringify(params.mcpServers));
      if (params._meta !== undefined) settings.add(JSON.stringify(params._meta));
      return { sessionId: 's-1', ...OFFERS[scenario] };
    },
    'session/load': () => {
      const replay = () => {
        update({ sessionUpdate: 'user_message_chunk', content: { type: 'text', text: 'old prompt' } });
        say('old answer');
        update({ sessionUpdate: 'usage_update', used: 1, size: 2, cost: { amount: 2, currency: 'USD' } });
      };
      if (scenario === 'loadEmpty') update({ sessionUpdate: 'available_commands_update', availableCommands: [] });
      else if (scenario === 'loadLate') setImmediate(() => setImmediate(replay));
      else replay();
      return null;
    },
    'session/resume': () => {
      if (scenario === 'resumeMissing') return Promise.reject({ code: -32601, message: 'Method not found' });
      if (scenario === 'unknownSession')
        return Promise.reject({ code: -32603, message: 'Internal error', data: 'Session s-1 not found' });
      if (scenario === 'failedSession')
        return Promise.reject({ code: -32603, message: 'Service failure', data: { service: 'session' } });
      if (scenario === 'resumeLogin')
        return Promise.reject({ code: -32603, message: 'Session could not be opened: 401 unauthorized' });
      return {};
    },
    'session/set_mode': ({ modeId }) => {
      if (scenario === 'refusesMode') return Promise.reject({ code: -32602, message: 'Invalid params' });
      settings.add(`mode=${modeId} `);
      return {};
    },
    'session/set_config_option': ({ configId, value }) => void settings.add(`${configId}=${value} `) ?? {},
    'session/prompt': async ({ prompt }) => {
      for (const setting of settings) say(setting);
      const given = prompt[0].text;
      const isStop = given.startsWith('stop:');
      update({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'hm' } });
      const more = await prompts[scenario]?.(given);
      if (!isStop && prompts[scenario] === undefined) {
        say('You said: ');
        say(given);
      }
      return { stopReason: isStop ? given.slice(5) : 'end_turn', ...more };
    },
  };
}

/** Takes messages, sends messages by `send`, dies by `die`. */
export function createFixtureAgent(scenario, send, die) {
  const kit = createKit(send, die);
  const { waiting } = kit;
  const methods = methodsOf(scenario, kit, promptsOf(kit));

  return async function receive({ id, method, params, ...answer }) {
    if (method === undefined) return waiting.get(id)?.(answer);
    // Not of the protocol: nobody will say anything any more.
    if (method === 'fixture/closed') return waiting.get('closed')?.();
    if (method === 'session/cancel') return waiting.get('cancel')?.();
    if (id === undefined) return;
    try {
      if (methods[method] === undefined) throw { code: -32601, message: 'Method not found' };
      send({ jsonrpc: '2.0', id, result: await methods[method](params) });
    } catch (error) {
      if (error instanceof Error) throw error;
      send({ jsonrpc: '2.0', id, error });
    }
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const send = (message) =>
    process.stdout.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
  const receive = createFixtureAgent(process.argv[2], send, () => process.stdout.write('', () => process.exit(9)));
  process.stderr.write(`pid ${process.pid}\n`);
  if (process.argv[2] === 'deaf') {
    process.on('SIGTERM', () => undefined);
    setInterval(() => undefined, 60_000);
  }
  createInterface({ input: process.stdin })
    .on('line', (line) => void receive(JSON.parse(line)))
    .on('close', () => void receive({ method: 'fixture/closed' }));
}
