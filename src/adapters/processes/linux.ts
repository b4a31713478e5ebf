/**
 * Processes of a Linux machine, seen through /proc.
 *
 * Owns: identity, life, signals and the sighting of a worker's tree on Linux.
 * Does not own: the judgement over a sighting (base/process-identity), the order of ending (worker/ending), reading /proc (processes/proc).
 *
 * Invariants: 1. Nothing is signalled whose start time was not read just before, and never ourselves. 2. A process that could belong to
 * a tree and cannot be looked at is *unknown*, not gone (L5). 3. A clear sighting is confirmed by a second one: a process that forks and
 * ends while the table is read hides its child from the first.
 */

import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import {
  isProbeable,
  judgeLife,
  type Life,
  type Place,
  type ProcessIdentity,
  type Sighting,
} from '../../base/process-identity.ts';
import { systemCode } from '../../model/error.ts';
import type { HostProcessesPort, HostStart, TreeHandle, TreeSighting } from '../../ports/processes.ts';
import { carriesMark, withDescendants } from './members.ts';
import {
  fileKey,
  listPids,
  type ProcStat,
  readDescriptor,
  readEnvironment,
  readProcStat,
  readRealUid,
  sightPid,
} from './proc.ts';
import { sendSignal } from './signal.ts';
import { spawnHost } from './start-host.ts';
import { isTreeLocked } from './tree-lock.ts';
import { lockDescriptor, startGate, TREE_LOCK_DESCRIPTOR } from './worker-gate.ts';

const CLEAR_LOOKS = 2;
const DOUBTFUL_LOOKS = 3;

type Surroundings = Place & { readonly hostname: string };

/** The processes of this Linux machine. `hostMain` is the built program of the worker host. */
export function linuxProcesses(hostMain: string): HostProcessesPort {
  const here = readSurroundings();
  // Our own process lives while it asks, and /proc takes its time to show a large one: it is read once.
  let own: Sighting | null = null;
  const sight = (pid: number): Sighting => {
    if (pid !== process.pid) return sightPid(pid);
    own ??= sightPid(pid);
    return own;
  };
  const life = (identity: ProcessIdentity): Life => judgeLife(identity, here, sight);
  const identifyPid = (pid: number): ProcessIdentity | null => {
    const stat = readProcStat(pid);
    return stat === null || isDead(stat) ? null : identify(stat, here);
  };
  return {
    self: () => {
      const stat = readProcStat(process.pid);
      if (stat === null) throw new Error('bug: /proc does not show our own process');
      return identify(stat, here);
    },
    life,
    signal: (identity, signal) => life(identity) === 'alive' && sendSignal(identity.pid, signal),
    tree: (handle) => sightTree(handle, here, life),
    work: (handle) => scan(handle, here, life).rows.map((row) => ({ process: identify(row, here), cpuMs: row.cpuMs })),
    startHost: (start: HostStart) => {
      const pid = spawnHost(hostMain, start);
      return pid === null ? null : identifyPid(pid);
    },
    identify: identifyPid,
    lock: lockDescriptor,
    startGate,
  };
}

function readSurroundings(): Surroundings {
  return {
    bootId: readText('/proc/sys/kernel/random/boot_id'),
    pidNamespace: readlinkSync('/proc/self/ns/pid'),
    machineId: readText('/etc/machine-id') || readText('/var/lib/dbus/machine-id'),
    hostname: hostname(),
  };
}

/** Empty when there is no such file or it is not ours to read: an empty id proves nothing, which is safe. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM'].includes(systemCode(error) ?? '')) return '';
    throw error;
  }
}

function identify(stat: ProcStat, here: Surroundings): ProcessIdentity {
  return { pid: stat.pid, startTime: stat.startTime, ...here };
}

function isDead(stat: ProcStat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}

function sightTree(handle: TreeHandle, here: Surroundings, life: (identity: ProcessIdentity) => Life): TreeSighting {
  let clearLooks = 0;
  for (let look = 1; ; look += 1) {
    const { rows, unknown } = scan(handle, here, life);
    const found = { members: rows.map((row) => identify(row, here)), unknown };
    const isClear = found.members.length === 0 && found.unknown.length === 0;
    clearLooks = isClear ? clearLooks + 1 : 0;
    // The lock is asked last: a program is started for it.
    if (isClear && clearLooks < CLEAR_LOOKS) continue;
    const sighting = { ...found, isLocked: isTreeLocked(handle.lockFile) };
    // A process in the middle of an exec or of its exit is doubtful for a moment only.
    const isDoubtful = found.unknown.length > 0 || sighting.isLocked !== false;
    if (found.members.length > 0 || !isDoubtful || look >= DOUBTFUL_LOOKS) return sighting;
    clearLooks = 0;
  }
}

function scan(
  handle: TreeHandle,
  here: Surroundings,
  life: (identity: ProcessIdentity) => Life,
): { readonly rows: readonly ProcStat[]; readonly unknown: readonly number[] } {
  const rows: ProcStat[] = [];
  const roots = new Set<number>();
  const closed: ProcStat[] = [];
  const lockKey = handle.lockFile === null ? null : fileKey(handle.lockFile);
  for (const pid of listPids()) {
    const stat = pid === process.pid ? null : readProcStat(pid);
    if (stat === null || stat.isKernelThread || isDead(stat)) continue;
    rows.push(stat);
    // The recorded worker is the first of its tree: what was there before it needs no closer look.
    if (handle.worker !== null && isProbeable(handle.worker, here) && isOlder(stat, handle.worker)) continue;
    const environment = readEnvironment(pid);
    if (environment.kind === 'unreadable') closed.push(stat);
    const isMarked =
      environment.kind === 'entries' && environment.entries.some((entry) => carriesMark(entry, handle.mark));
    // A process may overwrite its environment (setproctitle); the lock under its own number gives it away.
    if (isMarked || (lockKey !== null && readDescriptor(pid, TREE_LOCK_DESCRIPTOR) === lockKey)) roots.add(pid);
  }
  const unknown: number[] = [];
  const workerLife = handle.worker === null ? 'dead' : life(handle.worker);
  if (handle.worker !== null && workerLife === 'alive') roots.add(handle.worker.pid);
  if (handle.worker !== null && workerLife === 'unknown') unknown.push(handle.worker.pid);
  roots.delete(process.pid);
  const pids = withDescendants(rows, roots);
  for (const stat of closed) if (!pids.has(stat.pid) && couldBelong(stat, handle.worker, here)) unknown.push(stat.pid);
  return { rows: rows.filter((row) => pids.has(row.pid)), unknown };
}

/** Of our user, and not older than the worker. Without a recorded worker nothing ever passed the gate. */
function couldBelong(stat: ProcStat, worker: ProcessIdentity | null, here: Place): boolean {
  if (worker === null || worker.bootId !== here.bootId) return false;
  if (isOlder(stat, worker)) return false;
  const uid = readRealUid(stat.pid);
  return uid !== null && uid === process.getuid?.();
}

function isOlder(stat: ProcStat, worker: ProcessIdentity): boolean {
  return BigInt(stat.startTime) < BigInt(worker.startTime);
}
