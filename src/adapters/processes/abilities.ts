/**
 * What this machine can do for processes beyond starting them.
 *
 * Owns: trying it. Does not own: what is made of it (src/worker, adapters/processes).
 */
import { spawnSync } from 'node:child_process';

/** The command that starts another one, named behind `--`, in an unprivileged PID namespace of its own. */
export const PID_NAMESPACE = [
  'unshare',
  '--user',
  '--map-current-user',
  '--pid',
  '--fork',
  '--kill-child=SIGKILL',
  '--mount-proc',
] as const;

/** Whether a program of that name can be started. */
export function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version'], { stdio: 'ignore', timeout: 5_000 }).error === undefined;
}

/** Whether an unprivileged PID namespace can be made here; tried, not guessed. */
export function hasPidNamespaces(): boolean {
  const [program, ...options] = PID_NAMESPACE;
  return spawnSync(program, [...options, '--', 'true'], { stdio: 'ignore', timeout: 5_000 }).status === 0;
}
