/**
 * Worker hosts leave the control group of the service that starts them: a service manager ends what is left in it.
 *
 * Owns: whether that is needed and possible here, the command in front of the host's own. Does not own: the spawn (processes/start-host), when a
 * host is due (engine).
 *
 * `systemd-run --scope` registers its own process with the service manager and then executes the command itself: same pid, same descriptors,
 * the same environment with another INVOCATION_ID (systemd-run(1)). If there is no scope to be had, it executes nothing and exits.
 *
 * Invariants: 1. Outside of a service, and where no scope can be made, hosts are started plainly. 2. In one process a task's host is started in a
 * scope once: one that has to be started again (none has claimed) is started plainly, counted by the engine like any other start.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemCode } from '../../model/error.ts';
import type { HostProcessesPort } from '../../ports/processes.ts';
import { builtPath } from '../built-path.ts';
import { spawnHost } from './start-host.ts';

/** A command that executes the one behind it in a scope of its own. */
export type ScopeCommand = readonly [string, ...string[]];

const SCOPE: ScopeCommand = ['systemd-run', '--user', '--scope', '--quiet', '--collect'];
/**
 * What systemd-run has known since version 254: without the first a `${NAME}` in a path is replaced, and without the second the whole scope ends
 * when the kernel ends one process of it for want of memory.
 */
const SINCE_254 = ['--expand-environment=no', '--property=OOMPolicy=continue'];

const PROBE_MS = 5_000;
const TASKS_REMEMBERED = 1_000;

/** By what /proc/self/cgroup says: a process tries it once. */
const found = new Map<string, ScopeCommand | null>();

/**
 * How hosts get into a scope of their own; null when they are to be started plainly. `ownCgroup`: the lines of /proc/self/cgroup, by default
 * those of this process.
 */
export function scopeCommand(ownCgroup: string = readOwnCgroup()): ScopeCommand | null {
  const known = found.get(ownCgroup);
  if (known !== undefined) return known;
  const command = chooseScope(ownCgroup, makesScope);
  found.set(ownCgroup, command);
  return command;
}

/** The first form that `works`, tried only inside a service. */
export function chooseScope(ownCgroup: string, works: (command: ScopeCommand) => boolean): ScopeCommand | null {
  if (!isInService(ownCgroup)) return null;
  return ([[...SCOPE, ...SINCE_254], SCOPE] as const).find(works) ?? null;
}

/** The processes with hosts that are started by `scope`; as they are for null. */
export function hostsInScopes(processes: HostProcessesPort, scope: ScopeCommand | null): HostProcessesPort {
  if (scope === null) return processes;
  const tried = new Set<string>();
  return {
    ...processes,
    startHost: (start) => {
      if (tried.has(start.taskFolder)) return processes.startHost(start);
      const [oldest] = tried;
      if (oldest !== undefined && tried.size >= TASKS_REMEMBERED) tried.delete(oldest);
      tried.add(start.taskFolder);
      const unit = `--unit=pawl-host-${randomBytes(8).toString('hex')}`;
      const pid = spawnHost(builtPath('host/main.js'), start, [...scope, '--description=Pawl worker host', unit, '--']);
      return pid === null ? null : processes.identify(pid);
    },
  };
}

/** True in the control group of a service, by systemd's own hierarchy: the only one of version 2, the named one of version 1. */
function isInService(ownCgroup: string): boolean {
  return /^(?:0:|[0-9]+:name=systemd):.*\.service$/m.test(ownCgroup);
}

/** Empty where the system has no control groups. */
function readOwnCgroup(): string {
  try {
    return readFileSync('/proc/self/cgroup', 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}

function makesScope([program, ...options]: ScopeCommand): boolean {
  return spawnSync(program, [...options, '--', 'true'], { stdio: 'ignore', timeout: PROBE_MS }).status === 0;
}
