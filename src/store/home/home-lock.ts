/**
 * The daemon's own lock: one daemon for a state folder.
 *
 * Owns: the words about who holds it. Does not own: generations (store/generation-lock).
 */
import { PawlError } from '../../model/error.ts';
import type { ClockPort } from '../../ports/clock.ts';
import type { ProcessesPort } from '../../ports/processes.ts';
import type { Files } from '../files.ts';
import { type GenerationLock, type Holder, readGeneration, takeGeneration } from '../generation-lock.ts';
import type { HomePaths } from './home-paths.ts';

/** A process that wants to be the daemon. */
export interface HomeLockRequest {
  readonly files: Files;
  readonly home: HomePaths;
  readonly clock: ClockPort;
  readonly processes: ProcessesPort;
}

/** The calling process is the daemon of this state folder. Throws PAWL_DAEMON_RUNNING, PAWL_DAEMON_UNKNOWN. */
export function takeHomeLock({ files, home, clock, processes }: HomeLockRequest): Promise<GenerationLock> {
  return takeGeneration({ files, place: home, clock, processes, locked: (holder) => lockedError(home, holder) });
}

/** Who is the daemon, seen from here. */
export function readHomeHolder(files: Files, home: HomePaths, processes: Pick<ProcessesPort, 'life'>): Holder {
  return readGeneration({ files, place: home, processes });
}

/** Throws PAWL_DAEMON_UNKNOWN where it cannot be told from here whether the holder still runs. */
export function assertDaemonKnown(files: Files, home: HomePaths, processes: Pick<ProcessesPort, 'life'>): void {
  const holder = readHomeHolder(files, home, processes);
  if (holder.kind === 'unknown') throw lockedError(home, holder);
}

function lockedError(home: HomePaths, { kind, content, generation }: Holder): PawlError {
  const who = content === null ? 'an unknown process' : `process ${content.holder.pid} on ${content.holder.hostname}`;
  if (kind !== 'unknown')
    return new PawlError({
      code: 'PAWL_DAEMON_RUNNING',
      message: `A daemon already runs for ${home.root}: ${who}.`,
      subject: home.root,
      hint: 'See it with `pawl status`; end it with `pawl stop`.',
      kind: 'retryable',
    });
  return unknownDaemon(home, `generation ${generation} is held by ${who}, which cannot be proven dead from here`);
}

/** The error of a daemon that is neither seen alive nor proven dead. */
function unknownDaemon(home: HomePaths, why: string): PawlError {
  return new PawlError({
    code: 'PAWL_DAEMON_UNKNOWN',
    message: `It is unknown whether a daemon runs for ${home.root}: ${why}.`,
    subject: home.root,
    hint: 'If you know that it is gone, move this folder away: projects are registered again with `pawl project add`.',
    kind: 'needsHuman',
  });
}
