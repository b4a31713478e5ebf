/**
 * OpenAI's Chat Completions API (https://platform.openai.com/docs/api-reference/chat), as far as agents use it.
 *
 * Owns: that API's requests and replies. Does not own: what is replied.
 */
import { fieldsOf, listOf, textOf } from '../../adapters/agents/line-fields.ts';
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import type { ModelMessage, ModelTool } from './model-call.ts';
import {
  CALL_TOKENS,
  type ModelAnswer,
  type ModelDialect,
  resultText,
  schemaOf,
  serverEvent,
  textMessages,
} from './model-dialect.ts';

const USAGE = {
  prompt_tokens: CALL_TOKENS.input,
  completion_tokens: CALL_TOKENS.output,
  total_tokens: CALL_TOKENS.input + CALL_TOKENS.output,
  prompt_tokens_details: { cached_tokens: CALL_TOKENS.cached },
};

/** OpenAI's Chat Completions API. */
export const chatDialect: ModelDialect = {
  api: 'openaiChat',
  path: /\/chat\/completions$/,
  read: (body) => ({
    model: textOf(body.model),
    isStream: body.stream === true,
    tools: listOf(body.tools).flatMap(toolOf),
    messages: listOf(body.messages).flatMap(messagesOf),
    answerSchema: schemaOf(fieldsOf(fieldsOf(body.response_format).json_schema)),
  }),
  whole: (answer) => ({
    ...envelopeOf(answer, 'chat.completion'),
    choices: [{ index: 0, message: messageOf(answer), finish_reason: finishOf(answer) }],
    usage: USAGE,
  }),
  stream,
};

function toolOf(value: Json): readonly ModelTool[] {
  const { name, parameters } = fieldsOf(fieldsOf(value).function);
  return typeof name === 'string' ? [{ name, namespace: null, schema: fieldsOf(parameters) }] : [];
}

function messagesOf(value: Json): readonly ModelMessage[] {
  const { role, content } = fieldsOf(value);
  if (role === 'tool') return [{ from: 'tool', text: resultText(content) }];
  if (role === 'system' || role === 'developer') return [];
  return textMessages(role === 'assistant' ? 'model' : 'user', content);
}

function envelopeOf(answer: ModelAnswer, object: string): JsonObject {
  return { id: `chatcmpl-${answer.id}`, object, created: 0, model: answer.question.model ?? 'stand-in' };
}

function callsOf({ speech, id }: ModelAnswer): readonly JsonObject[] {
  if (speech.kind === 'text') return [];
  const call = { name: speech.tool.name, arguments: JSON.stringify(speech.input) };
  return [{ index: 0, id: `call_${id}`, type: 'function', function: call }];
}

function messageOf(answer: ModelAnswer): JsonObject {
  const { speech } = answer;
  if (speech.kind === 'text') return { role: 'assistant', content: speech.text };
  return { role: 'assistant', content: null, tool_calls: callsOf(answer) };
}

function finishOf({ speech }: ModelAnswer): string {
  return speech.kind === 'tool' ? 'tool_calls' : 'stop';
}

function stream(answer: ModelAnswer): readonly string[] {
  const chunk = (choices: readonly Json[], more: JsonObject = {}): string =>
    serverEvent({ ...envelopeOf(answer, 'chat.completion.chunk'), choices, ...more });
  return [
    chunk([{ index: 0, delta: messageOf(answer), finish_reason: null }]),
    chunk([{ index: 0, delta: {}, finish_reason: finishOf(answer) }]),
    chunk([], { usage: USAGE }),
    'data: [DONE]\n\n',
  ];
}
