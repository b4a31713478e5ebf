/**
 * A server of its own kind that takes in the page of several projects, as a daemon does.
 *
 * Owns: the server, the projects and their registries, the token that can be replaced. Does not own: the page's host, clients (registry-kit).
 */
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { Place } from '../../src/engine/run-look.ts';
import { isToken } from '../../src/inspector/hub/access.ts';
import { PageHost } from '../../src/inspector/hub/page-host.ts';
import type { ProjectEntry, SiteDirectory } from '../../src/inspector/hub/site-directory.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { Files } from '../../src/store/files.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { HubClient, InspectorBench, WrittenRun } from './registry-kit.ts';

/** The projects of a test, which come, go and change. */
class Projects implements SiteDirectory {
  readonly #known = new Map<string, { readonly entry: ProjectEntry; readonly place: Place | null }>();
  readonly #listeners = new Set<() => void>();

  list(): readonly ProjectEntry[] {
    return [...this.#known.values()].map(({ entry }) => entry);
  }

  get(id: string | null): Place | null {
    return this.#known.get(id ?? '')?.place ?? null;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  put(entry: ProjectEntry & { readonly id: string }, place: Place | null): void {
    this.#known.set(entry.id, { entry, place });
    for (const listener of this.#listeners) listener();
  }

  remove(id: string): void {
    this.#known.delete(id);
    for (const listener of this.#listeners) listener();
  }
}

/** Projects `shop` and `api`, each with one run, and a server that shows them under its own paths. Close it. */
export class HostBench {
  readonly bench = new InspectorBench();
  readonly projects = new Projects();
  readonly host: PageHost;
  /** How many folders are watched at the moment. */
  watched = 0;
  /** Set: every look at a file or folder fails with it. */
  failure: NodeJS.ErrnoException | null = null;
  token = 'first-token';
  port = 0;
  readonly #server: Server;
  readonly #clients: HubClient[] = [];

  constructor(pageFolder?: string, siteRestMs = 60_000) {
    this.host = new PageHost({
      pageFolder: pageFolder ?? this.bench.page,
      pawlVersion: '0.0.0',
      sites: this.projects,
      isToken: (given) => isToken(given, this.token),
      port: () => this.port,
      siteRestMs,
    });
    this.#server = createServer((request, response) => {
      if (!this.host.answer(request, response)) response.writeHead(418).end(`${request.method} is the server's own`);
    });
    this.#server.on('upgrade', (request, socket, head) => {
      if (!this.host.upgrade(request, socket, head)) socket.end('HTTP/1.1 418 Own\r\n\r\n');
    });
    for (const id of ['shop', 'api']) this.ready(id);
  }

  async listen(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(this.port, '127.0.0.1', done));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/#token=${this.token}`;
  }

  /** From now on the project can be looked at. */
  ready(id: string, more: { readonly state?: string; readonly reason?: string } = {}): void {
    const registry = this.#registry(id);
    mkdirSync(join(registry, 'runs'), { recursive: true });
    const { state = 'ready', reason = null } = more;
    this.projects.put({ id, name: `The ${id}`, state, reason, registry }, this.#place(registry));
  }

  /** From now on it cannot. */
  degraded(id: string, reason: string): void {
    this.projects.put({ id, name: `The ${id}`, state: 'degraded', reason, registry: this.#registry(id) }, null);
  }

  run(project: string, runId: string, records: number): WrittenRun {
    const run = new WrittenRun(this.#registry(project), runId);
    run.append(records);
    run.snapshot();
    return run;
  }

  /** A client of the page's socket, or of another one. */
  async client(query: string, path = '/ws'): Promise<HubClient> {
    const client = new HubClient(`ws://127.0.0.1:${this.port}${path}?token=${this.token}${query}`);
    this.#clients.push(client);
    await client.opened;
    return client;
  }

  async close(): Promise<void> {
    for (const { socket } of this.#clients) socket.terminate();
    this.host.close();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
    await this.bench.close();
  }

  #registry(id: string): string {
    return join(this.bench.folder, id, '.pawl');
  }

  #place(root: string): Place {
    const failing = new Proxy(nodeFs, {
      get: (target, name) => {
        const own = Reflect.get(target, name);
        if (typeof own !== 'function') return own;
        return (...args: unknown[]) => {
          if (this.failure !== null) throw this.failure;
          return Reflect.apply(own, target, args);
        };
      },
    });
    const watch: FsPort['watch'] = (folder, onChange) => {
      const end = failing.watch(folder, onChange);
      this.watched += 1;
      return () => {
        this.watched -= 1;
        end();
      };
    };
    return { files: new Files({ ...failing, watch }, systemClock), paths: new RegistryPaths(root) };
  }
}
