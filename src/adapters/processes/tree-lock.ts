/**
 * The kernel lock that a worker's tree inherits: is it held?
 *
 * Owns: the probe with flock(1). Does not own: taking the lock (processes/worker-gate).
 *
 * Invariants: 1. A probe uses a shared lock and lasts one moment, so that two probes never see each other and a start waits one out.
 * 2. A lock that cannot be probed is not called free (L5).
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { systemCode } from '../../model/error.ts';

const PROBE_MS = 5_000;
const PROBES = 3;

/** True when somebody holds the lock of `lockFile`; false when nobody does, or there is none to hold; null when it cannot be told. */
export function isTreeLocked(lockFile: string | null): boolean | null {
  if (lockFile === null) return false;
  // flock(1) would create a missing file; a lock that was never taken is no lock.
  const isThere = hasFile(lockFile);
  if (isThere !== true) return isThere;
  for (let probe = 0; probe < PROBES; probe += 1) {
    const { status } = spawnSync('flock', ['-n', '-s', lockFile, 'true'], { stdio: 'ignore', timeout: PROBE_MS });
    if (status === 0) return false;
    if (status === 1) return true;
  }
  return null;
}

function hasFile(path: string): boolean | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return null;
  }
}
