/**
 * The daemon's doors: a Unix socket, and loopback TCP for pages and tools.
 *
 * Owns: binding and closing them, bounds of connections, requests that are not whole in time, answers that nobody takes. Does not own: what is answered, the guard.
 *
 * Invariants: 1. The socket is there for its owner alone (0600) from the moment at which it exists under its name. 2. On TCP nothing but the loopback addresses is
 * bound. 3. Idle connections keep nobody out: the oldest makes room.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { closed, listenLocally, listenPreferably } from '../inspector/hub/listen.ts';
import { systemCode } from '../model/error.ts';
import { ApiError, PROBLEM_TYPE, problemOf } from './api/problem.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import type { Door } from './guard.ts';

/** What is behind a door. */
export interface Behind {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** The doors of a daemon that listens. */
export interface Listener {
  readonly socket: string;
  readonly port: number;
  /** Nothing new is taken; what is under way may end within the bound, then it is cut. */
  close(): Promise<void>;
}

/** How patient the daemon is with a connection, in milliseconds (daemon-bounds says what each is). */
export interface ConnectionPatience {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly lookForLateMs: number;
  readonly idleMs: number;
  readonly silentMs: number;
}

const OWNER_ONLY = 0o600;

/** Listens on the socket and on the port (0: a free one; a preferred one if it is free). Throws PAWL_USAGE for a port that is taken. */
export async function openListener(
  socket: string,
  port: number | { readonly preferred: number },
  behind: (door: Door) => Behind,
  patience: ConnectionPatience = DAEMON_BOUNDS,
): Promise<Listener> {
  const [unix, four, six] = [serverOf(patience), serverOf(patience), serverOf(patience)];
  const servers = [unix, four, six];
  try {
    // Attached before anybody can connect: which port it is shows only then.
    const tcp = { kind: 'tcp' as const, port: 0 };
    for (const server of [four, six]) attach(server, behind(tcp));
    attach(unix, behind({ kind: 'socket' }));
    const pair = { four, six };
    const chosen =
      typeof port === 'number' ? await listenLocally(pair, port) : await listenPreferably(pair, port.preferred);
    tcp.port = chosen;
    await listenOnSocket(unix, socket);
    return {
      socket,
      port: chosen,
      close: async () => {
        await Promise.all(servers.map(drained));
        rmSync(socket, { force: true });
      },
    };
  } catch (error) {
    await Promise.all(servers.map(closed));
    throw error;
  }
}

/** Nothing new is taken; answers that are under way may end, then connections are cut. */
async function drained(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), DAEMON_BOUNDS.answersMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Bound under another name first: under its own it is never open to others. The lock is held, so what lies there is left over. */
async function listenOnSocket(server: Server, path: string): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  rmSync(temporary, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path: temporary, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(temporary, OWNER_ONLY);
  renameSync(temporary, path);
}

function serverOf(patience: ConnectionPatience): Server {
  const server = createServer({
    maxHeaderSize: DAEMON_BOUNDS.headerBytes,
    connectionsCheckingInterval: patience.lookForLateMs,
  });
  server.headersTimeout = patience.headersMs;
  server.requestTimeout = patience.requestMs;
  server.keepAliveTimeout = patience.idleMs;
  server.timeout = patience.silentMs;
  server.maxConnections = DAEMON_BOUNDS.connections + DAEMON_BOUNDS.streams;
  const idle = new Set<Socket>();
  server.on('connection', (connection: Socket) => {
    makeRoom(idle);
    idle.add(connection);
    connection.on('error', () => connection.destroy());
    connection.once('close', () => idle.delete(connection));
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    // Until its body is whole it is the client that is waited for.
    if (hasBody(request)) request.once('end', () => idle.delete(socket));
    else idle.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket);
    });
  });
  // Whoever takes a handshake bounds such connections himself.
  server.on('upgrade', ({ socket }: IncomingMessage) => idle.delete(socket));
  server.on('clientError', refuse);
  return server;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** What is no HTTP, too long or too late gets the answer that HTTP has for it, and is cut. */
function refuse(error: Error, connection: Duplex): void {
  if (!connection.writable) {
    connection.destroy();
    return;
  }
  const problem = problemOf(unreadable(systemCode(error)), randomUUID());
  const body = JSON.stringify(problem);
  connection.end(
    [
      `HTTP/1.1 ${problem.status} ${problem.title}`,
      'Connection: close',
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${problem.requestId}`,
      '',
      body,
    ].join('\r\n'),
  );
}

function unreadable(code: string | undefined): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new ApiError('HEADERS_TOO_LARGE', `The headers are longer than ${DAEMON_BOUNDS.headerBytes} bytes.`);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ApiError('REQUEST_TIMEOUT', 'The request was not whole in time.', { next: 'Send it again.' });
  return new ApiError('REQUEST_INVALID', 'This is not HTTP.');
}

/** When all places are taken, the connection that has been idle longest is cut. */
function makeRoom(idle: Set<Socket>): void {
  if (idle.size < DAEMON_BOUNDS.connections) return;
  for (const connection of idle) {
    idle.delete(connection);
    connection.destroy();
    return;
  }
}

function attach(server: Server, { request, upgrade }: Behind): void {
  server.on('request', request);
  server.on('upgrade', upgrade);
}
