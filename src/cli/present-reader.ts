/**
 * How runs are read now: through the daemon where one drives the registry, else from the files.
 *
 * Owns: that decision, the one place that makes it. Does not own: finding the daemon (cli/driving-daemon), either way of reading. Free of zod and xstate, and of a client
 * where there is no daemon: `status` starts with it.
 *
 * Invariants: 1. Nothing that is shown depends on the decision. 2. Whoever looks is never kept from looking: where the daemon cannot be reached, is of another version of the
 * API, or does not answer in time, the files are read.
 */

import { systemClock } from '../adapters/system-clock.ts';
import type { Standing } from '../app/daemon/standing.ts';
import type { Places } from '../app/options.ts';
import { FileRunReader } from '../app/reading/file-run-reader.ts';
import { FirstReader, Unanswered } from '../app/reading/first-reader.ts';
import type { RunReader } from '../app/reading/run-reader.ts';
import { isSpoken } from '../client/versions.ts';
import type { RunView } from '../run/run-view.ts';
import { drivingDaemon } from './driving-daemon.ts';

/** The reader of the runs of this registry. */
export async function presentReader(places: Places): Promise<RunReader> {
  const files = new FileRunReader(places);
  // Options that name a registry or a config are part of every command that is shown, and the daemon does not know them.
  const found = places.paths.commandOptions.length > 0 ? null : drivingDaemon(places);
  if (found === null || !isSpoken(found.daemon.api)) return files;
  const { daemon, project, driver } = found;
  const { DaemonRunReader } = await import('../client/daemon-run-reader.ts');
  return new FirstReader(new DaemonRunReader({ socket: daemon.socket, project, driver, clock: systemClock }), files);
}

/** What a daemon tells of one of its projects. */
export interface ToldProject {
  readonly path: string;
  /** Why it cannot be driven; null where it is driven. */
  readonly problem: string | null;
  /** Its runs, where it is driven. */
  readonly runs: readonly RunView[];
}

/** By their ids, what the daemon tells of the projects that it drives, or cannot drive; none where it does not answer. */
export async function toldProjects({ state, daemon }: Standing): Promise<ReadonlyMap<string, ToldProject>> {
  if (state !== 'ready' || daemon === null || !isSpoken(daemon.api)) return new Map();
  const { DaemonAsking } = await import('../client/daemon-run-reader.ts');
  const asking = new DaemonAsking({ socket: daemon.socket, clock: systemClock });
  try {
    const [projects, all] = await Promise.all([asking.projects(), asking.runs()]);
    const runsOf = (id: string): readonly RunView[] =>
      all.filter(({ project }) => project === id).map(({ project: _project, ...run }) => run);
    return new Map(
      projects
        .filter((each) => each.state === 'driven' || each.state === 'degraded')
        .map(({ id, path, state: its, reason }) => [
          id,
          its === 'driven' ? { path, problem: null, runs: runsOf(id) } : { path, problem: reason ?? '', runs: [] },
        ]),
    );
  } catch (error) {
    if (error instanceof Unanswered) return new Map();
    throw error;
  }
}
