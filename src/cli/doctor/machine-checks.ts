/**
 * What this machine has and lacks, whatever the repository.
 *
 * Owns: trying Node, git, namespaces, locks, links and the disk. Does not own: the registry and the config (registry-checks).
 *
 * Invariant: 1. What can be tried is tried, not guessed; what was made for that is removed.
 */
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { flockHelperLock } from '../../adapters/git/helper-lock.ts';
import { gitNow } from '../../adapters/git/run-git.ts';
import { hasPidNamespaces } from '../../adapters/processes/abilities.ts';
import { errorReport } from '../output.ts';
import { diskCheck, roomsOf } from './disk-check.ts';
import type { Check } from './doctor-report.ts';
import { writeTrial } from './write-trial.ts';

const NODE_MIN = [20, 19] as const;
const GIT_MIN = [2, 28] as const;

/** Where things are tried. */
export interface MachinePlace {
  /** Temporary folders for trials are made here: on the file system that matters. */
  readonly trialFolder: string;
  /** Whatever else is written to. */
  readonly folders: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What this machine has and lacks. */
export async function machineChecks(place: MachinePlace): Promise<readonly Check[]> {
  return [
    nodeCheck(),
    gitCheck(place),
    platformCheck(),
    namespaceCheck(),
    ...(await trialChecks(place)),
    diskCheck(await roomsOf([place.trialFolder, ...place.folders])),
  ];
}

function nodeCheck(): Check {
  const { node } = process.versions;
  if (isAtLeast(node, NODE_MIN)) return { name: 'node', status: 'ok', found: node, hint: null };
  return { name: 'node', status: 'failed', found: node, hint: `Pawl needs Node.js ${NODE_MIN.join('.')} or newer.` };
}

function gitCheck({ environment }: MachinePlace): Check {
  const hint = `Pawl needs git ${GIT_MIN.join('.')} or newer on the PATH.`;
  const result = gitNow(['--version'], undefined, { PATH: environment.PATH ?? '' });
  const version = /(\d+\.\d+(?:\.\d+)?)/.exec(result.stdout)?.[1];
  if (result.status !== 0 || version === undefined) return { name: 'git', status: 'failed', found: 'not found', hint };
  if (isAtLeast(version, GIT_MIN)) return { name: 'git', status: 'ok', found: version, hint: null };
  return { name: 'git', status: 'failed', found: version, hint };
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

function platformCheck(): Check {
  const found = `${process.platform} ${process.arch}`;
  if (process.platform === 'linux') return { name: 'platform', status: 'ok', found, hint: null };
  if (process.platform === 'win32') {
    return { name: 'platform', status: 'failed', found, hint: 'On Windows Pawl runs in WSL only.' };
  }
  return {
    name: 'platform',
    status: 'warning',
    found,
    hint: 'Pawl is tested on Linux; docs/guarantees.md lists the gaps.',
  };
}

function namespaceCheck(): Check {
  if (hasPidNamespaces()) return { name: 'pidNamespace', status: 'ok', found: 'workers get one each', hint: null };
  const hint = 'Without one, a worker that scrubs its environment and closes its descriptors can avoid being stopped.';
  return { name: 'pidNamespace', status: 'warning', found: 'not allowed here', hint };
}

/** What needs a folder to be tried in. */
async function trialChecks({ trialFolder }: MachinePlace): Promise<readonly Check[]> {
  let folder: string;
  try {
    folder = mkdtempSync(join(trialFolder, '.pawl-doctor-'));
  } catch (error) {
    const hint = 'Make it writable for you, or name another registry with --registry DIR.';
    return [{ name: 'links', status: 'failed', found: `${trialFolder}: ${errorReport(error).message}`, hint }];
  }
  try {
    return [await flockCheck(folder), await linksCheck(folder)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function flockCheck(folder: string): Promise<Check> {
  const taken = await flockHelperLock.take(join(folder, 'lock'), 0);
  if (typeof taken === 'object') {
    closeSync(taken.fd);
    return { name: 'flock', status: 'ok', found: 'works', hint: null };
  }
  const hint = 'Install util-linux: with flock(1) the end of a process tree is proven by a lock too.';
  return { name: 'flock', status: 'warning', found: 'not usable here', hint };
}

async function linksCheck(folder: string): Promise<Check> {
  const problem = await writeTrial(folder);
  if (problem === null) return { name: 'links', status: 'ok', found: 'hard links and syncing work', hint: null };
  return { name: 'links', status: 'failed', found: problem.message, hint: problem.hint };
}
