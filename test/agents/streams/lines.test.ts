/** Lines that no recorded stream holds, and what they come to. */
import { expect, it } from 'vitest';
import { adapterOf } from '../../../src/adapters/agents/adapters.ts';
import type { Json } from '../../../src/base/canonical-json.ts';
import type { AgentEvent } from '../../../src/model/agent-event.ts';
import type { AgentKind } from '../../../src/model/turn.ts';

const result = { type: 'result', subtype: 'success', is_error: false, result: 'x' };
const say = (text: string) => ({ role: 'assistant', content: [{ type: 'text', text }] });
const item = (fields: object) => ({ type: 'item.completed', item: { id: 'item_1', ...fields } });

it.each<[string, AgentKind, object, string]>([
  [
    'a window that is used up',
    'claude',
    { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: 1800000000 } },
    'limited usage 1800000000000',
  ],
  [
    'a window that is used up, told flat',
    'claude',
    { type: 'rate_limit_event', status: 'rejected' },
    'limited usage null',
  ],
  [
    'a window with room',
    'claude',
    { type: 'rate_limit_event', rate_limit_info: { status: 'allowed_warning', resetsAt: 1 } },
    'noted',
  ],
  [
    'a sub-agent that speaks',
    'claude',
    { type: 'assistant', parent_tool_use_id: 'toolu_1', message: say('sub') },
    'noted',
  ],
  ['the agent that speaks', 'claude', { type: 'assistant', parent_tool_use_id: null, message: say('own') }, 'text own'],
  [
    'an error in its mouth',
    'claude',
    { type: 'assistant', message: { ...say('API Error: 500'), model: '<synthetic>' } },
    'noted',
  ],
  ['a success', 'claude', result, 'completed other'],
  ['a success that is an error', 'claude', { ...result, is_error: true }, 'failed other'],
  [
    'a success that does not say whether it is an error',
    'claude',
    { type: 'result', subtype: 'success' },
    'failed other',
  ],
  ['a success with a failed call', 'claude', { ...result, api_error_status: 404 }, 'failed other'],
  [
    'an overloaded service',
    'claude',
    { ...result, is_error: true, api_error_status: 529 },
    'limited capacity null, limit other',
  ],
  [
    'a login that is gone',
    'claude',
    { ...result, is_error: true, result: 'Invalid API key · Please run /login' },
    'failed login',
  ],
  [
    'denials of one tool in one line',
    'claude',
    { ...result, permission_denials: [{ tool_name: 'Bash' }, { tool_name: 'Bash' }] },
    'denied Bash, denied Bash, completed other',
  ],
  ['an answer that is an empty list', 'claude', { ...result, structured_output: [] }, 'answer [], completed other'],
  ['a system line of another day', 'claude', { type: 'system', subtype: 'new_thing' }, 'unknown'],
  ['a line of another day', 'claude', { type: 'new_thing' }, 'unknown'],
  ['an error that a success wraps', 'qwen', { ...result, result: '[API Error: 401 Unauthorized]' }, 'failed login'],
  [
    'a command that was declined',
    'codex',
    item({ type: 'command_execution', status: 'declined', exit_code: null }),
    'toolFinished command_execution, denied command_execution',
  ],
  ['a search', 'codex', { type: 'item.started', item: { id: 'item_2', type: 'web_search' } }, 'toolStarted web_search'],
  ['a plan', 'codex', item({ type: 'todo_list' }), 'noted'],
  ['an item of another day', 'codex', item({ type: 'new_thing' }), 'unknown'],
  ['a try again', 'codex', { type: 'error', message: 'Reconnecting... 2/5 (stream disconnected)' }, 'retrying 2'],
  ['an error that is no end', 'codex', { type: 'error', message: 'stream disconnected' }, 'noted'],
  [
    'a window that is used up',
    'codex',
    { type: 'turn.failed', error: { message: "You've hit your usage limit. Try again later." } },
    'limited usage null, limit other',
  ],
  [
    'a step that ran out of room',
    'opencode',
    { type: 'step_finish', part: { reason: 'length' } },
    'usage, failed other',
  ],
  [
    'an interruption',
    'opencode',
    { type: 'error', sessionID: 's', error: { name: 'MessageAbortedError' } },
    'started, interrupted other',
  ],
  [
    'a turn limit',
    'gemini',
    { type: 'result', status: 'error', error: { type: 'FatalTurnLimitedError', message: 'm' } },
    'limit turns',
  ],
  ['what the user said', 'gemini', { type: 'message', role: 'user', content: 'x' }, 'noted'],
  ['a line whose names are redacted', 'copilot', { '******': 'assistant.message', data: {} }, 'unknown'],
  [
    'a field whose name is redacted',
    'copilot',
    { type: 'tool.execution_start', data: { '******': 'call_1' } },
    'noted',
  ],
  ['a passing line of any kind', 'copilot', { type: 'new.thing', ephemeral: true }, 'noted'],
  ['a lasting line of another day', 'copilot', { type: 'session.new_thing', data: {} }, 'unknown'],
  ['a failed end', 'copilot', { type: 'result', exitCode: 1 }, 'noted'],
])('%s, %s', (_, kind, line, expected) => {
  const json: Json = JSON.parse(JSON.stringify(line));
  expect(adapterOf(kind).read(json)?.map(shortOf).join(', ') ?? 'unknown').toBe(expected);
});

function shortOf(event: AgentEvent): string {
  if (event.type === 'ended') return `${event.how} ${event.cause}`;
  if (event.type === 'limited') return `limited ${event.kind} ${event.resetsAtMs}`;
  if (event.type === 'denied') return `denied ${event.tool}`;
  if (event.type === 'text') return `text ${event.text}`;
  if (event.type === 'answer') return `answer ${JSON.stringify(event.value)}`;
  if (event.type === 'retrying') return `retrying ${event.attempt}`;
  if (event.type === 'toolStarted' || event.type === 'toolFinished') return `${event.type} ${event.name}`;
  return event.type;
}
