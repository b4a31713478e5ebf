/**
 * The lines of Claude Code, and of agents that write as it does.
 *
 * Owns: what each line of `--output-format stream-json` comes to. Does not own: what an agent's numbers stand for (its dialect, in its own file), the command line.
 *
 * Invariants: 1. A turn has completed only when its result says so twice: subtype `success` and not an error. 2. A sub-agent's lines are no text of the agent,
 * and end nothing. 3. The result's text is the last message over again: it is given once.
 */
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import type { AgentEvent, Usage } from '../../model/agent-event.ts';
import {
  completed,
  deniedEvent,
  endOfStatus,
  endOfWords,
  failed,
  interrupted,
  limitReached,
  NOTED,
  orNoted,
  toolStarted,
} from './line-events.ts';
import {
  charsIn,
  countOf,
  fieldsOf,
  listOf,
  numberOf,
  objectOf,
  textOf,
  textsOf,
  whatOf,
  wholeOf,
} from './line-fields.ts';
import { isGuardDenial } from './tool-guard.ts';

/** What differs between the agents that write such lines. */
export interface ClaudeDialect {
  /** The input tokens of one message's usage, cached ones included. */
  inputTokens(usage: JsonObject): number;
  /** Of a message's usage: what a cache was read for, and what was written to one. */
  cache(usage: JsonObject): Pick<Usage, 'cacheReadTokens' | 'cacheWriteTokens'>;
  /** True when a message's line tells only what its output began with. */
  readonly isBegun: boolean;
  /** What a result says of what was used; null: nothing. */
  total(result: JsonObject): Usage | null;
}

/** Lines of type `system` that are signs of life. */
const NOTED_SUBTYPES = new Set([
  'compact_boundary',
  'elicitation_complete',
  'files_persisted',
  'hook_progress',
  'hook_response',
  'hook_started',
  'informational',
  'local_command_output',
  'notification',
  'session_state_changed',
  'session_title',
  'session_writes_lost',
  'status',
  'task_notification',
  'task_progress',
  'task_started',
  'task_updated',
  'thinking_tokens',
]);

/** Other lines that are signs of life. */
const NOTED_TYPES = new Set([
  'auth_status',
  'control_request',
  'control_response',
  'keep_alive',
  'prompt_suggestion',
  'tool_progress',
  'tool_use_summary',
]);

const SYNTHETIC_MODEL = '<synthetic>';

/** How an error of the service reads where it is put into the agent's mouth, even in a result that calls itself a success. */
const SERVICE_ERROR = /^\[API Error: /;

/** The events of a line; null when it is not known. */
export function readClaudeLine(line: Json, dialect: ClaudeDialect): readonly AgentEvent[] | null {
  const fields = objectOf(line);
  const type = textOf(fields?.type);
  if (fields === null || type === null) return null;
  if (type === 'system') return systemEvents(fields);
  if (type === 'assistant') return orNoted(assistantEvents(fields, dialect));
  if (type === 'user') return orNoted(toolResults(fields));
  if (type === 'result') return resultEvents(fields, dialect);
  if (type === 'rate_limit_event') return windowEvents(fields);
  if (type === 'stream_event') return orNoted(pieceEvents(fieldsOf(fields.event), dialect));
  return NOTED_TYPES.has(type) ? NOTED : null;
}

function systemEvents(line: JsonObject): readonly AgentEvent[] | null {
  const subtype = textOf(line.subtype);
  switch (subtype) {
    case 'init':
      return [
        {
          type: 'started',
          sessionId: textOf(line.session_id),
          model: textOf(line.model),
          cliVersion: textOf(line.claude_code_version) ?? textOf(line.qwen_code_version),
          permissionMode: textOf(line.permissionMode) ?? textOf(line.permission_mode),
        },
      ];
    case 'api_retry':
      return [
        {
          type: 'retrying',
          attempt: numberOf(line.attempt),
          status: numberOf(line.error_status),
          delayMs: wholeOf(line.retry_delay_ms),
        },
      ];
    case 'permission_denied': {
      const reason = textOf(line.message) ?? textOf(line.decision_reason) ?? 'not permitted';
      return [deniedEvent(textOf(line.tool_name) ?? 'unknown', reason, { id: textOf(line.tool_use_id) })];
    }
    default:
      return subtype !== null && NOTED_SUBTYPES.has(subtype) ? NOTED : null;
  }
}

function assistantEvents(line: JsonObject, dialect: ClaudeDialect): readonly AgentEvent[] {
  const message = fieldsOf(line.message);
  // The service's error put into the agent's mouth: the result tells it too, and the agent has not gone on.
  if (message.model === SYNTHETIC_MODEL || line.is_api_error_message === true) return [];
  const isSubAgent = textOf(line.parent_tool_use_id) !== null;
  const content = listOf(message.content).flatMap((block) => blockEvents(fieldsOf(block), isSubAgent));
  const usage = usageOf(message, dialect);
  // What is written after its beginning was told is of that step.
  return dialect.isBegun ? [...usage, ...content] : [...content, ...usage];
}

function blockEvents(block: JsonObject, isSubAgent: boolean): readonly AgentEvent[] {
  const id = textOf(block.id);
  const text = textOf(block.text);
  if (block.type === 'tool_use' && id !== null)
    return [toolStarted(id, textOf(block.name) ?? 'unknown', whatOf(block.input), charsIn(block.input))];
  if (block.type === 'text' && text !== null && !isSubAgent && !SERVICE_ERROR.test(text))
    return [{ type: 'text', text, isDelta: false }];
  const writtenChars = charsIn(block.text) + charsIn(block.thinking) + charsIn(block.data);
  return writtenChars === 0 ? [] : [{ type: 'noted', writtenChars }];
}

/** What a message comes to before its line is written: what it began with, its pieces, what it has used. */
function pieceEvents(event: JsonObject, dialect: ClaudeDialect): readonly AgentEvent[] {
  switch (event.type) {
    case 'message_start':
      return usageOf(fieldsOf(event.message), dialect);
    case 'content_block_delta': {
      const pieceChars = Object.entries(fieldsOf(event.delta)).reduce(
        (chars, [name, piece]) => chars + (name === 'type' ? 0 : charsIn(piece)),
        0,
      );
      return pieceChars === 0 ? [] : [{ type: 'noted', pieceChars }];
    }
    case 'message_delta':
      return restOf(fieldsOf(event.usage), dialect);
    default:
      return [];
  }
}

function restOf(usage: JsonObject, dialect: ClaudeDialect): readonly AgentEvent[] {
  const outputTokens = countOf(usage.output_tokens);
  if (outputTokens === 0) return [];
  const inputTokens = dialect.inputTokens(usage);
  const step = { scope: 'step', id: null, inputTokens, outputTokens, usd: null, progress: 'rest' } as const;
  return [{ type: 'usage', ...step, ...dialect.cache(usage) }];
}

function usageOf(message: JsonObject, dialect: ClaudeDialect): readonly AgentEvent[] {
  const usage = objectOf(message.usage);
  const id = textOf(message.id);
  if (usage === null || id === null) return [];
  const inputTokens = dialect.inputTokens(usage);
  const outputTokens = countOf(usage.output_tokens);
  if (inputTokens + outputTokens === 0) return [];
  const step = { scope: 'step', id, inputTokens, outputTokens, usd: null } as const;
  return [{ type: 'usage', ...step, ...dialect.cache(usage), ...(dialect.isBegun ? { progress: 'begun' } : {}) }];
}

function toolResults(line: JsonObject): readonly AgentEvent[] {
  return listOf(fieldsOf(line.message).content).flatMap((item): readonly AgentEvent[] => {
    const block = fieldsOf(item);
    const id = textOf(block.tool_use_id);
    if (block.type !== 'tool_result' || id === null) return [];
    const said = textOf(block.content) ?? textOf(fieldsOf(listOf(block.content)[0]).text) ?? '';
    const chars = charsIn(block.content);
    return [
      ...(block.is_error === true && isGuardDenial(said) ? [deniedEvent('unknown', said, { id })] : []),
      { type: 'toolFinished', id, name: null, isError: block.is_error === true, exitCode: null, chars },
    ];
  });
}

function windowEvents(line: JsonObject): readonly AgentEvent[] {
  const info = objectOf(line.rate_limit_info) ?? line;
  if (info.status !== 'rejected') return NOTED;
  const seconds = numberOf(info.resetsAt);
  return [{ type: 'limited', kind: 'usage', resetsAtMs: seconds === null ? null : seconds * 1000 }];
}

/** What was denied in the whole turn, each use once; why was said when it happened, if it was. */
function denialEvents(result: JsonObject): readonly AgentEvent[] {
  return listOf(result.permission_denials).map((item) => {
    const { tool_name: tool, tool_input: input, tool_use_id: id } = fieldsOf(item);
    return deniedEvent(textOf(tool) ?? 'unknown', '', { ask: whatOf(input), id: textOf(id) });
  });
}

function resultEvents(result: JsonObject, dialect: ClaudeDialect): readonly AgentEvent[] {
  const answer = result.structured_output ?? result.structured_result;
  const total = dialect.total(result);
  return [
    ...denialEvents(result),
    ...(answer === undefined || answer === null ? [] : [{ type: 'answer', value: answer } as const]),
    ...(total === null ? [] : [{ type: 'usage', ...total } as const]),
    ...endEvents(result),
  ];
}

function endEvents(result: JsonObject): readonly AgentEvent[] {
  const subtype = textOf(result.subtype);
  const terminal = textOf(result.terminal_reason);
  const status = numberOf(result.api_error_status);
  const isService = SERVICE_ERROR.test(textOf(result.result) ?? '');
  if (subtype === 'success' && result.is_error === false && status === null && !isService)
    return [completed(terminal ?? subtype)];
  const words = textsOf(result.errors)[0] ?? textOf(fieldsOf(result.error).message) ?? textOf(result.result);
  const reason = words ?? subtype ?? 'an error without a name';
  if (subtype === 'error_max_turns') return [limitReached('turns', reason)];
  if (subtype === 'error_max_budget_usd') return [limitReached('budget', reason)];
  if (/no conversation found|requires a valid session id/i.test(reason)) return [failed('sessionUnknown', reason)];
  if (terminal?.startsWith('aborted') === true || reason.startsWith('[ede_diagnostic]')) return [interrupted(reason)];
  if (status !== null) return endOfStatus(status, reason);
  // A refused answer quotes what the agent wrote: no words to judge by.
  return /structured_output/.test(reason) ? [failed('other', reason)] : endOfWords(reason);
}
