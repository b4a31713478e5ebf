/**
 * OpenAI's Responses API (https://platform.openai.com/docs/api-reference/responses), as far as agents use it.
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
  input_tokens: CALL_TOKENS.input,
  input_tokens_details: { cached_tokens: CALL_TOKENS.cached },
  output_tokens: CALL_TOKENS.output,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: CALL_TOKENS.input + CALL_TOKENS.output,
};

/** OpenAI's Responses API. */
export const responsesDialect: ModelDialect = {
  api: 'openaiResponses',
  path: /\/responses$/,
  read: (body) => ({
    model: textOf(body.model),
    isStream: body.stream === true,
    tools: listOf(body.tools).flatMap((tool) => toolsOf(tool, null)),
    messages:
      typeof body.input === 'string' ? textMessages('user', body.input) : listOf(body.input).flatMap(messagesOf),
    answerSchema: schemaOf(fieldsOf(fieldsOf(body.text).format)),
  }),
  whole: (answer) => responseOf(answer, 'completed'),
  stream,
};

function toolsOf(value: Json, namespace: string | null): readonly ModelTool[] {
  const { type, name, parameters, tools } = fieldsOf(value);
  if (typeof name !== 'string') return [];
  if (type === 'namespace') return listOf(tools).flatMap((tool) => toolsOf(tool, name));
  return type === 'function' ? [{ name, namespace, schema: fieldsOf(parameters) }] : [];
}

function messagesOf(value: Json): readonly ModelMessage[] {
  const item = fieldsOf(value);
  if (textOf(item.type)?.endsWith('_output') === true) return [{ from: 'tool', text: resultText(item.output) }];
  return textMessages(item.role === 'assistant' ? 'model' : 'user', item.content);
}

function itemOf({ speech, id }: ModelAnswer): JsonObject {
  if (speech.kind === 'text') {
    return {
      type: 'message',
      id: `msg_${id}`,
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: speech.text, annotations: [] }],
    };
  }
  const { name, namespace } = speech.tool;
  return {
    type: 'function_call',
    id: `fc_${id}`,
    call_id: `call_${id}`,
    name,
    ...(namespace === null ? {} : { namespace }),
    arguments: JSON.stringify(speech.input),
    status: 'completed',
  };
}

function responseOf(answer: ModelAnswer, status: 'in_progress' | 'completed'): JsonObject {
  const isDone = status === 'completed';
  return {
    id: `resp_${answer.id}`,
    object: 'response',
    created_at: 0,
    status,
    model: answer.question.model ?? 'stand-in',
    output: isDone ? [itemOf(answer)] : [],
    usage: isDone ? USAGE : null,
  };
}

function stream(answer: ModelAnswer): readonly string[] {
  const item = itemOf(answer);
  const events: JsonObject[] = [
    { type: 'response.created', response: responseOf(answer, 'in_progress') },
    { type: 'response.output_item.added', output_index: 0, item },
    ...pieces(answer, String(item.id)),
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: responseOf(answer, 'completed') },
  ];
  return events.map((event, index) => serverEvent({ ...event, sequence_number: index }, String(event.type)));
}

function pieces({ speech }: ModelAnswer, id: string): readonly JsonObject[] {
  if (speech.kind === 'tool') {
    const place = { item_id: id, output_index: 0 };
    const text = JSON.stringify(speech.input);
    return [
      { type: 'response.function_call_arguments.delta', ...place, delta: text },
      { type: 'response.function_call_arguments.done', ...place, arguments: text },
    ];
  }
  const place = { item_id: id, output_index: 0, content_index: 0 };
  const part = { type: 'output_text', text: '', annotations: [] };
  return [
    { type: 'response.content_part.added', ...place, part },
    { type: 'response.output_text.delta', ...place, delta: speech.text },
    { type: 'response.output_text.done', ...place, text: speech.text },
    { type: 'response.content_part.done', ...place, part: { ...part, text: speech.text } },
  ];
}
