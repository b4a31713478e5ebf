/**
 * How a request is answered, and how a handshake is refused.
 *
 * Owns: writing both. Does not own: what the answer is (hub/page-host, hub/hub).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { headersFor } from './assets.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';

/** An answer to a plain request. */
export interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string | Uint8Array;
  /** The origin that the answered page may show inside of it. */
  readonly frames?: string;
}

/** The answer is sent, with the headers of every answer. */
export function send(request: IncomingMessage, response: ServerResponse, port: number, answer: Answer): void {
  const { status, type = 'text/plain; charset=utf-8', body = '', frames = null } = answer;
  response.writeHead(status, {
    ...headersFor(port, frames),
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** The handshake is refused. Whoever does not hang up then is hung up on: no server owns that connection any more. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  // The other side may be gone before it is told anything.
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
  setTimeout(() => socket.destroy(), HUB_BOUNDS.refusalMs).unref();
}
