/**
 * Anthropic's Messages API (https://docs.anthropic.com/en/api/messages, …/messages-streaming), as far as agents use it.
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
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: CALL_TOKENS.cached,
  output_tokens: CALL_TOKENS.output,
};

/** Anthropic's Messages API. */
export const anthropicDialect: ModelDialect = {
  api: 'anthropicMessages',
  path: /\/messages$/,
  read: (body) => ({
    model: textOf(body.model),
    isStream: body.stream === true,
    tools: listOf(body.tools).flatMap(toolOf),
    messages: listOf(body.messages).flatMap(messagesOf),
    answerSchema: schemaOf(fieldsOf(body.output_format)),
  }),
  whole: (answer) => messageOf(answer, contentOf(answer), CALL_TOKENS.output),
  stream,
};

function toolOf(value: Json): readonly ModelTool[] {
  const { name, input_schema: schema } = fieldsOf(value);
  return typeof name === 'string' ? [{ name, namespace: null, schema: fieldsOf(schema) }] : [];
}

function messagesOf(value: Json): readonly ModelMessage[] {
  const { role, content } = fieldsOf(value);
  const from = role === 'assistant' ? 'model' : 'user';
  if (typeof content === 'string') return textMessages(from, content);
  return listOf(content).flatMap((block): readonly ModelMessage[] => {
    const fields = fieldsOf(block);
    if (fields.type === 'tool_result') return [{ from: 'tool', text: resultText(fields.content) }];
    return textMessages(from, [block]);
  });
}

function contentOf({ speech, id }: ModelAnswer): readonly JsonObject[] {
  if (speech.kind === 'text') return [{ type: 'text', text: speech.text }];
  return [{ type: 'tool_use', id: `toolu_${id}`, name: speech.tool.name, input: speech.input }];
}

function messageOf(answer: ModelAnswer, content: readonly JsonObject[], outputTokens: number): JsonObject {
  return {
    id: `msg_${answer.id}`,
    type: 'message',
    role: 'assistant',
    model: answer.question.model ?? 'stand-in',
    content,
    stop_reason: stopOf(answer),
    stop_sequence: null,
    usage: { ...USAGE, output_tokens: outputTokens },
  };
}

function stopOf({ speech }: ModelAnswer): string {
  return speech.kind === 'tool' ? 'tool_use' : 'end_turn';
}

function stream(answer: ModelAnswer): readonly string[] {
  const begun = { ...messageOf(answer, [], 1), stop_reason: null };
  const events: JsonObject[] = [{ type: 'message_start', message: begun }];
  for (const [index, block] of contentOf(answer).entries()) {
    const isText = block.type === 'text';
    events.push(
      { type: 'content_block_start', index, content_block: isText ? { ...block, text: '' } : { ...block, input: {} } },
      {
        type: 'content_block_delta',
        index,
        delta: isText
          ? { type: 'text_delta', text: block.text }
          : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) },
      },
      { type: 'content_block_stop', index },
    );
  }
  events.push(
    { type: 'message_delta', delta: { stop_reason: stopOf(answer), stop_sequence: null }, usage: USAGE },
    { type: 'message_stop' },
  );
  return events.map((event) => serverEvent(event, String(event.type)));
}
