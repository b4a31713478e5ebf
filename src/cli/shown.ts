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
import type { Look } from '../engine/run-look.ts';
import { driverFacts, shownRuns } from '../engine/surroundings.ts';
import type { DriverFacts } from '../run/next-actions.ts';
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

/** All that was looked at, and who drives the registry. */
export interface ShownRegistry {
  readonly driver: DriverFacts;
  readonly runs: readonly RunView[];
}

/** What was looked at as it is shown, with what the next start would find. */
export function shownLooks(places: Places, looks: readonly Look[]): ShownRegistry {
  const place = wide(places);
  const driver = driverFacts(place);
  const findings = new Map(looks.map(({ view, findings }) => [view.runId, findings]));
  const views = looks.map(({ view }) => view);
  return { driver, runs: shownRuns(place, views, driver, { findings }) };
}

function wide({ files, paths }: Places): WidePlace {
  return { files, paths, processes: systemProcesses() };
}
