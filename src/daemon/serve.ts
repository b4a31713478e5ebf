/**
 * The daemon, from its lock to its end.
 *
 * Owns: the order of start and end. Does not own: what is behind its doors (daemon/doors), what is driven (daemon/core), the command (cli/commands/serve).
 *
 * Invariants: 1. One daemon for a state folder: the lock is held before anything else is touched. 2. It listens before it recovers, and is ready when every project
 * has been looked at. 3. At its end nothing new is taken, short work ends within a bound, streams are closed, `daemon.json` is removed if it is still its own, and
 * the lock is released; workers go on. 4. Whatever a kill leaves, the next start takes over by itself.
 */
import { nodeFs } from '../adapters/node-fs.ts';
import { systemProcesses } from '../adapters/processes/system.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { within } from '../base/within.ts';
import { portOf } from '../inspector/hub/listen.ts';
import type { PawlError } from '../model/error.ts';
import { Files } from '../store/files.ts';
import type { GenerationLock } from '../store/generation-lock.ts';
import { removeDaemonFile, writeDaemonFile } from '../store/home/daemon-file.ts';
import { takeHomeLock } from '../store/home/home-lock.ts';
import type { HomePaths } from '../store/home/home-paths.ts';
import { ensureToken } from '../store/home/token-file.ts';
import { API_VERSIONS } from './api/document.ts';
import { DaemonCore } from './core.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import { Doors } from './doors.ts';
import { keepYoungSpaceSmall } from './heap-bounds.ts';

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
  /** Bytes after which the change feed begins a new file; left out, what the feed itself holds to. */
  readonly segmentBytes?: number;
}

/** A daemon that serves. */
export interface Daemon {
  readonly port: number;
  readonly socket: string;
  readonly generation: number;
  /** Resolves when every project has been looked at, or the daemon is to end. */
  readonly ready: Promise<void>;
  /**
   * Resolves when it has ended: with null in order, with an error when it has lost its lock, and the process must end at once. Rejects with what kept it from
   * ending in order.
   */
  readonly ended: Promise<PawlError | null>;
  /** Begins the end. */
  stop(): void;
}

/** Starts a daemon. Throws PAWL_DAEMON_RUNNING where one runs already. */
export async function startDaemon(options: ServeOptions): Promise<Daemon> {
  const { home } = options;
  keepYoungSpaceSmall();
  const files = new Files(nodeFs, systemClock);
  await files.ensureFolders([home.root, home.projects, home.changes]);
  const lock = await takeHomeLock({ files, home, clock: systemClock, processes: systemProcesses() });
  const { version, log, segmentBytes } = options;
  log(`pawl ${version}: generation ${lock.generation}, state in ${home.root}`);
  try {
    await ensureToken(files, home);
    const core = await DaemonCore.open({
      ...{ files, home, lock, version, log },
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
    });
    return await serve(options, files, lock, core);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function serve(options: ServeOptions, files: Files, lock: GenerationLock, core: DaemonCore): Promise<Daemon> {
  const { home, socket, version, pageFolder, logFile, log } = options;
  const doors = await Doors.open(core, { socket, port: options.port ?? { preferred: portOf(home.root) }, pageFolder });
  const { port } = doors;
  const { generation } = lock;
  try {
    await writeDaemonFile(files, home, {
      ...{ v: 1, pid: process.pid, process: systemProcesses().self(), socket, port },
      ...{ startedAt: core.startedAt, version, api: { ...API_VERSIONS }, generation, logFile },
    });
  } catch (error) {
    await doors.close();
    await core.close();
    throw error;
  }
  log(`listens on ${socket} and http://127.0.0.1:${port}`);
  const ready = core.recover();
  const inOrder = core.stopping().then(async () => {
    log('stopping: no new work; workers go on');
    if (!(await within(core.giveBack(), DAEMON_BOUNDS.drainMs, systemClock.timer)))
      log(`short work has not ended after ${DAEMON_BOUNDS.drainMs} ms: the next start finds it`);
    await doors.close();
    await core.close();
    await removeDaemonFile(files, home, generation);
    await lock.release();
    log('stopped');
    return null;
  });
  // Without its lock it may write nothing, not even that it ends: whoever awaits this ends the process at once.
  const ended = Promise.race([inOrder, core.broken()]);
  return { port, socket, generation, ready, ended, stop: () => core.shutDown() };
}
