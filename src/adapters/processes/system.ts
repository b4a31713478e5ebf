/**
 * The processes of the machine that we run on.
 *
 * Owns: the choice of adapter by platform. Does not own: the adapters.
 */

import type { HostProcessesPort } from '../../ports/processes.ts';
import { builtPath } from '../built-path.ts';
import { linuxProcesses } from './linux.ts';
import { posixProcesses } from './posix.ts';

/** The processes of this machine. `hostMain` is the built program of the worker host. */
export function systemProcesses(hostMain: string = builtPath('host/main.js')): HostProcessesPort {
  return process.platform === 'linux' ? linuxProcesses(hostMain) : posixProcesses(hostMain);
}
