/**
 * The lock that a runner's helper processes inherit, taken with flock(1).
 *
 * Owns: taking it on a descriptor of ours. Does not own: when it is taken and waited for (store/registry-lock).
 *
 * Invariant: the lock belongs to the open file description: it stays with our descriptor after flock(1) has exited, goes to every child that
 * inherits the descriptor, and is free only when the last of them has gone.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { HelperLock } from '../../store/registry-lock.ts';

/** The exit code that flock(1) is told to mean "held by another": its default, 1, also means wrong usage. */
const BUSY_EXIT = 75;
const MARGIN_MS = 5_000;

/** Takes the lock within `waitMs`; `unavailable` where this system has no (usable) flock(1). */
export const flockHelperLock: HelperLock = {
  take(path, waitMs) {
    const fd = openSync(path, 'a', 0o600);
    const wait = waitMs <= 0 ? ['-n'] : ['-w', String(waitMs / 1_000)];
    const result = spawnSync('flock', ['-x', '-E', String(BUSY_EXIT), ...wait, '3'], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
      timeout: Math.max(0, waitMs) + MARGIN_MS,
      killSignal: 'SIGKILL',
    });
    if (result.status === 0) return { fd };
    closeSync(fd);
    return result.status === BUSY_EXIT ? 'busy' : 'unavailable';
  },
};
