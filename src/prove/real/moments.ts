/**
 * Waiting for named moments of a run, and ending its processes at them: worker, host, runner, or all of them at once.
 *
 * Owns: finding those processes by the registers. Does not own: starting Pawl (start).
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../base/process-identity.ts';
import type { CrashSite } from './site.ts';

const MOMENT_MS_MAX = 240_000;
const POLL_MS = 2;

/** What of a task is there when its processes are killed. */
export type Moment = 'claim' | 'agent.json' | 'output.ndjson' | 'answer' | 'completion.json' | 'outcome';

/** The folder of a task of the site's run; there is a run. */
export function taskFolder(site: CrashSite, taskId: string): string {
  return site.paths.task(site.runId() ?? 'none', taskId);
}

/** Resolves when `isSo`; throws when that takes too long. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + MOMENT_MS_MAX;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`waited in vain for: ${what}`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** True when the moment has come: the file is there and, where bytes are what counts, holds some. */
export function hasCome(site: CrashSite, taskId: string, moment: Moment): boolean {
  if (site.runId() === null) return false;
  const runId = site.runId() ?? '';
  const path =
    moment === 'answer'
      ? join(site.paths.worktree(runId), '.pawl-task', taskId, 'completion.json')
      : join(taskFolder(site, taskId), moment);
  return existsSync(path) && (moment !== 'output.ndjson' || statSync(path).size > 0);
}

/** The host that has claimed the task. */
export function hostOf(site: CrashSite, taskId: string): ProcessIdentity {
  return registerOf<{ host: ProcessIdentity }>(site, taskId, 'claim').host;
}

/** The worker of the task, as recorded. */
export function workerOf(site: CrashSite, taskId: string): ProcessIdentity {
  return registerOf<{ worker: ProcessIdentity }>(site, taskId, 'agent.json').worker;
}

/** The value of a register of the task. */
export function registerOf<T>(site: CrashSite, taskId: string, name: string): T {
  return JSON.parse(readFileSync(join(taskFolder(site, taskId), name), 'utf8')) as T;
}

/** Every process of the site is killed, again and again until none is left: a power cut of processes. */
export async function cutPower(site: CrashSite): Promise<void> {
  // Stopped first, so that none of them reacts to the death of another.
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of site.processes()) send(pid, signal);
  await until(() => {
    const left = site.processes();
    for (const pid of left) send(pid, 'SIGKILL');
    return left.length === 0;
  }, 'the end of all processes');
}

/** The signal is sent, unless the process has ended by itself. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** The state of a process as /proc tells it (`T` is stopped), null when it is gone. */
export function processState(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3);
  } catch {
    return null; // No such process: that is the answer.
  }
}

/** The generations of the registry lock that were taken, ascending. */
export function lockGenerations(site: CrashSite): readonly string[] {
  return readdirSync(site.paths.root)
    .filter((name) => /^lock\.\d+$/.test(name))
    .sort();
}
