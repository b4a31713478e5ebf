/**
 * The API over one project whose runs stand still: an engine on a simulated machine decides on commands, and drives nothing.
 *
 * Owns: putting the daemon's own parts together around such an engine, listening. Does not own: the engine (support/standing-runs), what is asked.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { type EngineState, ProjectEngine } from '../../src/app/projects/project-engine.ts';
import { createApi } from '../../src/daemon/api/api.ts';
import type { ApiDaemon } from '../../src/daemon/api/api-daemon.ts';
import { DAEMON_BOUNDS } from '../../src/daemon/daemon-bounds.ts';
import type { Door } from '../../src/daemon/guard.ts';
import { type Behind, type ConnectionPatience, type Listener, openListener } from '../../src/daemon/listener.ts';
import { Project, ProjectDirectory } from '../../src/daemon/project-directory.ts';
import { RequestCounts } from '../../src/daemon/request-counts.ts';
import { RunsDesk } from '../../src/daemon/runs-desk.ts';
import { type StreamPatience, Streams } from '../../src/daemon/streams.ts';
import type { Driver } from '../../src/engine/driver.ts';
import { InboxDesk } from '../../src/engine/inbox-desk.ts';
import type { RecordedCommand } from '../../src/model/command.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { ChangeLog } from '../../src/store/change-log/change-log.ts';
import { Files } from '../../src/store/files.ts';
import { HomePaths } from '../../src/store/home/home-paths.ts';
import { ProjectStore } from '../../src/store/home/projects.ts';

/** What is asked for on TCP. */
export const TOKEN = 'the-token-of-the-test';

const nothing = async (): Promise<void> => undefined;

/** An engine that somebody else has opened; it decides on commands and drives nothing. */
class StandingEngine extends ProjectEngine {
  current: { readonly driver: Driver; readonly desk: InboxDesk } | null = null;
  /** Resolves when it is open again; null while it is. */
  opening: Promise<void> | null = null;

  override get state(): EngineState {
    return this.opening === null ? { kind: 'driven', sinceMs: 0 } : { kind: 'opening' };
  }

  override get driving() {
    return this.current;
  }

  override get views(): ReadonlyMap<string, RunView> {
    return new Map((this.current?.driver.views() ?? []).map((view) => [view.runId, view]));
  }

  override async settled(): Promise<void> {
    await this.opening;
  }

  override remembered(commandId: string): RecordedCommand | null {
    return this.current?.driver.world.inbox.remembered(commandId) ?? null;
  }
}

/** The one project there is. */
class OneProject extends ProjectDirectory {
  readonly #project: Project;

  constructor(parts: ConstructorParameters<typeof ProjectDirectory>[0], project: Project) {
    super(parts);
    this.#project = project;
  }

  override list(): readonly Project[] {
    return [this.#project];
  }

  override get(): Project {
    return this.#project;
  }
}

/** The daemon's API on a socket; `close` it. */
export class StandingDaemon {
  readonly files = new Files(nodeFs, systemClock);
  readonly home: HomePaths;
  readonly socket: string;
  /** What it has logged: every answer of 500 and above is among it. */
  readonly lines: string[] = [];
  /** Its ends of the connections on which something was asked. */
  readonly connections = new Set<Socket>();
  readonly #root = mkdtempSync(join(tmpdir(), 'pawl-standing-'));
  readonly #engine: StandingEngine;
  readonly streams: Streams;
  readonly #patience: Partial<StreamPatience & ConnectionPatience>;
  #listener: Listener | null = null;
  #feed: ChangeLog | null = null;

  constructor(patience: Partial<StreamPatience & ConnectionPatience> = {}) {
    this.#patience = patience;
    this.streams = new Streams(patience);
    this.home = new HomePaths(join(this.#root, 'home'));
    this.socket = join(this.#root, 'sock');
    this.#engine = new StandingEngine({
      places: () => {
        throw new Error('it is not opened by itself');
      },
      ...{ log: () => undefined, onState: () => undefined, onLoaded: nothing, onElsewhere: nothing },
      ...{ onRecord: () => undefined, onRemoved: () => undefined, onAside: () => undefined },
    });
  }

  /** The port of the loopback addresses. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get feed(): ChangeLog {
    if (this.#feed === null) throw new Error('it is not open');
    return this.#feed;
  }

  /** It listens. */
  async open(): Promise<void> {
    const { files, home } = this;
    await files.ensureFolders([home.root, home.projects, home.changes]);
    const log = (line: string): void => void this.lines.push(line);
    const retention = DAEMON_BOUNDS.feed;
    this.#feed = await ChangeLog.open({
      files,
      folder: home.changes,
      fence: () => undefined,
      retention,
      isFresh: true,
      log,
    });
    const daemon = this.#daemon(this.#feed, log);
    const behind = (door: Door): Behind => {
      const answer = createApi(daemon, door);
      return {
        request: (request, response) => {
          this.#keep(request.socket);
          answer(request, response);
        },
        upgrade: (_request, connection) => connection.destroy(),
      };
    };
    this.#listener = await openListener(this.socket, 0, behind, { ...DAEMON_BOUNDS, ...this.#patience });
  }

  /** From now on the project is driven by that engine, as by one that was begun a moment ago. */
  serve(driver: Driver): void {
    this.#engine.current = { driver, desk: new InboxDesk(driver) };
  }

  /** It is being opened, and known of no runs, until what this returns is called with the engine that has opened it. */
  reopen(): (driver: Driver) => void {
    let opened = (): void => undefined;
    this.#engine.current = null;
    this.#engine.opening = new Promise((resolve) => {
      opened = resolve;
    });
    return (driver) => {
      this.serve(driver);
      this.#engine.opening = null;
      opened();
    };
  }

  /** What was decided is marked; whoever asks again finds it as a later process would. */
  async restart(): Promise<void> {
    const { current } = this.#engine;
    if (current === null) throw new Error('nothing is served');
    await current.desk.settled();
    this.serve(current.driver);
  }

  async close(): Promise<void> {
    this.streams.close();
    await this.#listener?.close();
    await this.#feed?.close();
    rmSync(this.#root, { recursive: true, force: true });
  }

  #keep(connection: Socket): void {
    if (this.connections.has(connection)) return;
    this.connections.add(connection);
    connection.once('close', () => this.connections.delete(connection));
  }

  #daemon(feed: ChangeLog, log: (line: string) => void): ApiDaemon {
    const { files, home } = this;
    const projectStore = new ProjectStore(files, home);
    const record = {
      id: 'one',
      ordinal: 1,
      name: 'one',
      path: this.#root,
      by: 'somebody',
      atMs: 0,
      key: null,
      bodyHash: null,
    };
    const untold = () => undefined;
    const events = {
      added: untold,
      updated: untold,
      removed: untold,
      recorded: untold,
      runRemoved: untold,
      runAside: untold,
      loaded: nothing,
      observed: nothing,
    };
    const projects = new OneProject(
      { store: projectStore, folder: home.projects, files, events, log },
      new Project(record, () => this.#engine),
    );
    return {
      ...{ version: '0.0.0', startedAt: new Date(0).toISOString(), generation: 1, projects, projectStore, feed, log },
      runs: new RunsDesk(projects),
      guards: { list: () => [] },
      streams: this.streams,
      requests: new RequestCounts(),
      state: () => 'ready',
      assertStarted: untold,
      assertAccepting: untold,
      shutDown: untold,
      isToken: (given) => given === TOKEN,
    };
  }
}
