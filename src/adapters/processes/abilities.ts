/**
 * What this machine can do for processes beyond starting them.
 *
 * Owns: trying it. Does not own: what is made of it (src/worker, adapters/processes).
 */
import { spawnSync } from 'node:child_process';

/** Whether a program of that name can be started. */
export function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version'], { stdio: 'ignore', timeout: 5_000 }).error === undefined;
}

/** Whether an unprivileged PID namespace can be made here; tried, not guessed. */
export function hasPidNamespaces(): boolean {
  const argv = [
    '--user',
    '--map-current-user',
    '--pid',
    '--fork',
    '--kill-child=SIGKILL',
    '--mount-proc',
    '--',
    'true',
  ];
  return spawnSync('unshare', argv, { stdio: 'ignore', timeout: 5_000 }).status === 0;
}
