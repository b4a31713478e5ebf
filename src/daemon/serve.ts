/**
 * The daemon, from its lock to its end.
 *
 * Owns: the order of start and end. Does not own: what is served (daemon/api), what is driven (daemon/project-directory), the command (cli/commands/serve).
 *
 * Invariants: 1. One daemon for a state folder: the lock is held before anything else is touched. 2. It listens before it recovers, and is ready when every project
 * has been looked at. 3. At its end nothing new is taken, short work ends within a bound, streams are closed, `daemon.json` is removed if it is still its own, and
 * the lock is released; workers go on. 4. Whatever a kill leaves, the next start takes over by itself.
 */

import { nodeFs } from '../adapters/node-fs.ts';
import { systemProcesses } from '../adapters/processes/system.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { isToken } from '../inspector/hub/access.ts';
import { refuseUpgrade } from '../inspector/hub/http-answers.ts';
import { portOf } from '../inspector/hub/listen.ts';
import { PageHost } from '../inspector/hub/page-host.ts';
import { ChangeLog } from '../store/change-log/change-log.ts';
import { Files } from '../store/files.ts';
import { removeDaemonFile, writeDaemonFile } from '../store/home/daemon-file.ts';
import { takeHomeLock } from '../store/home/home-lock.ts';
import type { HomePaths } from '../store/home/home-paths.ts';
import { ProjectStore } from '../store/home/projects.ts';
import { ensureToken, readToken } from '../store/home/token-file.ts';
import { createApi } from './api/api.ts';
import type { ApiDaemon } from './api/api-daemon.ts';
import { API_VERSIONS } from './api/document.ts';
import { ApiError } from './api/problem.ts';
import { ChangeSource } from './change-source.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import type { Door } from './guard.ts';
import { type Behind, type Listener, openListener } from './listener.ts';
import { PageDirectory } from './page-directory.ts';
import { projectChange } from './project-changes.ts';
import { ProjectDirectory } from './project-directory.ts';
import { RunsDesk } from './runs-desk.ts';
import { Streams } from './streams.ts';

/** How a daemon is started. */
export interface ServeOptions {
  readonly home: HomePaths;
  readonly socket: string;
  /** 0: a free one; null: the same one each time for the same state folder, if it is free. */
  readonly port: number | null;
  /** Folder of the built page. */
  readonly pageFolder: string;
  readonly version: string;
  readonly logFile: string | null;
  readonly log: (line: string) => void;
}

/** A daemon that serves. */
export interface Daemon {
  readonly port: number;
  readonly socket: string;
  readonly generation: number;
  /** Resolves when every project has been looked at. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended by itself or was asked to; rejects with what kept it from ending in order. */
  readonly ended: Promise<void>;
  /** Begins the end. */
  stop(): void;
}

/** Starts a daemon. Throws PAWL_DAEMON_RUNNING where one runs already. */
export async function startDaemon(options: ServeOptions): Promise<Daemon> {
  const { home, log, version } = options;
  const files = new Files(nodeFs, systemClock);
  await files.ensureFolders([home.root, home.projects, home.changes]);
  const lock = await takeHomeLock({ files, home, clock: systemClock, processes: systemProcesses() });
  try {
    return await serveUnder(options, files, lock);
  } catch (error) {
    await lock.release();
    throw error;
  } finally {
    log(`pawl ${version}: generation ${lock.generation}, state in ${home.root}`);
  }
}

type HomeLock = Awaited<ReturnType<typeof takeHomeLock>>;

async function serveUnder(options: ServeOptions, files: Files, lock: HomeLock): Promise<Daemon> {
  const { home, socket, version, log } = options;
  await ensureToken(files, home);
  const feed = await ChangeLog.open({
    files,
    folder: home.changes,
    fence: () => lock.assertHighest(lock.generation),
    retention: DAEMON_BOUNDS.feed,
    isFresh: lock.generation === 1,
    log,
  });
  const source = new ChangeSource(feed, log);
  const projectStore = new ProjectStore(files, home);
  let tellPage = (): void => undefined;
  const projects = directoryOf(projectStore, files, home, source, log, () => tellPage());
  const streams = new Streams();
  const stopping = new AbortController();
  let isReady = false;
  const daemon: ApiDaemon = {
    version,
    startedAt: new Date(systemClock.nowMs()).toISOString(),
    generation: lock.generation,
    projects,
    projectStore,
    runs: new RunsDesk(projects),
    feed,
    streams,
    state: () => (stopping.signal.aborted ? 'stopping' : isReady ? 'ready' : 'recovering'),
    assertAccepting: () => {
      if (stopping.signal.aborted)
        throw new ApiError('DAEMON_STOPPING', 'The daemon is stopping and takes no new work.', { retryAfterS: 5 });
    },
    shutDown: () => stopping.abort(),
    isToken: (given) => isToken(given, readToken(files, home) ?? ''),
    log,
  };
  const pageDirectory = new PageDirectory(projects);
  tellPage = () => pageDirectory.changed();
  let port = 0;
  const page = new PageHost({
    pageFolder: options.pageFolder,
    pawlVersion: version,
    sites: pageDirectory,
    isToken: (given) => given !== null && daemon.isToken(given),
    port: () => port,
  });
  const endTokenLook = onNewToken(files, home, () => {
    log('the token was replaced: whoever has shown the old one is let go');
    page.revoke();
    streams.close();
  });
  const behind = (door: Door): Behind => {
    const answer = createApi(daemon, door);
    const isPage = door.kind === 'tcp';
    return {
      request: (request, response) => {
        if (!isPage || !page.answer(request, response)) answer(request, response);
      },
      upgrade: (request, connection, head) => {
        if (!isPage || !page.upgrade(request, connection, head)) refuseUpgrade(connection, NOT_FOUND);
      },
    };
  };
  const listener = await openListener(socket, options.port ?? { preferred: portOf(home.root) }, behind);
  port = listener.port;
  await writeDaemonFile(files, home, {
    v: 1,
    pid: process.pid,
    process: systemProcesses().self(),
    socket,
    port: listener.port,
    startedAt: daemon.startedAt,
    version,
    api: { ...API_VERSIONS },
    generation: lock.generation,
    logFile: options.logFile,
  });
  log(`listens on ${socket} and http://127.0.0.1:${listener.port}`);
  projects.open();
  const ready = projects.settled(stopping.signal).then(() => {
    isReady = true;
    if (!stopping.signal.aborted) log(`ready: ${projects.list().length} projects`);
  });
  const parts = { daemon, listener, source, feed, lock, files, home, page, endTokenLook };
  const ended = whenAborted(stopping.signal).then(() => end(parts));
  return { port: listener.port, socket, generation: lock.generation, ready, ended, stop: () => stopping.abort() };
}

function directoryOf(
  store: ProjectStore,
  files: Files,
  home: HomePaths,
  source: ChangeSource,
  log: (line: string) => void,
  tellPage: () => void,
): ProjectDirectory {
  return new ProjectDirectory({
    store,
    folder: home.projects,
    files,
    log,
    events: {
      // A project that the feed knows was there before this daemon began.
      added: (project) => {
        if (!source.knows(project.id)) source.tell(projectChange('project_added', project));
        tellPage();
      },
      updated: (project) => {
        source.tell(projectChange('project_updated', project));
        tellPage();
      },
      removed: (project) => {
        source.removed(projectChange('project_removed', project));
        tellPage();
      },
      loaded: (project, views, place) => source.loaded(project.id, place, views),
      recorded: (project, record, before, after, place) => source.recorded(project.id, place, record, before, after),
    },
  });
}

interface EndParts {
  readonly daemon: ApiDaemon;
  readonly listener: Listener;
  readonly source: ChangeSource;
  readonly feed: ChangeLog;
  readonly lock: HomeLock;
  readonly files: Files;
  readonly home: HomePaths;
  readonly page: PageHost;
  readonly endTokenLook: () => void;
}

async function end({ daemon, listener, source, feed, lock, files, home, page, endTokenLook }: EndParts): Promise<void> {
  const { log, projects, streams } = daemon;
  log('stopping: no new work; workers go on');
  const isDrained = await within(projects.close(), DAEMON_BOUNDS.drainMs);
  if (!isDrained) log(`short work has not ended after ${DAEMON_BOUNDS.drainMs} ms: the next start finds it`);
  await source.close();
  endTokenLook();
  page.close();
  streams.close();
  await listener.close();
  await feed.close();
  await removeDaemonFile(files, home, lock.generation);
  await lock.release();
  log('stopped');
}

/** True when `work` has ended within that time. Rejects with what kept it from ending. */
async function within(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let callOff = (): void => undefined;
  const over = new Promise<'over'>((resolve) => {
    callOff = systemClock.timer(timeoutMs, () => resolve('over'));
  });
  try {
    return (await Promise.race([work, over])) !== 'over';
  } finally {
    callOff();
  }
}

const NOT_FOUND = 404;
/** How often it is looked whether the token was replaced. */
const TOKEN_LOOK_MS = 1_000;

/** Calls `tell` when there is another token; returns how to end that. One that cannot be read replaces none. */
function onNewToken(files: Files, home: HomePaths, tell: () => void): () => void {
  let last = readToken(files, home);
  const timer = setInterval(() => {
    const token = readToken(files, home);
    if (token === null || token === last) return;
    last = token;
    tell();
  }, TOKEN_LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
