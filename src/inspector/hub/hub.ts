/**
 * The local server that shows one registry by itself: `pawl inspect`.
 *
 * Owns: starting and ending, how many may connect. Does not own: what is served (hub/page-host), the checks of a request (hub/access).
 *
 * Invariants: 1. It reads: no lock is taken, nothing is written. 2. It listens on the loopback addresses
 * alone. 3. Without the token nothing of the registry is told. 4. Everything that a client can make it keep is bounded (L9).
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Place } from '../../engine/run-look.ts';
import { isToken, methodRefusalOf, siteRefusalOf, type TokenSource, targetOf, tokenIn } from './access.ts';
import { refuseUpgrade, send } from './http-answers.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import { closed, listenLocally, listenPreferably, portOf } from './listen.ts';
import { PageHost } from './page-host.ts';
import { onlyRegistry } from './site-directory.ts';
import { STATELY_PAGE_PATH } from './stately-page.ts';

/** How a hub is made. */
export interface HubOptions {
  readonly place: Place;
  /** Folder of the built page. */
  readonly pageFolder: string;
  readonly pawlVersion: string;
  readonly token: TokenSource;
  /** 0: a free one; absent: the same one each time for the same registry, if it is free. */
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

/** A hub that listens, and has begun to look at every run. Throws PAWL_USAGE when the port is taken. */
export async function createHub(options: HubOptions): Promise<Hub> {
  const server = new HubServer(options);
  const port = await server.listen(options.port ?? null);
  const { runId = null, statelyUrl = null } = options;
  const token = tokenIn(options.token) ?? '';
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
  readonly #token: TokenSource;
  readonly #tokenPoll: NodeJS.Timeout;
  #lastToken: string | null;
  readonly #servers: readonly [Server, Server];
  /** All that came in, also those that HTTP has let go of. */
  readonly #connections = new Set<Duplex>();
  readonly #host: PageHost;
  readonly #registryPort: number;
  #port = 0;

  constructor(options: HubOptions) {
    const { place, token, port: _port, ...rest } = options;
    this.#registryPort = portOf(place.paths.root);
    this.#token = token;
    this.#lastToken = tokenIn(token);
    this.#tokenPoll = setInterval(() => this.#lookAtToken(), HUB_BOUNDS.tokenMs);
    this.#tokenPoll.unref();
    this.#host = new PageHost({
      ...rest,
      sites: onlyRegistry(place),
      isToken: (given) => isToken(given, tokenIn(token)),
      port: () => this.#port,
    });
    // Whoever opens the page finds every run looked at.
    this.#host.keep(null);
    this.#servers = [this.#server(), this.#server()];
  }

  /** Null: the registry's own port, if it is free. */
  async listen(port: number | null): Promise<number> {
    const [four, six] = this.#servers;
    const pair = { four, six };
    try {
      this.#port = port === null ? await listenPreferably(pair, this.#registryPort) : await listenLocally(pair, port);
    } catch (error) {
      await this.close();
      throw error;
    }
    return this.#port;
  }

  async close(): Promise<void> {
    clearInterval(this.#tokenPoll);
    this.#host.close();
    for (const connection of this.#connections) connection.destroy();
    await Promise.all(this.#servers.map(closed));
  }

  /** A token that cannot be read lets nobody in, and replaces none. */
  #lookAtToken(): void {
    const token = tokenIn(this.#token);
    if (token === null || token === this.#lastToken) return;
    this.#lastToken = token;
    this.#host.revoke();
  }

  #server(): Server {
    const server = createServer({ maxHeaderSize: HUB_BOUNDS.requestBytes }, (request, response) => {
      if (!this.#host.answer(request, response))
        send(request, response, this.#port, { status: this.#refusalOf(request), body: 'not found\n' });
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (!this.#host.upgrade(request, socket, head)) refuseUpgrade(socket, this.#refusalOf(request));
    });
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

  /** The status of what is under no path of ours. */
  #refusalOf(request: IncomingMessage): number {
    const refusal = siteRefusalOf(request, this.#port) ?? methodRefusalOf(request);
    return refusal ?? (targetOf(request) === null ? 400 : 404);
  }

  /** When all places are taken, the oldest connection that has not shown the token is cut: idle ones keep nobody out. */
  #makeRoom(): void {
    if (this.#connections.size < HUB_BOUNDS.connections) return;
    for (const connection of this.#connections) {
      if (this.#host.isTrusted(connection)) continue;
      this.#connections.delete(connection);
      connection.destroy();
      return;
    }
  }
}
