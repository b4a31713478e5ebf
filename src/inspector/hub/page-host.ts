/**
 * The page and its sockets, for any number of projects, in whatever server takes it in.
 *
 * Owns: which requests and handshakes are the page's, who may have a socket, what such a socket looks at. Does not own: listening,
 * the checks of a request (hub/access), the token, what is shown of one registry (hub/hub-site).
 *
 * Invariants: 1. A request that is not the page's is left as it came. 2. Without the token nothing of any project is told. 3. What
 * clients can make it keep is bounded (L9). 4. A project that cannot be looked at keeps nobody from the others.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../adapters/system-clock.ts';
import type { Place } from '../../engine/run-look.ts';
import { isSafeName } from '../../store/registry-paths.ts';
import { CLOSE_CODES, type HubMessage, PAGE_SOCKET_PATH, SESSION_PATH } from '../wire/page-api.ts';
import { bearerOf, methodRefusalOf, siteRefusalOf, targetOf } from './access.ts';
import { Assets } from './assets.ts';
import { ChooserSession } from './chooser-session.ts';
import { factsOf, helloOf } from './hello.ts';
import { type Answer, refuseUpgrade, send } from './http-answers.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import { HubSite } from './hub-site.ts';
import { PacedSocket } from './paced-socket.ts';
import { ProjectCounts } from './project-counts.ts';
import type { ProjectEntry, SiteDirectory } from './site-directory.ts';
import { SitePool, type SiteUse } from './site-pool.ts';
import { bridgePage, STATELY_PAGE_PATH } from './stately-page.ts';

/** The path of the WebSocket that speaks the Stately inspection protocol. */
const INSPECT_SOCKET_PATH = '/inspect';
/** RFC 6455: the server cannot do what it is asked for. */
const INTERNAL_ERROR = 1011;

/** How a host is made. */
export interface PageHostOptions {
  /** Folder of the built page. */
  readonly pageFolder: string;
  readonly pawlVersion: string;
  readonly sites: SiteDirectory;
  /** True when a client has shown the token that is valid now. */
  readonly isToken: (given: string | null) => boolean;
  /** The port on which requests come in: `Host` and `Origin` must name it. */
  readonly port: () => number;
  /** The run that is shown first. */
  readonly runId?: string | null;
  /** Where a proof.json may be, the first one that is there counts. */
  readonly proofPaths?: readonly string[];
  /** The inspector page that the stream is bridged into; null: it is not. Data leaves the machine then. */
  readonly statelyUrl?: string | null;
  /** How long a project is still watched after the last client that looks at it. */
  readonly siteRestMs?: number;
}

/** A page that looks at no registry: what it asked for, and what it was given. */
interface Waiting {
  readonly asked: string | null;
  readonly given: ProjectEntry | null;
  readonly session: ChooserSession;
}

/** The page's part of a server; `close` it. */
export class PageHost {
  readonly #options: PageHostOptions;
  readonly #assets: Assets;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: HUB_BOUNDS.requestBytes,
    perMessageDeflate: false,
    clientTracking: true,
  });
  /** The connections of those that have shown the token. */
  readonly #trusted = new WeakSet<Duplex>();
  readonly #pool: SitePool;
  readonly #counts: ProjectCounts;
  readonly #waiting = new Map<WebSocket, Waiting>();
  readonly #endListening: () => void;

  constructor(options: PageHostOptions) {
    const { sites, siteRestMs = HUB_BOUNDS.siteRestMs } = options;
    this.#options = options;
    this.#assets = new Assets(options.pageFolder);
    this.#pool = new SitePool({
      placeOf: (id) => sites.get(id),
      make: (id, place) => this.#makeSite(id, place),
      restMs: siteRestMs,
    });
    this.#counts = new ProjectCounts({ ids: () => sites.list().map(({ id }) => id), use: (id) => this.#pool.use(id) });
    this.#endListening = sites.onChange(() => this.#sitesChanged());
  }

  /** Answers a request that is the page's; false: it is not, and nothing was written. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const target = targetOf(request);
    const answer = target === null ? null : this.#answerTo(target.pathname);
    if (answer === null) return false;
    const port = this.#options.port();
    const status = siteRefusalOf(request, port) ?? methodRefusalOf(request);
    send(request, response, port, status === null ? answer(request) : { status, body: 'refused\n' });
    return true;
  }

  /** Takes a handshake that is the page's, or refuses it; false: it is not, and the connection is the caller's. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const target = targetOf(request);
    if (target === null || ![PAGE_SOCKET_PATH, INSPECT_SOCKET_PATH].includes(target.pathname)) return false;
    const status = this.#upgradeRefusal(request, target);
    if (status !== null) {
      refuseUpgrade(socket, status);
      return true;
    }
    // The other side may be gone before it is told anything.
    socket.on('error', () => socket.destroy());
    this.#trusted.add(socket);
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#open(client, target));
    return true;
  }

  /** True for the connection of a client that has shown the token. */
  isTrusted(connection: Duplex): boolean {
    return this.#trusted.has(connection);
  }

  /** The project is watched from now on, whether somebody looks or not. */
  keep(id: string | null): void {
    this.#pool.use(id);
  }

  /** The token was replaced: whoever has shown the old one is let go, and told nothing more. */
  revoke(): void {
    for (const client of this.#sockets.clients) {
      client.close(CLOSE_CODES.tokenUnknown, 'the token was replaced');
      setTimeout(() => client.terminate(), HUB_BOUNDS.refusalMs).unref();
    }
  }

  close(): void {
    this.#endListening();
    this.#pool.close();
    for (const client of this.#sockets.clients) {
      client.close(CLOSE_CODES.leaving, 'the hub ends');
      client.terminate();
    }
  }

  /** What is answered under that path, null when it is not the page's. */
  #answerTo(path: string): ((request: IncomingMessage) => Answer) | null {
    if (path === SESSION_PATH) return (request) => ({ status: this.#options.isToken(bearerOf(request)) ? 204 : 401 });
    const asset = this.#assets.get(path);
    if (asset === null)
      return path === '/' ? () => ({ status: 503, body: 'the page was not built: npm run build\n' }) : null;
    const { type, bytes } = asset;
    if (path !== STATELY_PAGE_PATH) return () => ({ status: 200, type, body: bytes });
    const { statelyUrl = null } = this.#options;
    if (statelyUrl === null) return () => ({ status: 404, body: 'pawl inspect --stately shows this page\n' });
    return () => ({ status: 200, type, body: bridgePage(bytes, statelyUrl), frames: new URL(statelyUrl).origin });
  }

  #upgradeRefusal(request: IncomingMessage, target: URL): number | null {
    const { searchParams, pathname } = target;
    const refusal = siteRefusalOf(request, this.#options.port()) ?? methodRefusalOf(request);
    if (refusal !== null) return refusal;
    if (!this.#options.isToken(searchParams.get('token'))) return 401;
    const runId = searchParams.get('run');
    if (runId !== null && !isSafeName(runId)) return 400;
    if (this.#sockets.clients.size >= HUB_BOUNDS.clients) return 503;
    return pathname === INSPECT_SOCKET_PATH && this.#entryOf(searchParams.get('project')) === null ? 404 : null;
  }

  /** The project that is meant: the one named, or the only one. */
  #entryOf(asked: string | null): ProjectEntry | null {
    const entries = this.#options.sites.list();
    const named = entries.find(({ id }) => id === asked) ?? null;
    return named ?? (asked === null && entries.length === 1 ? (entries[0] ?? null) : null);
  }

  #open(client: WebSocket, { searchParams, pathname }: URL): void {
    const asked = searchParams.get('project');
    const entry = this.#entryOf(asked);
    const use = entry === null ? null : this.#pool.use(entry.id);
    if (use !== null) client.on('close', () => use.end());
    if (pathname === PAGE_SOCKET_PATH) this.#openPage(client, asked, entry, use);
    else if (use === null) client.close(INTERNAL_ERROR, 'the registry cannot be read');
    else
      use.site.openInspector(client, {
        runId: searchParams.get('run'),
        isForOutside: searchParams.get('for') === 'outside',
      });
  }

  #openPage(client: WebSocket, asked: string | null, entry: ProjectEntry | null, use: SiteUse | null): void {
    if (use !== null) {
      use.site.openPage(client);
      return;
    }
    const session = new ChooserSession({
      socket: new PacedSocket(client),
      // Of a project whose registry cannot be looked at there are no runs.
      first: [this.#hello(entry, null), ...(entry === null ? [] : [{ type: 'runs', runs: [] } as const])],
      projects: () => this.#projects(),
      counts: () => this.#counts.message(),
    });
    this.#waiting.set(client, { asked, given: entry, session });
    const endLook = entry === null ? this.#counts.look(() => session.changed('counts')) : () => undefined;
    if (entry === null) session.changed('counts');
    client.on('message', (data) => session.heard(String(data)));
    client.on('close', () => {
      endLook();
      session.close();
      this.#waiting.delete(client);
    });
  }

  /** Pages whose project has moved, come or gone connect again; all others are told what there is to choose from. */
  #sitesChanged(): void {
    this.#pool.review();
    this.#counts.review();
    for (const site of this.#pool.sites) site.projectsChanged();
    for (const [client, { asked, given, session }] of this.#waiting) {
      const entry = this.#entryOf(asked);
      const isMoved = entry?.id !== given?.id || (entry !== null && this.#options.sites.get(entry.id) !== null);
      if (isMoved) client.close(CLOSE_CODES.moved, 'connect again');
      else session.changed('projects');
    }
  }

  #makeSite(id: string | null, place: Place): HubSite {
    const { proofPaths = [] } = this.#options;
    const hello = (): HubMessage => this.#hello(this.#entryOf(id), place);
    return new HubSite({ place, hello, projects: () => this.#projects(), proofPaths });
  }

  #projects(): HubMessage {
    return { type: 'projects', projects: this.#options.sites.list().map(factsOf) };
  }

  #hello(entry: ProjectEntry | null, place: Place | null): HubMessage {
    const { sites, pawlVersion, runId = null, proofPaths = [] } = this.#options;
    return helloOf({
      pawlVersion,
      projects: sites.list(),
      project: entry?.id ?? null,
      registry: place?.paths.root ?? entry?.registry ?? null,
      place,
      runId,
      proofPaths,
      nowMs: (place?.files.clock ?? systemClock).nowMs(),
    });
  }
}
