/**
 * The processes of the machine that we run on.
 *
 * Owns: the choice of adapter by platform, and of the worker host's program. Does not own: the adapters.
 */

import type { HostProcessesPort } from '../../ports/processes.ts';
import { builtPath } from '../built-path.ts';
import { linuxProcesses } from './linux.ts';
import { posixProcesses, readSurroundings } from './posix.ts';

/** The processes of this machine. */
export function systemProcesses(): HostProcessesPort {
  const hostMain = builtPath('host/main.js');
  return process.platform === 'linux' ? linuxProcesses(hostMain) : posixProcesses(hostMain, readSurroundings());
}
