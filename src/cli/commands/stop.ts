/**
 * `pawl stop`: no daemon runs any more; workers go on.
 *
 * Owns: its options and output. Does not own: stopping it (app/daemon/stopping).
 */
import { CLIENT_BOUNDS } from '../../app/daemon/daemon-bounds.ts';
import { daemonHere } from '../../app/daemon/daemon-place.ts';
import { type Stopped, stopDaemon } from '../../app/daemon/stopping.ts';
import type { CommonOptions } from '../../app/options.ts';
import { EXIT } from '../../model/error-codes.ts';
import type { Output } from '../output.ts';

/** Options of `pawl stop`. */
export interface StopOptions extends CommonOptions {
  /** Seconds. */
  readonly timeout?: number;
}

/** Stops the daemon, and says whether there was one. */
export async function stop(output: Output, { timeout }: StopOptions): Promise<number> {
  const stopped = await stopDaemon(daemonHere(), timeout === undefined ? CLIENT_BOUNDS.stopMs : timeout * 1_000);
  output.json(stopped);
  output.line(words(stopped));
  return EXIT.done;
}

function words({ outcome, pid, how }: Stopped): string {
  if (outcome === 'absent') return 'No daemon was running.';
  const why = how === 'signalled' ? ' It gave no answer, so its process was signalled.' : '';
  return `The daemon has ended (pid ${pid}); workers go on.${why}`;
}
