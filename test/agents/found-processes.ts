/**
 * Finding processes that a test did not start itself: by the mark in their environment, and what became of them.
 *
 * Owns: looking at /proc and ps(1). Does not own: the worker's own way of finding survivors (adapters/processes).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The pid of the node process whose environment holds the mark, and whose first argument is `program` where that is asked for. */
export function marked(mark: string, program?: string): number | null {
  const found = spawnSync('grep', ['-lsa', mark, ...processEnvironments()], { encoding: 'utf8' }).stdout;
  const pids = Array.from(found.matchAll(/\/proc\/(\d+)\//g), (match) => Number(match[1]));
  const wanted = pids.filter((pid) => {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return argv[0] === process.execPath && (program === undefined || argv[1] === program);
  });
  return wanted[0] ?? null;
}

function processEnvironments(): readonly string[] {
  const listed = execFileSync('ps', ['-A', '-o', 'pid='], { encoding: 'utf8' });
  return listed
    .trim()
    .split(/\s+/)
    .map((pid) => `/proc/${pid}/environ`);
}

/** True when the process ignores or handles SIGTERM. */
export function ignoresSigterm(pid: number): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mask = (name: string) => BigInt(`0x${new RegExp(`${name}:\\s*([0-9a-f]+)`).exec(status)?.[1] ?? '0'}`);
  const sigterm = 1n << 14n;
  return ((mask('SigIgn') | mask('SigCgt')) & sigterm) !== 0n;
}

/** Resolves when the process has ended; bounded. */
export async function gone(pid: number): Promise<void> {
  for (let tries = 0; isRunning(pid); tries += 1) {
    if (tries > 500) throw new Error(`process ${pid} did not end`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Ends the process of that id, if it is there. */
export function killById(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** True while the process of that id runs (a zombie does not). */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false; // No such process: that is the answer.
  }
  // It may end between the two looks: then ps knows nothing of it.
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}
