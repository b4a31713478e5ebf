/**
 * What a request brings, checked before anything is done with it.
 *
 * Owns: the body within its bounds, query, keys and conditions. Does not own: who may ask (daemon/guard), what an operation does (api/handlers).
 *
 * Invariants: 1. A body is read at most to its bound, and only as UTF-8 JSON in which no name stands twice. 2. What is wrong is named with its place.
 */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { canonicalJson, type Json } from '../../base/canonical-json.ts';
import { readJson } from '../../base/json-text.ts';
import { sha256 } from '../../base/sha256.ts';
import { wholeBody } from '../../base/whole-body.ts';
import { BOUNDS } from '../../model/limits.ts';
import { issueLines } from '../../model/schema-issue.ts';
import { DAEMON_BOUNDS } from '../daemon-bounds.ts';
import { ApiError } from './problem.ts';

/** What a key may be. */
export const KEY = /^[\x21-\x7e]{1,200}$/;

/** The bytes of the body. Throws BODY_TOO_LARGE as soon as there are more than that, BODY_INVALID where the client goes before its end. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > bytesMax) throw tooLarge(bytesMax);
  try {
    // No more than was announced can come.
    if (announced > 0) return await wholeBody(request);
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > bytesMax) throw tooLarge(bytesMax);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError('BODY_INVALID', 'The body has ended before it was whole.', { cause: error });
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON in a body. Throws BODY_INVALID. */
export function jsonIn(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch (error) {
    throw new ApiError('BODY_INVALID', 'The body is not UTF-8.', { cause: error });
  }
  const reading = readJson(text);
  if (reading.kind === 'value') return reading.value;
  throw new ApiError('BODY_INVALID', `The body cannot be read: ${reading.problem}.`, { cause: reading.cause });
}

/** The bound of the body of an operation. */
export function bodyBytesMax(isIntake: boolean): number {
  return isIntake ? BOUNDS.packetsFileBytes : DAEMON_BOUNDS.bodyBytes;
}

/** Throws MEDIA_TYPE_UNSUPPORTED for a body that does not say that it is JSON. */
export function assertJson(contentType: string | undefined): void {
  if (/^application\/json\s*(?:;|$)/i.test(contentType ?? '')) return;
  throw new ApiError('MEDIA_TYPE_UNSUPPORTED', 'The body must be JSON.', {
    next: 'Send it with `Content-Type: application/json`.',
  });
}

/** The value as `schema` reads it. Throws with `code` and every place that is wrong. */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  code: 'BODY_INVALID' | 'QUERY_INVALID',
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = issueLines(result.error.issues);
  const where = code === 'BODY_INVALID' ? 'body' : 'query';
  throw new ApiError(code, `The ${where} is not as it must be: ${lines.join('; ')}.`, {
    details: { issues: [...lines] },
  });
}

/** The key of a command. Throws KEY_MISSING, KEY_INVALID. */
export function keyIn(header: string | undefined): string {
  if (header === undefined || header === '')
    throw new ApiError('KEY_MISSING', 'A command needs an `Idempotency-Key`.', {
      next: 'Send one of your own, new for every command: the same key again is the same command.',
    });
  return assertKey(header);
}

/** The key itself. Throws KEY_INVALID. */
export function assertKey(key: string): string {
  if (KEY.test(key)) return key;
  throw new ApiError('KEY_INVALID', 'An `Idempotency-Key` is 1 to 200 printable ASCII characters without spaces.');
}

/** The record that `If-Match` names; null where there is no condition. Throws CONDITION_INVALID. */
export function conditionIn(header: string | undefined): number | null {
  if (header === undefined || header === '*') return null;
  const [, digits] = /^"(\d{1,15})"$/.exec(header) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new ApiError('CONDITION_INVALID', '`If-Match` must be the `seq` of the run in quotes, as in "12".');
}

/** What tells one request from another under the same key. */
export function bodyHashOf(operation: string, parts: Json): string {
  return sha256(canonicalJson({ operation, parts }));
}

function tooLarge(bytesMax: number): ApiError {
  return new ApiError('BODY_TOO_LARGE', `The body is longer than ${bytesMax} bytes.`, { details: { bytesMax } });
}
