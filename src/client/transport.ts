/**
 * Requests to the daemon over its Unix socket, or over loopback TCP.
 *
 * Owns: one request and its answer, streams of events. Does not own: which operations there are (api/paths), what they mean (client/client).
 */
import { type IncomingMessage, request as send } from 'node:http';

/** Where the daemon listens. */
export type Address =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly port: number; readonly token: string };

/** One request. */
export interface WireRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds until the head of the answer must be there; without it there is no bound. */
  readonly timeoutMs?: number;
}

/** The answer, whose body is yet to be read. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: AsyncIterable<Buffer>;
}

/** The head of the answer. Rejects with the system's error where nobody answers. */
export function exchange(
  address: Address,
  { method, path, headers = {}, body, signal, timeoutMs }: WireRequest,
): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const door =
      address.kind === 'socket'
        ? { socketPath: address.path, headers: { Host: 'pawl' } }
        : { host: '127.0.0.1', port: address.port, headers: { Authorization: `Bearer ${address.token}` } };
    const outgoing = send({
      ...door,
      method,
      path,
      agent: false,
      headers: {
        ...door.headers,
        ...headers,
        ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
      },
      ...(signal === undefined ? {} : { signal }),
    });
    const timer =
      timeoutMs === undefined
        ? null
        : setTimeout(() => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      if (timer !== null) clearTimeout(timer);
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: incoming });
    });
    outgoing.once('close', () => {
      if (timer !== null) clearTimeout(timer);
    });
    outgoing.end(body);
  });
}

/** The whole text of a body. */
export async function textOf({ body }: WireAnswer): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

/** One server-sent event. */
export interface ServerEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** The events of a stream, as they come; ends when the stream does. Comments are passed over. */
export async function* eventsIn({ body }: WireAnswer): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of body) {
    rest += decoder.decode(piece, { stream: true });
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const event = eventIn(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (event !== null) yield event;
    }
  }
}

function eventIn(text: string): ServerEvent | null {
  const fields = { id: '', event: 'message', data: [] as string[] };
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^(\w+):? ?(.*)$/.exec(line) ?? [];
    if (name === 'data') fields.data.push(value);
    else if (name === 'id' || name === 'event') fields[name] = value;
  }
  return fields.data.length === 0 ? null : { id: fields.id, type: fields.event, data: fields.data.join('\n') };
}
