/**
 * The page that passes the inspection messages on into Stately's inspector.
 *
 * Owns: which inspector it shows, what is taken out of a message before it leaves the machine. Does not own: the page
 * itself (page/stately-bridge), the stream (hub/stately-session).
 *
 * Invariant: what leaves is the shape of the run: names of states and events, counts, times, hashes. Texts are sanitised, and those
 * that say where things are on this machine or what the work is about are left out.
 */
import { isObject, type Json, type JsonObject } from '../../base/canonical-json.ts';
import type { StatelyMessage } from '../wire/stately-message.ts';
import { safeDocument } from './safe-document.ts';

/** The path of the bridge page, which is among the built files. */
export const STATELY_PAGE_PATH = '/stately.html';

/** Members of contexts and events that are words, paths, names of people or of a repository's things: none of them leaves. */
const LEFT_OUT = new Set([
  'message',
  'hint',
  'evidence',
  'reason',
  'by',
  'detail',
  'path',
  'paths',
  'surfaces',
  'surfacesAdded',
  'branch',
  'baseBranch',
  'filesChanged',
  'reference',
  'rescueRef',
  'missingFields',
  'holder',
  'session',
  'askedSession',
  'sessionMismatch',
  'denials',
  'unasked',
]);

const MARK = '[left out]';

/** The built bridge page, which shows the inspector at `url` instead of the hosted one. */
export function bridgePage(page: Uint8Array, url: string): string {
  return new TextDecoder().decode(page).replace(/data-url="[^"]*"/, `data-url="${escaped(url)}"`);
}

/** The message without what is nobody's business outside of this machine. */
export function safeForOutside(message: StatelyMessage): StatelyMessage {
  switch (message.type) {
    case '@xstate.actor':
      return { ...message, snapshot: without(message.snapshot) };
    case '@xstate.event':
      return { ...message, event: objectWithout(message.event) };
    default:
      return { ...message, event: objectWithout(message.event), snapshot: without(message.snapshot) };
  }
}

function objectWithout(value: JsonObject): JsonObject {
  const safe = without(value);
  return isObject(safe) ? { ...safe } : {};
}

function without(value: Json): Json {
  return safeDocument(leftOut(value));
}

function leftOut(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(leftOut);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      LEFT_OUT.has(name) && member !== null ? MARK : leftOut(member),
    ]),
  );
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
