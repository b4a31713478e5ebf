/**
 * Signs of life that a worker gives without printing anything: its processes work, new ones begin, files of its worktree change.
 *
 * Owns: what counts as one, for host and runner alike. Does not own: seeing the processes (ports/processes), how long a worker may be silent (worker/silence).
 *
 * Invariants: 1. A process that only waits gives none. 2. What cannot be seen is no sign, and no failure. 3. A scan is bounded, whatever the worktree holds.
 */
import { join } from 'node:path';
import { spanMs } from '../base/elapsed.ts';
import { systemCode } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import type { TaskRequest } from '../model/request.ts';
import type { FsPort } from '../ports/fs.ts';
import type { ProcessesPort, ProcessWork, TreeHandle } from '../ports/processes.ts';

/** True when there was a sign of life since the previous scan; the first scan only records the state. */
export type Activity = (nowMs: number) => boolean;

interface Look {
  readonly atMs: number;
  readonly work: ReadonlyMap<string, number>;
  readonly files: string;
}

/** The activity of a task's tree and of its worktree. */
export function activityOf(
  processes: Pick<ProcessesPort, 'work'>,
  fs: Pick<FsPort, 'list' | 'stat'>,
  handle: TreeHandle,
  { cwd, turn }: Pick<TaskRequest, 'cwd' | 'turn'>,
): Activity {
  const share = turn?.isStreaming === true ? BOUNDS.busyShareStreaming : BOUNDS.busyShare;
  let before: Look | null = null;
  return (nowMs) => {
    const now = { atMs: nowMs, work: workOf(processes.work(handle)), files: filesIn(fs, cwd) };
    const last = before;
    before = now;
    return last !== null && (isBusy(last, now, share) || last.files !== now.files);
  };
}

function workOf(work: readonly ProcessWork[]): ReadonlyMap<string, number> {
  return new Map(work.map(({ process, cpuMs }) => [`${process.pid} ${process.startTime}`, cpuMs]));
}

/** A new process counts as busy; known ones do if together they have used a share of the time since. */
function isBusy(before: Look, now: Look, share: number): boolean {
  let usedMs = 0;
  for (const [key, cpuMs] of now.work) {
    const usedBefore = before.work.get(key);
    if (usedBefore === undefined) return true;
    usedMs += Math.max(0, cpuMs - usedBefore);
  }
  return usedMs > 0 && usedMs >= spanMs(before.atMs, now.atMs) * share;
}

/** Folders whose files are not work of this task, or are written by git for itself. */
const PASSED_OVER: ReadonlySet<string> = new Set(['.git', 'node_modules']);

/** The state of the files of a worktree, the first BOUNDS.filesLookedAt of them, folder by folder. */
function filesIn(fs: Pick<FsPort, 'list' | 'stat'>, worktree: string): string {
  let [count, newestMs, bytes] = [0, 0, 0];
  const folders = [worktree];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    for (const name of namesIn(fs, folder)) {
      if (count >= BOUNDS.filesLookedAt) return `${count} ${newestMs} ${bytes}`;
      if (PASSED_OVER.has(name)) continue;
      const path = join(folder, name);
      const stat = seen(() => fs.stat(path));
      if (stat === null) continue;
      count += 1;
      newestMs = Math.max(newestMs, stat.mtimeMs);
      bytes += stat.kind === 'file' ? stat.size : 0;
      if (stat.kind === 'folder') folders.push(path);
    }
  }
  return `${count} ${newestMs} ${bytes}`;
}

function namesIn(fs: Pick<FsPort, 'list'>, folder: string): readonly string[] {
  return seen(() => fs.list(folder)) ?? [];
}

/** Null for what cannot be read: the worker may remove it, or make it unreadable, at any moment. */
function seen<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return null;
  }
}
