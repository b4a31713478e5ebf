/**
 * Everything that was written on a disk is on it for good: what a record relies on has survived a power cut before it is recorded (L1).
 *
 * Owns: one sync of the file systems that some paths lie on. Does not own: when that is needed (git, the worker host).
 * Free of zod and xstate: the worker host loads this file.
 *
 * Invariants: 1. The sync runs beside the process that asks: heartbeats continue meanwhile. 2. Where the disk reports that it could not, nothing is
 * recorded: PAWL_STORE_SYNC_FAILED.
 *
 * A whole file system at once, by syncfs(2), and not file by file: a fresh worktree of 1,000 files is on the disk after 15 ms instead of 250.
 * Node has no call for that, so the system's `sync -f` makes it; a `sync` that does not know `-f` syncs all there is.
 */
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';

/** All that was written on the file systems of `paths` is durable; a path that is gone counts as the folder above it. */
export async function syncDisks(paths: readonly string[]): Promise<void> {
  const places = onePerDisk(paths.map(nearestThere));
  if ((await runSync(['-f', ...places])) || (await runSync([]))) return;
  throw new PawlError({
    code: 'PAWL_STORE_SYNC_FAILED',
    message: `could not make ${places.join(' and ')} durable: sync failed or took longer than ${BOUNDS.gitMs} ms`,
    subject: places[0] ?? '',
    hint: 'Check the disk (free space, kernel log), then start again.',
  });
}

function nearestThere(path: string): string {
  const above = dirname(path);
  return above === path || existsSync(path) ? path : nearestThere(above);
}

function onePerDisk(paths: readonly string[]): string[] {
  return [...new Map(paths.map((path) => [statSync(path).dev, path])).values()];
}

function runSync(argv: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('sync', argv, { stdio: 'ignore', timeout: BOUNDS.gitMs, killSignal: 'SIGKILL' });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
