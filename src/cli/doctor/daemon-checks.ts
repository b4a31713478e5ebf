/**
 * The daemon and what it needs: its state folder, socket, lock, token, the projects that it drives; whether it runs or not, from outside of a repository too.
 *
 * Owns: those checks. Does not own: how the daemon stands (app/daemon/standing), the projects (store/home/projects).
 *
 * Invariants: 1. Nothing is locked, repaired or left behind. 2. One project that cannot be read spoils no check of another.
 */
import { lstatSync } from 'node:fs';
import { homedir } from 'node:os';
import { nodeFs } from '../../adapters/node-fs.ts';
import { systemProcesses } from '../../adapters/processes/system.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import type { DaemonPlace } from '../../app/daemon/daemon-place.ts';
import { type DaemonState, type Standing, standingOf } from '../../app/daemon/standing.ts';
import { placesOf } from '../../app/options.ts';
import { readConfig } from '../../app/wiring.ts';
import { counted } from '../../base/counted.ts';
import { PawlError } from '../../model/error.ts';
import { Files } from '../../store/files.ts';
import { readHomeHolder } from '../../store/home/home-lock.ts';
import { HomePaths, homeFolder, socketBytesMax, socketPath } from '../../store/home/home-paths.ts';
import { ProjectStore } from '../../store/home/projects.ts';
import { readToken } from '../../store/home/token-file.ts';
import { errorReport } from '../output.ts';
import { packageVersion } from '../package-version.ts';
import type { Check, CheckName } from './doctor-report.ts';
import { existingFolder, writeTrial } from './write-trial.ts';

/** What was found of the daemon. */
export interface DaemonFindings {
  readonly checks: readonly Check[];
  /** What it writes to: its state folder and the registry of every project. */
  readonly folders: readonly string[];
}

/** Where its state folder and its socket would be. */
export interface DaemonSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly temporaryFolder: string;
}

/** The daemon of this user, and what it needs. */
export async function daemonFindings(surroundings: DaemonSurroundings): Promise<DaemonFindings> {
  const { environment } = surroundings;
  let home: HomePaths;
  try {
    home = new HomePaths(homeFolder({ environment, homedir: environment.HOME ?? homedir() }));
  } catch (error) {
    return { checks: [failure('stateFolder', error)], folders: [] };
  }
  const place: DaemonPlace = {
    files: new Files(nodeFs, systemClock),
    home,
    clock: systemClock,
    processes: systemProcesses(),
  };
  const projects = projectFindings(place);
  const checks = [
    await looked('stateFolder', () => stateFolderCheck(home)),
    await looked('socket', () => socketCheck(home, surroundings)),
    await looked('daemonLock', () => lockCheck(place)),
    await looked('daemon', async () => daemonCheck(await standingOf(place))),
    await looked('token', () => tokenCheck(place)),
    ...projects.checks,
  ];
  return { checks, folders: [home.root, ...projects.folders] };
}

/** The check, or that it could not be made. */
async function looked(name: CheckName, look: () => Check | Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (error) {
    return failure(name, error);
  }
}

async function stateFolderCheck({ root }: HomePaths): Promise<Check> {
  const folder = existingFolder(root);
  const problem = await writeTrial(folder);
  const found = folder === root ? root : `none yet; it will be ${root}`;
  if (problem === null) return { name: 'stateFolder', status: 'ok', found, hint: null };
  const hint = `${problem.hint} The daemon keeps its state there: make it writable for you, or name another folder with PAWL_HOME.`;
  return { name: 'stateFolder', status: 'failed', found: `${root}: ${problem.message}`, hint };
}

function socketCheck(home: HomePaths, { environment, temporaryFolder }: DaemonSurroundings): Check {
  const { platform } = process;
  const path = socketPath(home, { environment, platform, temporaryFolder, uid: process.getuid?.() ?? 0 });
  const bytes = Buffer.byteLength(path);
  const max = socketBytesMax(platform);
  const found = `${path}, ${bytes} of at most ${max} bytes`;
  if (bytes <= max) return { name: 'socket', status: 'ok', found, hint: null };
  const hint = 'Set PAWL_HOME or XDG_RUNTIME_DIR to a folder with a shorter path.';
  return { name: 'socket', status: 'failed', found, hint };
}

function lockCheck({ files, home, processes }: DaemonPlace): Check {
  const { kind, content } = readHomeHolder(files, home, processes);
  if (kind === 'free') return { name: 'daemonLock', status: 'ok', found: 'free', hint: null };
  const who =
    content === null
      ? 'held by an unknown process: its file is unreadable'
      : `held by process ${content.holder.pid} on ${content.holder.hostname}`;
  if (kind === 'alive') return { name: 'daemonLock', status: 'ok', found: who, hint: null };
  const hint = `No daemon can start until that is known. If you know that it is gone, move ${home.root} away and register your projects again.`;
  return { name: 'daemonLock', status: 'warning', found: `${who}, and cannot be judged from here`, hint };
}

const STATE_HINTS: Readonly<Record<DaemonState, { readonly status: Check['status']; readonly hint: string | null }>> = {
  stopped: { status: 'ok', hint: null },
  starting: { status: 'ok', hint: null },
  recovering: { status: 'ok', hint: null },
  ready: { status: 'ok', hint: null },
  stale: { status: 'warning', hint: 'Nothing is lost: the next start takes over. Start it with `pawl start`.' },
  unhealthy: { status: 'failed', hint: 'See its log, then end it with `pawl stop` and start it with `pawl start`.' },
};

function daemonCheck({ state, daemon, detail }: Standing): Check {
  const own = packageVersion();
  const isRunning = state !== 'stopped' && state !== 'stale';
  const version = isRunning && daemon !== null ? `, version ${daemon.version}` : '';
  const found = `${state}${version}${detail === '' ? '' : `: ${detail}`}`;
  const { status, hint } = STATE_HINTS[state];
  if (status !== 'ok' || !isRunning || daemon === null || daemon.version === own)
    return { name: 'daemon', status, found, hint };
  return {
    name: 'daemon',
    status: 'warning',
    found: `${found}, but this is ${own}`,
    hint: 'Start it again with this version, with `pawl stop` and `pawl start`; workers go on meanwhile.',
  };
}

function tokenCheck({ files, home }: DaemonPlace): Check {
  const path = home.tokenFile;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined)
    return { name: 'token', status: 'ok', found: 'none yet: the first start of the daemon makes it', hint: null };
  const mode = stat.mode & MODE_BITS;
  if (mode !== OWNER_ONLY) {
    const hint =
      'It must be readable and writable by its owner alone. Others may have read it: replace it with `pawl token rotate`.';
    return { name: 'token', status: 'failed', found: `${path} has mode ${mode.toString(8)}, not 600`, hint };
  }
  if (readToken(files, home) !== null) return { name: 'token', status: 'ok', found: path, hint: null };
  return {
    name: 'token',
    status: 'failed',
    found: `${path} holds no token`,
    hint: 'Replace it with `pawl token rotate`.',
  };
}

const MODE_BITS = 0o777;
const OWNER_ONLY = 0o600;

/** A project whose repository has gone is degraded; a config that cannot be read keeps it from being driven. */
function projectFindings({ files, home }: DaemonPlace): DaemonFindings {
  let records: ReturnType<ProjectStore['list']>;
  try {
    records = new ProjectStore(files, home).list();
  } catch (error) {
    return { checks: [failure('projects', error)], folders: [] };
  }
  const folders: string[] = [];
  const faults: Check[] = [];
  for (const { id, path } of records) {
    try {
      const places = placesOf({}, path);
      folders.push(places.paths.root);
      readConfig(places);
    } catch (error) {
      const fault = failure('projects', error);
      const isGone = error instanceof PawlError && error.code === 'PAWL_REPOSITORY_MISSING';
      const gone = `Put it back, or archive the project with \`pawl project rm ${id}\`.`;
      const told = isGone ? ({ status: 'warning', hint: gone } as const) : {};
      faults.push({ ...fault, ...told, found: `${id}: ${fault.found}` });
    }
  }
  const readable = `${counted(records.length - faults.length, 'project')} with a config that can be read`;
  const found = records.length === 0 ? 'none is registered' : readable;
  const checks: Check[] = [{ name: 'projects', status: 'ok', found, hint: null }, ...faults];
  return { checks: records.length > 0 && faults.length === records.length ? faults : checks, folders };
}

function failure(name: CheckName, error: unknown): Check {
  const { code, message, hint } = errorReport(error);
  if (code === 'PAWL_BUG') throw error;
  return { name, status: 'failed', found: message, hint };
}
