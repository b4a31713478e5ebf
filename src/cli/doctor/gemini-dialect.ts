/**
 * Google's generateContent API (https://ai.google.dev/api/generate-content), as far as agents use it.
 *
 * Owns: that API's requests and replies. Does not own: what is replied.
 */
import { fieldsOf, listOf } from '../../adapters/agents/line-fields.ts';
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import type { ModelMessage, ModelTool } from './model-call.ts';
import {
  CALL_TOKENS,
  type ModelAnswer,
  type ModelDialect,
  resultText,
  serverEvent,
  textMessages,
} from './model-dialect.ts';

/** Google's generateContent API. */
export const geminiDialect: ModelDialect = {
  api: 'gemini',
  path: /:(?:streamG|g)enerateContent$/,
  read: (body, path) => ({
    model: /models\/([^/:]+):/.exec(path)?.[1] ?? null,
    isStream: path.endsWith(':streamGenerateContent'),
    tools: listOf(body.tools).flatMap((group) => listOf(fieldsOf(group).functionDeclarations).flatMap(toolOf)),
    messages: listOf(body.contents).flatMap(messagesOf),
    answerSchema: answerSchemaOf(fieldsOf(body.generationConfig)),
  }),
  whole,
  stream: (answer) => [serverEvent(whole(answer))],
};

function answerSchemaOf({ responseMimeType, responseJsonSchema, responseSchema }: JsonObject): JsonObject | null {
  if (responseMimeType !== 'application/json') return null;
  return fieldsOf(responseJsonSchema ?? responseSchema);
}

function toolOf(value: Json): readonly ModelTool[] {
  const { name, parametersJsonSchema, parameters } = fieldsOf(value);
  return typeof name === 'string'
    ? [{ name, namespace: null, schema: fieldsOf(parametersJsonSchema ?? parameters) }]
    : [];
}

function messagesOf(value: Json): readonly ModelMessage[] {
  const { role, parts } = fieldsOf(value);
  return listOf(parts).flatMap((part): readonly ModelMessage[] => {
    const { functionResponse } = fieldsOf(part);
    if (functionResponse !== undefined) {
      return [{ from: 'tool', text: resultText(fieldsOf(functionResponse).response) }];
    }
    return textMessages(role === 'model' ? 'model' : 'user', [part]);
  });
}

function whole({ question, speech }: ModelAnswer): JsonObject {
  const part =
    speech.kind === 'text' ? { text: speech.text } : { functionCall: { name: speech.tool.name, args: speech.input } };
  return {
    candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: {
      promptTokenCount: CALL_TOKENS.input,
      candidatesTokenCount: CALL_TOKENS.output,
      totalTokenCount: CALL_TOKENS.input + CALL_TOKENS.output,
      cachedContentTokenCount: CALL_TOKENS.cached,
    },
    modelVersion: question.model ?? 'stand-in',
  };
}
