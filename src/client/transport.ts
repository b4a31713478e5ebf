/**
 * Requests to the daemon over its Unix socket, or over loopback TCP.
 *
 * Owns: one request and its answer, streams of events. Does not own: which operations there are (api/paths), what they mean (client/client).
 */
import { Agent, type IncomingMessage, request as send } from 'node:http';
import { wholeBody } from '../base/whole-body.ts';
import { systemCode } from '../model/error.ts';

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
  /** Connections that were used before and may be used again; without it the request gets one of its own. */
  readonly connections?: Connections;
}

/** Connections that are kept for a while after an answer. They keep no process alive. */
export class Connections {
  readonly agent = new Agent({ keepAlive: true });
}

/** The answer, whose body is yet to be read. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: IncomingMessage;
}

/** What a kept connection fails with that the other side has closed meanwhile. */
const CLOSED: readonly (string | undefined)[] = ['ECONNRESET', 'EPIPE'];

/**
 * The head of the answer. Rejects with the system's error where nobody answers. A request on a kept connection that turns out to be closed is sent again on a new one:
 * whoever keeps connections sends only what may come twice.
 */
export function exchange(address: Address, request: WireRequest): Promise<WireAnswer> {
  const { method, path, headers = {}, body, signal, timeoutMs, connections } = request;
  return new Promise((resolve, reject) => {
    const door =
      address.kind === 'socket'
        ? { socketPath: address.path, headers: { Host: 'pawl' } }
        : { host: '127.0.0.1', port: address.port, headers: { Authorization: `Bearer ${address.token}` } };
    const outgoing = send({
      ...door,
      method,
      path,
      agent: connections?.agent ?? false,
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
    outgoing.once('error', (error) => {
      const { connections: _kept, ...anew } = request;
      if (outgoing.reusedSocket && CLOSED.includes(systemCode(error))) resolve(exchange(address, anew));
      else reject(error);
    });
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
  return (await wholeBody(body)).toString('utf8');
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
  for await (const piece of body as AsyncIterable<Buffer>) {
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
