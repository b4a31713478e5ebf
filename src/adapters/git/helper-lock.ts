/**
 * The lock that a runner's helper processes inherit, taken with flock(1).
 *
 * Owns: taking it on a descriptor of ours. Does not own: when it is taken and waited for (store/registry-lock).
 *
 * Invariant: the lock belongs to the open file description: it stays with our descriptor after flock(1) has exited, goes to every child that
 * inherits the descriptor, and is free only when the last of them has gone.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { HelperLock } from '../../store/registry-lock.ts';

/** The exit code that flock(1) is told to mean "held by another": its default, 1, also means wrong usage. */
const BUSY_EXIT = 75;
const MARGIN_MS = 5_000;

/** Takes the lock within `waitMs`; `unavailable` where this system has no (usable) flock(1). Nothing else of this process waits with it. */
export const flockHelperLock: HelperLock = {
  async take(path, waitMs) {
    const fd = openSync(path, 'a', 0o600);
    const wait = waitMs <= 0 ? ['-n'] : ['-w', String(waitMs / 1_000)];
    const code = await exitOf(['-x', '-E', String(BUSY_EXIT), ...wait, '3'], fd, Math.max(0, waitMs) + MARGIN_MS);
    if (code === 0) return { fd };
    closeSync(fd);
    return code === BUSY_EXIT ? 'busy' : 'unavailable';
  },
};

/** The exit code of flock(1), whose descriptor 3 is `fd`; null when it was killed after `longestMs`, or could not be started. */
function exitOf(args: readonly string[], fd: number, longestMs: number): Promise<number | null> {
  return new Promise((resolve) => {
    const stdio = ['ignore', 'ignore', 'ignore', fd] as const;
    const child = spawn('flock', args, { stdio: [...stdio], timeout: longestMs, killSignal: 'SIGKILL' });
    child.once('error', () => resolve(null));
    child.once('exit', (code) => resolve(code));
  });
}
