/**
 * One look at /proc: a process, its environment, its owner.
 *
 * Owns: reading proc(5) files, with the races that they have. Does not own: what a look means (processes/linux, base/process-identity).
 *
 * Invariants: 1. A file that cannot be read is never taken for a process that is not there. 2. Nothing here signals.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Sighting } from '../../base/process-identity.ts';
import { systemCode } from '../../model/error.ts';

/** One process as /proc/PID/stat shows it. */
export interface ProcStat {
  readonly pid: number;
  readonly state: string;
  readonly parentPid: number;
  /** Clock ticks since boot, field 22. */
  readonly startTime: string;
  readonly isKernelThread: boolean;
  /** Of its processor time, its own and the kernel's for it: fields 14 and 15. */
  readonly cpuMs: number;
}

/** What reading the environment of a process came to. */
export type Environment =
  | { readonly kind: 'entries'; readonly entries: readonly string[] }
  /** Readable and empty: a kernel thread, the middle of an exec, or a process that was started without any. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'vanished' }
  | { readonly kind: 'unreadable' };

/** Linux tells times to programs in hundredths of a second, whatever its own clock does (USER_HZ). */
const TICK_MS = 10;
const KERNEL_THREAD_FLAG = 0x0020_0000;
/** An exec replaces the memory that environ shows; the window is microseconds, each read is a system call. */
const EMPTY_READS = 4;

/** Every pid that /proc lists. */
export function listPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number);
}

/** The fields of /proc/PID/stat that we use, null when they cannot be read. */
export function readProcStat(pid: number): ProcStat | null {
  const file = readProcFile(`/proc/${pid}/stat`);
  return file.kind === 'text' ? parseProcStat(pid, file.text) : null;
}

/** The fields of a stat line (proc(5)); the name in parentheses may hold spaces and parentheses. */
export function parseProcStat(pid: number, text: string): ProcStat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields;
  // The fields after the name begin with number 3.
  const flags = fields[9 - 3];
  const startTime = fields[22 - 3];
  const ticks = Number(fields[14 - 3]) + Number(fields[15 - 3]);
  if (state === undefined || parent === undefined || flags === undefined || startTime === undefined) return null;
  return {
    pid,
    state,
    parentPid: Number(parent),
    startTime,
    isKernelThread: (Number(flags) & KERNEL_THREAD_FLAG) !== 0,
    cpuMs: Number.isFinite(ticks) ? ticks * TICK_MS : 0,
  };
}

/** What stands at `pid` now. `absent` is said only when kill(2) knows no such process either: /proc may hide the processes of others. */
export function sightPid(pid: number): Sighting {
  const stat = readProcStat(pid);
  if (stat !== null) return { kind: 'present', startTime: stat.startTime, state: stat.state };
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return { kind: 'absent' };
    if (systemCode(error) === 'EPERM') return { kind: 'unreadable' };
    throw error;
  }
  const again = readProcStat(pid);
  return again === null ? { kind: 'unreadable' } : { kind: 'present', startTime: again.startTime, state: again.state };
}

/** The environment that the process was started with; an empty one is read again, as it may be in the middle of an exec. */
export function readEnvironment(pid: number): Environment {
  for (let read = 0; read < EMPTY_READS; read += 1) {
    const file = readProcFile(`/proc/${pid}/environ`);
    if (file.kind !== 'text') return file;
    const entries = file.text.split('\0').filter((entry) => entry !== '');
    if (entries.length > 0) return { kind: 'entries', entries };
  }
  return { kind: 'empty' };
}

/** The real user of a process, null when it cannot be read. */
export function readRealUid(pid: number): number | null {
  const file = readProcFile(`/proc/${pid}/status`);
  const uid = file.kind === 'text' ? /^Uid:\s+([0-9]+)/m.exec(file.text)?.[1] : undefined;
  return uid === undefined ? null : Number(uid);
}

/** Device and inode of what the process has open under `descriptor`, null when nothing or not readable. */
export function readDescriptor(pid: number, descriptor: number): string | null {
  return fileKey(`/proc/${pid}/fd/${descriptor}`);
}

/** Device and inode of the file at `path`, null when there is none. */
export function fileKey(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (isGone(error) || isRefused(error)) return null;
    throw error;
  }
}

type ProcFile =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'vanished' }
  | { readonly kind: 'unreadable' };

function readProcFile(path: string): ProcFile {
  try {
    return { kind: 'text', text: readFileSync(path, 'latin1') };
  } catch (error) {
    if (isGone(error)) return { kind: 'vanished' };
    if (isRefused(error)) return { kind: 'unreadable' };
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH', 'ENOTDIR'].includes(systemCode(error) ?? '');
}

/** EIO and EINVAL come from a process whose memory cannot be looked at just now. */
function isRefused(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EIO', 'EINVAL'].includes(systemCode(error) ?? '');
}
