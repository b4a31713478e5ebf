/**
 * Processes of a POSIX machine without /proc, seen through ps(1).
 *
 * Owns: identity, life, signals and the sighting of a worker's tree where there is only `ps` (macOS, the BSDs).
 * Does not own: the judgement over a sighting (base/process-identity), the order of ending (worker/ending).
 *
 * Invariants: 1. Nothing is signalled whose start time was not read just before, and never ourselves. 2. Where boot or machine cannot be
 * named, life is unknown (L5). Gap: a process whose environment `ps` may not show is found only as a child of one that it may.
 */

import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { judgeLife, type Life, type Place, type ProcessIdentity, type Sighting } from '../../base/process-identity.ts';
import { systemCode } from '../../model/error.ts';
import type { HostProcessesPort, HostStart, TreeHandle, TreeSighting } from '../../ports/processes.ts';
import { carriesMark, withDescendants } from './members.ts';
import { sendSignal } from './signal.ts';
import { spawnHost } from './start-host.ts';
import { isTreeLocked } from './tree-lock.ts';
import { lockDescriptor, startGate } from './worker-gate.ts';

/** One process as `ps` shows it. */
export interface PsRow {
  readonly pid: number;
  readonly parentPid: number;
  readonly state: string;
  /** `Sat Nov 21 08:22:06 2026`, in UTC: whole seconds. */
  readonly startTime: string;
  readonly cpuMs: number;
  /** The command line with the environment behind it. */
  readonly command: string;
}

type Surroundings = Place & { readonly hostname: string };

const COLUMNS = ['-o', 'pid=', '-o', 'ppid=', '-o', 'stat=', '-o', 'time=', '-o', 'lstart=', '-o', 'command='];
const PS_MS = 20_000;
const PS_BYTES = 256 * 1024 * 1024;

/** The processes of this machine, which is `here`, by `ps`. `hostMain` is the built program of the worker host. */
export function posixProcesses(hostMain: string, here: Surroundings): HostProcessesPort {
  const life = (identity: ProcessIdentity): Life => judgeLife(identity, here, sight);
  const identifyPid = (pid: number): ProcessIdentity | null => {
    const row = readRow(pid);
    return row === null || row.state === 'Z' ? null : identify(row, here);
  };
  return {
    self: () => {
      const row = readRow(process.pid);
      if (row === null) throw new Error('bug: ps does not show our own process');
      return identify(row, here);
    },
    life,
    signal: (identity, signal) => life(identity) === 'alive' && sendSignal(identity.pid, signal),
    tree: (handle) => sightTree(handle, here, life),
    work: (handle) =>
      membersOf(readTable() ?? [], handle, life).map((row) => ({ process: identify(row, here), cpuMs: row.cpuMs })),
    startHost: (start: HostStart) => {
      const pid = spawnHost(hostMain, start);
      return pid === null ? null : identifyPid(pid);
    },
    identify: identifyPid,
    lock: lockDescriptor,
    startGate,
  };
}

/** The rows of `ps` output in our columns; lines in another form are left out. */
export function parsePs(text: string): PsRow[] {
  const rows: PsRow[] = [];
  for (const line of text.split('\n')) {
    const found = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+([\d:.-]+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d{4})(?:\s(.*))?$/.exec(line);
    const [, pid, parentPid, state, time, startTime, command] = found ?? [];
    if (pid === undefined || parentPid === undefined || state === undefined || startTime === undefined) continue;
    rows.push({
      pid: Number(pid),
      parentPid: Number(parentPid),
      state: state.slice(0, 1),
      cpuMs: cpuMsOf(time ?? ''),
      startTime: startTime.replace(/\s+/g, ' '),
      command: command ?? '',
    });
  }
  return rows;
}

/** `[[days-]hours:]minutes:seconds[.hundredths]`, as ps tells processor time. */
function cpuMsOf(time: string): number {
  const [clock = '', days = '0'] = time.split('-').reverse();
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  const ms = (Number(days) * 86_400 + seconds) * 1_000;
  return Number.isFinite(ms) ? ms : 0;
}

/** The rows of a tree: those that carry its mark, the recorded worker, and all that descends from them. */
function membersOf(table: readonly PsRow[], handle: TreeHandle, life: (identity: ProcessIdentity) => Life): PsRow[] {
  const rows = table.filter((row) => row.pid !== process.pid && row.state !== 'Z');
  const roots = new Set(rows.filter((row) => isMarked(row, handle.mark)).map((row) => row.pid));
  if (handle.worker !== null && life(handle.worker) === 'alive') roots.add(handle.worker.pid);
  const pids = withDescendants(rows, roots);
  return rows.filter((row) => pids.has(row.pid));
}

function sightTree(handle: TreeHandle, here: Surroundings, life: (identity: ProcessIdentity) => Life): TreeSighting {
  const unknown: number[] = [];
  const table = readTable();
  const workerLife = handle.worker === null ? 'dead' : life(handle.worker);
  if (handle.worker !== null && workerLife === 'unknown') unknown.push(handle.worker.pid);
  // No table, no proof: then something unknown must be said to be there.
  else if (table === null) unknown.push(handle.worker?.pid ?? 0);
  return {
    members: membersOf(table ?? [], handle, life).map((row) => identify(row, here)),
    unknown,
    isLocked: isTreeLocked(handle.lockFile),
  };
}

function isMarked(row: PsRow, mark: string): boolean {
  return row.command.split(/\s+/).some((word) => carriesMark(word, mark));
}

function identify(row: PsRow, here: Surroundings): ProcessIdentity {
  return { pid: row.pid, startTime: row.startTime, ...here };
}

function sight(pid: number): Sighting {
  const row = readRow(pid);
  if (row !== null) return { kind: 'present', startTime: row.startTime, state: row.state };
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return { kind: 'absent' };
    if (systemCode(error) !== 'EPERM') throw error;
  }
  return { kind: 'unreadable' };
}

function readRow(pid: number): PsRow | null {
  const text = run('ps', [...COLUMNS, '-p', String(pid)]);
  return text === null ? null : (parsePs(text).find((row) => row.pid === pid) ?? null);
}

/** Every process with its environment, null when ps failed. Apple's ps shows environments on `-E`, the others on `e`. */
function readTable(): PsRow[] | null {
  const all = process.platform === 'darwin' ? ['-A', '-E', '-ww'] : ['axeww'];
  const text = run('ps', [...all, ...COLUMNS]);
  return text === null ? null : parsePs(text);
}

/** What names this boot and this machine where there is `sysctl` or `ioreg`; empty where neither tells. */
export function readSurroundings(): Surroundings {
  const platformUuid = /"IOPlatformUUID" = "([^"]+)"/.exec(
    run('ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice']) ?? '',
  )?.[1];
  return {
    bootId: (run('sysctl', ['-n', 'kern.bootsessionuuid']) ?? '').trim(),
    pidNamespace: '',
    machineId: platformUuid ?? (run('sysctl', ['-n', 'kern.hostuuid']) ?? '').trim(),
    hostname: hostname(),
  };
}

/** What the command printed, null when it failed or is not there. Its clock text must not depend on language or time zone. */
function run(command: string, argv: readonly string[]): string | null {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC0' };
  const done = spawnSync(command, argv, { encoding: 'latin1', env, timeout: PS_MS, maxBuffer: PS_BYTES });
  return done.status === 0 ? done.stdout : null;
}
