/**
 * Views as a command shows them.
 *
 * Owns: setting them into their surroundings, seen from this process. Does not own: the surroundings (runtime/surroundings), the words (cli/render).
 * Free of zod and xstate: `status` starts with it.
 */
import { systemProcesses } from '../adapters/processes/system.ts';
import type { RunView } from '../core/run-view.ts';
import { shownRuns } from '../runtime/surroundings.ts';
import type { Places } from './options.ts';

/** The views as they are shown, each in its surroundings as they are now. */
export function shown(places: Places, views: readonly RunView[]): readonly RunView[] {
  const { files, paths } = places;
  return shownRuns({ files, paths, processes: systemProcesses() }, views);
}
