/**
 * One API of a model, as the stand-in speaks it: reading a request, writing a reply whole or as a stream of server-sent events.
 *
 * Owns: the shape of a dialect, and what all of them share. Does not own: the dialects (a file for each vendor).
 *
 * Invariants: 1. Reading is total: whatever an agent sends has a question. 2. The stream and the whole reply say the same.
 */
import { fieldsOf, listOf, objectOf, textOf } from '../../adapters/agents/line-fields.ts';
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import type { ModelApi, ModelMessage, ModelQuestion, ModelSpeech } from './model-call.ts';

/** A reply to be written. */
export interface ModelAnswer {
  readonly question: ModelQuestion;
  readonly speech: ModelSpeech;
  /** Part of every id in it: no two answers share one. */
  readonly id: string;
}

/** One API. */
export interface ModelDialect {
  readonly api: ModelApi;
  /** Which request paths are calls of the model. */
  readonly path: RegExp;
  read(body: JsonObject, path: string): ModelQuestion;
  whole(answer: ModelAnswer): Json;
  /** The server-sent events, each with its empty line. */
  stream(answer: ModelAnswer): readonly string[];
}

/** What every call is said to have used. */
export const CALL_TOKENS = { input: 1_000, cached: 300, output: 50 } as const;

/** A server-sent event: `data` as JSON, with its name where the API names events. */
export function serverEvent(data: Json, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** The messages of a content that is a text, or a list of parts of which some hold a text. */
export function textMessages(from: ModelMessage['from'], content: Json | undefined): readonly ModelMessage[] {
  const text = textOf(content);
  if (text !== null) return [{ from, text }];
  return listOf(content).flatMap((part) => {
    const words = textOf(fieldsOf(part).text);
    return words === null ? [] : [{ from, text: words }];
  });
}

/** A value as text, for results of tools. */
export function resultText(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

/** The JSON Schema of a format that an answer must keep to, null when it has none. */
export function schemaOf(format: JsonObject): JsonObject | null {
  return objectOf(format.schema);
}
