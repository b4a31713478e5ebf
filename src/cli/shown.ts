/**
 * Views as a command shows them.
 *
 * Owns: setting them into their surroundings, seen from this process. Does not own: the surroundings (engine/surroundings), the words (cli/render).
 * Free of zod and xstate: `status` starts with it.
 */
import { systemProcesses } from '../adapters/processes/system.ts';
import type { Places } from '../app/options.ts';
import { failureNotes } from '../engine/failure-notes.ts';
import type { WidePlace } from '../engine/liveness.ts';
import { driverFacts, shownRuns } from '../engine/surroundings.ts';
import type { RunView } from '../run/run-view.ts';

/** The views as they are shown, each in its surroundings as they are now. */
export function shown(places: Places, views: readonly RunView[]): readonly RunView[] {
  const place = wide(places);
  const { agent } = places;
  return shownRuns(place, views, driverFacts(place), { beginOptions: agent === undefined ? [] : ['--agent', agent] });
}

/** The views with why they have stopped, where they have: their workers' own words, read from their files. */
export function withFailures(places: Places, views: readonly RunView[]): readonly RunView[] {
  return views.map((view) => {
    const failure = failureNotes(places, view);
    return failure === null ? view : { ...view, failure };
  });
}

function wide({ files, paths }: Places): WidePlace {
  return { files, paths, processes: systemProcesses() };
}
