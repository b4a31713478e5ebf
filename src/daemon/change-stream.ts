/**
 * The change feed as server-sent events: replayed from a cursor, then followed.
 *
 * Owns: the cursor of one client, the form of events. Does not own: the feed (store/change-log), filters (daemon/wanted-changes), the pace of a client
 * (daemon/streams).
 *
 * Invariant: a client that comes back with the last id it has seen gets every change after it once and in order, or is told by a `resync` that it cannot.
 */
import type { HttpBindings } from '@hono/node-server';
import type { TextChange } from '../store/change-log/recent-changes.ts';
import type { ApiDaemon } from './api/api-daemon.ts';
import type { Asked } from './api/handlers.ts';
import { ApiError } from './api/problem.ts';
import type { Door } from './guard.ts';
import type { EventStream } from './streams.ts';
import { type ChangeFilter, type FeedPart, filterOf, followed } from './wanted-changes.ts';

/** Answers with the stream; it goes on by itself. Throws CURSOR_INVALID, TOO_MANY_CLIENTS. */
export function followChanges(
  daemon: ApiDaemon,
  { query }: Asked<'followChanges'>,
  env: HttpBindings,
  door: Door,
): void {
  const after = cursorIn(query.after) ?? cursorIn(lastEventId(env)) ?? daemon.feed.head;
  const types = query.type?.split(',').map((word) => word.trim());
  const stream = daemon.streams.open(env.outgoing as never, door);
  void follow(daemon, stream, after, filterOf({ ...query, types })).catch((error: unknown) => {
    daemon.log(`an event stream failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    stream.end();
  });
}

async function follow({ feed }: ApiDaemon, stream: EventStream, after: number, filter: ChangeFilter): Promise<void> {
  for await (const part of followed(feed, after, filter, stream.signal)) await stream.send(textOf(part));
}

function textOf(part: FeedPart): string {
  if (part.kind === 'changes') return part.changes.map(eventOf).join('');
  const { cursor, reason } = part;
  return `id: ${cursor}\nevent: resync\ndata: ${JSON.stringify({ reason, cursor })}\n\n`;
}

function eventOf({ change: { seq, type }, text }: TextChange): string {
  return `id: ${seq}\nevent: ${type}\ndata: ${text}\n\n`;
}

/** The cursor that a text names; null where there is none. Throws CURSOR_INVALID. */
function cursorIn(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const cursor = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(cursor)) return cursor;
  throw new ApiError('CURSOR_INVALID', 'A cursor is the id of a change: a whole number.', {
    next: 'Use the `cursor` of an answer, or the id of the last event.',
  });
}

function lastEventId({ incoming }: HttpBindings): string | undefined {
  const header = incoming.headers['last-event-id'];
  return Array.isArray(header) ? header[0] : header;
}
