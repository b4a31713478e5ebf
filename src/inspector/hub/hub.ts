/**
 * The local server that shows a registry: the page's files over HTTP, everything else over two kinds of WebSocket.
 *
 * Owns: starting and ending, who is connected, passing changes on. Does not own: the checks of a request (hub/access), the conversations
 * (hub/page-session, hub/stately-session).
 *
 * Invariants: 1. It reads: no lock is taken, nothing is written, in the registry or elsewhere. 2. It listens on the loopback addresses
 * alone. 3. Without the token nothing of the registry is told. 4. Everything that a client can make it keep is bounded (L9).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Place } from '../../engine/run-look.ts';
import { isSafeName } from '../../store/registry-paths.ts';
import { CLOSE_CODES, PAGE_SOCKET_PATH, SESSION_PATH } from '../wire/page-api.ts';
import { bearerOf, isToken, methodRefusalOf, siteRefusalOf, type TokenSource, targetOf, tokenIn } from './access.ts';
import { Assets, headersFor } from './assets.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import { HubSite } from './hub-site.ts';
import { closed, listenLocally } from './listen.ts';
import { bridgePage, STATELY_PAGE_PATH } from './stately-page.ts';

/** The path of the WebSocket that speaks the Stately inspection protocol. */
const INSPECT_SOCKET_PATH = '/inspect';

/** How a hub is made. */
export interface HubOptions {
  readonly place: Place;
  /** Folder of the built page. */
  readonly pageFolder: string;
  readonly pawlVersion: string;
  readonly token: TokenSource;
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** The run that is shown first. */
  readonly runId?: string | null;
  /** Where a proof.json may be, the first one that is there counts. */
  readonly proofPaths?: readonly string[];
  /** The inspector page that the stream is bridged into; null: it is not. Data leaves the machine then. */
  readonly statelyUrl?: string | null;
}

/** A running hub. */
export interface Hub {
  readonly port: number;
  readonly token: string;
  /** The address to open, token included. */
  readonly url: string;
  /** The address of the bridge into Stately's inspector, null when there is none. */
  readonly statelyUrl: string | null;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string | Uint8Array;
  /** The origin that the answered page may show inside of it. */
  readonly frames?: string;
}

/** A hub that listens, and has begun to look at every run. Throws PAWL_USAGE when the port is taken. */
export async function createHub(options: HubOptions): Promise<Hub> {
  const server = new HubServer(options);
  const port = await server.listen(options.port ?? 0);
  const { runId = null, statelyUrl = null } = options;
  const token = options.token.read();
  const fragment = `#token=${token}${runId === null ? '' : `&run=${encodeURIComponent(runId)}`}`;
  return {
    port,
    token,
    url: `http://127.0.0.1:${port}/${fragment}`,
    statelyUrl: statelyUrl === null ? null : `http://127.0.0.1:${port}${STATELY_PAGE_PATH}${fragment}`,
    close: () => server.close(),
  };
}

class HubServer {
  readonly #options: HubOptions;
  readonly #assets: Assets;
  readonly #servers: readonly [Server, Server];
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: HUB_BOUNDS.requestBytes,
    perMessageDeflate: false,
    clientTracking: true,
  });
  /** All that came in, also those that HTTP has let go of. */
  readonly #connections = new Set<Duplex>();
  /** Those that have shown the token: at most HUB_BOUNDS.clients. */
  readonly #trusted = new WeakSet<Duplex>();
  readonly #site: HubSite;
  #port = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#assets = new Assets(options.pageFolder);
    const { place, pawlVersion, runId = null, proofPaths = [] } = options;
    this.#site = new HubSite({ place, pawlVersion, runId, proofPaths });
    this.#servers = [this.#server(), this.#server()];
  }

  async listen(port: number): Promise<number> {
    const [four, six] = this.#servers;
    try {
      this.#port = await listenLocally({ four, six }, port);
    } catch (error) {
      await this.close();
      throw error;
    }
    return this.#port;
  }

  async close(): Promise<void> {
    this.#site.close(CLOSE_CODES.leaving, 'the hub ends');
    for (const socket of this.#sockets.clients) socket.terminate();
    for (const connection of this.#connections) connection.destroy();
    await Promise.all(this.#servers.map(closed));
  }

  #isToken(given: string | null): boolean {
    return isToken(given, tokenIn(this.#options.token));
  }

  #server(): Server {
    const server = createServer({ maxHeaderSize: HUB_BOUNDS.requestBytes }, (request, response) =>
      this.#answer(request, response),
    );
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    server.on('connection', (connection: Socket) => {
      this.#makeRoom();
      this.#connections.add(connection);
      connection.once('close', () => this.#connections.delete(connection));
    });
    // A connection that the system could not give us: the client tries again.
    server.on('error', () => undefined);
    // What is no HTTP gets no answer.
    server.on('clientError', (_error, socket) => socket.destroy());
    return server;
  }

  /** When all places are taken, the oldest connection that has not shown the token is cut: idle ones keep nobody out. */
  #makeRoom(): void {
    if (this.#connections.size < HUB_BOUNDS.connections) return;
    for (const connection of this.#connections) {
      if (this.#trusted.has(connection)) continue;
      this.#connections.delete(connection);
      connection.destroy();
      return;
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { status, type = 'text/plain; charset=utf-8', body = '', frames = null } = this.#answerTo(request);
    response.writeHead(status, {
      ...headersFor(this.#port, frames),
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  #answerTo(request: IncomingMessage): Answer {
    const status = siteRefusalOf(request, this.#port) ?? methodRefusalOf(request);
    if (status !== null) return { status, body: 'refused\n' };
    const target = targetOf(request);
    if (target === null) return { status: 400, body: 'no such path\n' };
    if (target.pathname === SESSION_PATH) return { status: this.#isToken(bearerOf(request)) ? 204 : 401 };
    const asset = this.#assets.get(target.pathname);
    if (asset === null && target.pathname === '/')
      return { status: 503, body: 'the page was not built: npm run build\n' };
    if (asset === null) return { status: 404, body: 'not found\n' };
    const { type, bytes } = asset;
    if (target.pathname !== STATELY_PAGE_PATH) return { status: 200, type, body: bytes };
    const { statelyUrl = null } = this.#options;
    if (statelyUrl === null) return { status: 404, body: 'pawl inspect --stately shows this page\n' };
    return { status: 200, type, body: bridgePage(bytes, statelyUrl), frames: new URL(statelyUrl).origin };
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // The other side may be gone before it is told anything.
    socket.on('error', () => socket.destroy());
    const target = targetOf(request);
    const status = this.#upgradeRefusal(request, target);
    if (status !== null || target === null) {
      // The server does not own it any more: whoever does not hang up is hung up on.
      socket.end(`HTTP/1.1 ${status ?? 400} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
        socket.destroy(),
      );
      setTimeout(() => socket.destroy(), HUB_BOUNDS.refusalMs).unref();
      return;
    }
    this.#trusted.add(socket);
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#open(client, target));
  }

  #upgradeRefusal(request: IncomingMessage, target: URL | null): number | null {
    const refusal = siteRefusalOf(request, this.#port) ?? methodRefusalOf(request);
    if (refusal !== null || target === null) return refusal ?? 400;
    if (![PAGE_SOCKET_PATH, INSPECT_SOCKET_PATH].includes(target.pathname)) return 404;
    if (!this.#isToken(target.searchParams.get('token'))) return 401;
    const runId = target.searchParams.get('run');
    if (runId !== null && !isSafeName(runId)) return 400;
    return this.#sockets.clients.size >= HUB_BOUNDS.clients ? 503 : null;
  }

  #open(client: WebSocket, target: URL): void {
    if (target.pathname === PAGE_SOCKET_PATH) {
      this.#site.openPage(client);
      return;
    }
    const { searchParams } = target;
    this.#site.openInspector(client, {
      runId: searchParams.get('run'),
      isForOutside: searchParams.get('for') === 'outside',
    });
  }
}
