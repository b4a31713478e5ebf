/**
 * What a daemon drives and knows: its projects, its change feed, its token.
 *
 * Owns: those parts and how they are told of each other. Does not own: listening (daemon/doors), the lock and the order of start and end (daemon/serve).
 */

import { setMaxListeners } from 'node:events';
import { DISK_FLOOR, freeBytes, sizeWords } from '../adapters/disk-space.ts';
import { watchProblem } from '../adapters/node-fs.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { listed } from '../base/listed.ts';
import { isToken } from '../inspector/hub/access.ts';
import type { PawlError } from '../model/error.ts';
import { ChangeLog } from '../store/change-log/change-log.ts';
import type { Files } from '../store/files.ts';
import type { GenerationLock } from '../store/generation-lock.ts';
import { hasServed } from '../store/home/daemon-file.ts';
import type { HomePaths } from '../store/home/home-paths.ts';
import { ProjectStore } from '../store/home/projects.ts';
import { readToken } from '../store/home/token-file.ts';
import type { ApiDaemon } from './api/api-daemon.ts';
import { ApiError } from './api/problem.ts';
import { ChangeSource } from './change-source.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import { Guards } from './guards.ts';
import { collectOldSpaceSooner, keepYoungSpaceSmall } from './heap-bounds.ts';
import { PageDirectory } from './page-directory.ts';
import { projectChange } from './project-changes.ts';
import { type Project, ProjectDirectory } from './project-directory.ts';
import { RequestCounts } from './request-counts.ts';
import { RunsDesk } from './runs-desk.ts';
import { Streams } from './streams.ts';

/** What a core is made from. */
export interface CoreParts {
  readonly files: Files;
  readonly home: HomePaths;
  readonly lock: GenerationLock;
  readonly version: string;
  readonly log: (line: string) => void;
  readonly segmentBytes?: number;
}

/** How often it is looked whether the token was replaced. */
const TOKEN_LOOK_MS = 1_000;
const PROJECTS_NAMED = 5;

/** The daemon behind its doors; `close` it. */
export class DaemonCore implements ApiDaemon {
  readonly version: string;
  readonly startedAt: string;
  readonly generation: number;
  readonly projects: ProjectDirectory;
  readonly projectStore: ProjectStore;
  readonly runs: RunsDesk;
  readonly feed: ChangeLog;
  readonly guards: Guards;
  readonly streams = new Streams();
  readonly requests = new RequestCounts();
  /** The projects as the page sees them. */
  readonly pageProjects: PageDirectory;
  readonly log: (line: string) => void;
  readonly #parts: CoreParts;
  readonly #source: ChangeSource;
  readonly #stopping = new AbortController();
  #hasStarted = false;
  readonly #broken: Promise<PawlError>;
  #isReady = false;

  private constructor(parts: CoreParts, feed: ChangeLog) {
    const { files, home, lock, version, log } = parts;
    this.#parts = parts;
    // Every project and every client waits for it.
    setMaxListeners(0, this.#stopping.signal);
    this.version = version;
    this.startedAt = new Date(systemClock.nowMs()).toISOString();
    this.generation = lock.generation;
    this.log = log;
    this.feed = feed;
    let breakOff: (error: PawlError) => void = () => undefined;
    this.#broken = new Promise((resolve) => {
      breakOff = resolve;
    });
    this.#source = new ChangeSource(feed, log, breakOff);
    this.projectStore = new ProjectStore(files, home);
    this.projects = new ProjectDirectory({
      store: this.projectStore,
      folder: home.projects,
      files,
      log,
      events: {
        added: (project) => this.#added(project),
        updated: (project) => this.#told('project_updated', project),
        removed: (project) => this.#told('project_removed', project),
        loaded: ({ record }, views, place) => {
          keepYoungSpaceSmall();
          return this.#source.loaded(record, place, views);
        },
        observed: ({ record }, views, place) => this.#source.loaded(record, place, views),
        recorded: (project, record, before, after, place) =>
          this.#source.recorded(project.id, place, record, before, after),
        runRemoved: (project, runId, place) => this.#source.runRemoved(project.id, place, runId),
        runAside: (project, view) => this.#source.runAside(project.id, view),
      },
    });
    this.runs = new RunsDesk(this.projects);
    this.pageProjects = new PageDirectory(this.projects);
    this.guards = new Guards({
      clock: systemClock,
      looks: {
        lock: () => {
          lock.assertHighest(lock.generation);
          return null;
        },
        disk: () => this.#diskProblem(),
        feed: () => this.#source.problem,
        watch: () => watchProblem(home.projects),
        projects: () => this.#projectsProblem(),
      },
      tell: (change) => this.#source.offer(change),
      onLockLost: breakOff,
      log,
    });
  }

  /** A core whose feed is at its end; nothing is driven yet. */
  static async open(parts: CoreParts): Promise<DaemonCore> {
    const { files, home, lock, log, segmentBytes } = parts;
    const feed = await ChangeLog.open({
      files,
      folder: home.changes,
      fence: () => lock.assertHighest(lock.generation),
      retention: DAEMON_BOUNDS.feed,
      isFresh: !hasServed(files, home),
      log,
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
    });
    return new DaemonCore(parts, feed);
  }

  /** Drives every project from now on; resolves when each has been looked at, or the end has begun. */
  async recover(): Promise<void> {
    this.projects.open();
    this.#hasStarted = true;
    this.guards.start();
    await this.projects.settled(this.#stopping.signal);
    this.#isReady = true;
    collectOldSpaceSooner();
    if (!this.#stopping.signal.aborted) this.log(`ready: ${this.projects.list().length} projects`);
  }

  /** Resolves when the end has begun. */
  stopping(): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Resolves when nothing may be written any more: somebody else has become the daemon of this state folder, or a sync has failed. */
  broken(): Promise<PawlError> {
    return this.#broken;
  }

  /** Every registry is given back, and what that has changed is in the feed. */
  async giveBack(): Promise<void> {
    await this.projects.close();
    await this.#source.settled();
  }

  /** Nothing is written any more. */
  async close(): Promise<void> {
    this.guards.close();
    await this.#source.close();
    await this.feed.close();
  }

  state(): 'recovering' | 'ready' | 'stopping' {
    if (this.#stopping.signal.aborted) return 'stopping';
    return this.#isReady ? 'ready' : 'recovering';
  }

  assertStarted(): void {
    if (this.#hasStarted) return;
    throw new ApiError('DAEMON_STARTING', 'The daemon has begun a moment ago and knows no project yet.', {
      retryAfterS: 1,
    });
  }

  assertAccepting(): void {
    if (!this.#stopping.signal.aborted) return;
    throw new ApiError('DAEMON_STOPPING', 'The daemon is stopping and takes no new work.', { retryAfterS: 5 });
  }

  shutDown(): void {
    this.#stopping.abort();
  }

  isToken(given: string | null): boolean {
    const { files, home } = this.#parts;
    return isToken(given, readToken(files, home));
  }

  /** Calls `tell` whenever there is another token; returns how to end that. One that cannot be read replaces none. */
  onNewToken(tell: () => void): () => void {
    const { files, home, log } = this.#parts;
    let last = readToken(files, home);
    const timer = setInterval(() => {
      const token = readToken(files, home);
      if (token === null || token === last) return;
      last = token;
      log('the token was replaced: whoever has shown the old one is let go');
      tell();
    }, TOKEN_LOOK_MS);
    timer.unref();
    return () => clearInterval(timer);
  }

  /** A project that the feed knows was there before this daemon began. */
  #added(project: Project): void {
    this.#source.added(projectChange('project_added', project));
    this.pageProjects.changed();
  }

  async #diskProblem(): Promise<string | null> {
    const folders = [this.#parts.home.root, ...this.projects.list().map(({ registry }) => registry)];
    for (const folder of folders.filter((each) => each !== '')) {
      const bytes = await freeBytes(folder);
      if (bytes < DISK_FLOOR.failBytes) return `less than ${sizeWords(DISK_FLOOR.failBytes)} is left at ${folder}`;
    }
    return null;
  }

  #projectsProblem(): string | null {
    const degraded = this.projects
      .list()
      .flatMap(({ id, engine: { state } }) => (state.kind === 'degraded' ? [`${id} (${state.code})`] : []));
    return degraded.length === 0 ? null : `degraded: ${listed(degraded, PROJECTS_NAMED)}`;
  }

  #told(type: 'project_updated' | 'project_removed', project: Project): void {
    const change = projectChange(type, project);
    if (type === 'project_removed') this.#source.removed(change);
    else this.#source.tell(change);
    this.pageProjects.changed();
  }
}
