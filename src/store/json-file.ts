/**
 * JSON in our own files: canonical text and a newline when written, an unchecked object when read.
 *
 * Owns: bytes to object and back, and the plain checks shared by the readers. Does not own: the shape of any one file.
 */
import { canonicalJson, isObject } from '../base/canonical-json.ts';
import type { ProcessIdentity } from '../base/process-identity.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** `value` as canonical JSON and a newline, in UTF-8. */
export function jsonBytes(value: unknown): Uint8Array {
  return encoder.encode(`${canonicalJson(value)}\n`);
}

/** The text, null when the bytes are not UTF-8. Different bytes give different texts. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** The value of the text, undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The JSON object in the bytes, null when they hold anything else. */
export function parseJsonObject(bytes: Uint8Array): Record<string, unknown> | null {
  const text = decodeText(bytes);
  const value = text === null ? undefined : parseJson(text);
  return isObject(value) ? value : null;
}

/** True for a whole number from `min` up that JSON keeps exactly. */
export function isOrdinal(value: unknown, min = 0): value is number {
  return Number.isSafeInteger(value) && typeof value === 'number' && value >= min;
}

/** True for 64 lower-case hex digits. */
export function isSha256(value: unknown): value is string {
  // With the length in the pattern, compiling it would take longer than everything else that a short read of a registry does with it.
  return typeof value === 'string' && value.length === 64 && /^[0-9a-f]*$/.test(value);
}

/** True when the value has the shape of a process identity. */
export function isIdentity(value: unknown): value is ProcessIdentity {
  return (
    isObject(value) &&
    isOrdinal(value.pid, 1) &&
    [value.startTime, value.bootId, value.pidNamespace, value.hostname, value.machineId].every(
      (part) => typeof part === 'string',
    )
  );
}
