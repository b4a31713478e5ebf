/**
 * Where the daemon's state is, and what is needed to look at it.
 *
 * Owns: finding both for this process. Does not own: the look (app/daemon/standing).
 * Free of zod and xstate: `status` starts with it.
 */
import { homedir } from 'node:os';
import { nodeFs } from '../../adapters/node-fs.ts';
import { systemProcesses } from '../../adapters/processes/system.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import type { ClockPort } from '../../ports/clock.ts';
import type { ProcessesPort } from '../../ports/processes.ts';
import { Files } from '../../store/files.ts';
import { HomePaths, homeFolder } from '../../store/home/home-paths.ts';

/** A state folder, and what judges the process that holds it. */
export interface DaemonPlace {
  readonly files: Files;
  readonly home: HomePaths;
  readonly clock: ClockPort;
  readonly processes: Pick<ProcessesPort, 'life' | 'signal'>;
}

/** The state folder of this user. Throws PAWL_USAGE where the environment names a relative one. */
export function daemonHere(): DaemonPlace {
  return {
    files: new Files(nodeFs, systemClock),
    home: new HomePaths(homeFolder({ environment: process.env, homedir: homedir() })),
    clock: systemClock,
    processes: systemProcesses(),
  };
}
