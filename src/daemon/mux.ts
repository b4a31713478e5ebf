/**
 * `/mux`: one WebSocket that carries the change feed, views of runs and outputs of several tasks.
 *
 * Owns: which handshakes are its own, who may have a socket, how many there are. Does not own: a socket (daemon/mux-session), the guard (daemon/guard), what is
 * said (daemon/mux-messages).
 *
 * Invariants: 1. A handshake is let in by the same guard as a request, and counts as a stream. 2. A handshake that is refused is told why as a request is.
 */
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { bearerOf, targetOf } from '../inspector/hub/access.ts';
import { CLOSE_CODES } from '../inspector/wire/page-api.ts';
import type { ApiDaemon } from './api/api-daemon.ts';
import { ApiError, PROBLEM_TYPE, problemOf } from './api/problem.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import { assertHome, assertKnown, type Door } from './guard.ts';
import { type MuxPatience, MuxSession } from './mux-session.ts';

const PATH = '/mux';

/** The multiplexed sockets of a daemon; `close` them. */
export class Mux {
  readonly #daemon: ApiDaemon;
  readonly #patience: MuxPatience;
  /** By the door that each came by. */
  readonly #sessions = new Map<MuxSession, Door['kind']>();
  readonly #handshakes = new WebSocketServer({
    noServer: true,
    maxPayload: DAEMON_BOUNDS.muxMessageBytes,
    perMessageDeflate: false,
    clientTracking: false,
  });

  constructor(daemon: ApiDaemon, patience: Partial<MuxPatience> = {}) {
    const { slowMs, pingMs, pingsUnanswered } = DAEMON_BOUNDS;
    this.#daemon = daemon;
    this.#patience = { slowMs, pingMs, pingsUnanswered, ...patience };
  }

  /** Takes a handshake that is its own, or refuses it; false: it is not, and the connection is the caller's. */
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer, door: Door): boolean {
    const target = targetOf(request);
    if (target?.pathname !== PATH) return false;
    // The other side may be gone before it is told anything.
    connection.on('error', () => connection.destroy());
    try {
      assertHome(request, door);
      const given = target.searchParams.get('token') ?? bearerOf(request);
      assertKnown(given, door, (token) => this.#daemon.isToken(token));
      this.#assertRoom();
    } catch (error) {
      refuse(connection, error);
      return true;
    }
    this.#handshakes.handleUpgrade(request, connection, head, (socket) => this.#open(socket, door));
    return true;
  }

  /** The token was replaced: every client that needed the old one is let go. */
  revoke(): void {
    for (const [session, door] of this.#sessions)
      if (door === 'tcp') session.end(CLOSE_CODES.tokenUnknown, 'the token was replaced');
  }

  close(): void {
    for (const session of this.#sessions.keys()) {
      session.end(CLOSE_CODES.leaving, 'the daemon ends');
      session.cut();
    }
  }

  #assertRoom(): void {
    if (this.#sessions.size >= DAEMON_BOUNDS.muxSockets)
      throw new ApiError('TOO_MANY_CLIENTS', 'Too many multiplexed sockets are open.', { retryAfterS: 5 });
    this.#daemon.streams.assertRoom();
  }

  #open(socket: WebSocket, door: Door): void {
    const session = new MuxSession(this.#daemon, socket, this.#patience);
    const endCount = this.#daemon.streams.count({
      end: () => session.end(CLOSE_CODES.leaving, 'the daemon ends'),
    });
    this.#sessions.set(session, door.kind);
    socket.once('close', () => {
      endCount();
      this.#sessions.delete(session);
    });
  }
}

/** The handshake is refused with the error as a request would get it. Whoever does not hang up then is hung up on. */
function refuse(connection: Duplex, error: unknown): void {
  const problem = problemOf(error, randomUUID());
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Refused'}`,
    'Connection: close',
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(error instanceof ApiError && error.retryAfterS !== null ? [`Retry-After: ${error.retryAfterS}`] : []),
  ];
  connection.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => connection.destroy());
  setTimeout(() => connection.destroy(), DAEMON_BOUNDS.refusalMs).unref();
}
