/**
 * The kernel lock that a worker's tree inherits: is it held?
 *
 * Owns: the probe with flock(1). Does not own: taking the lock (host/worker).
 *
 * Invariant: a probe uses a shared lock and lasts one moment, so that two probes never see each other and a start waits one out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PROBE_MS = 5_000;
const PROBES = 3;

/** True when somebody holds the lock of `lockFile`, false when nobody does, null when it cannot be told (no file, no flock). */
export function isTreeLocked(lockFile: string | null): boolean | null {
  // flock(1) would create a missing file; a lock that was never taken is no lock.
  if (lockFile === null || !existsSync(lockFile)) return null;
  for (let probe = 0; probe < PROBES; probe += 1) {
    const { status } = spawnSync('flock', ['-n', '-s', lockFile, 'true'], { stdio: 'ignore', timeout: PROBE_MS });
    if (status === 0) return false;
    if (status === 1) return true;
  }
  return null;
}
