/**
 * What changes when a run does, cheaply.
 *
 * Owns: the files that tell. Does not own: looking at the run (engine/run-look), watching (inspector/hub/registry-watch).
 */
import type { Files } from './files.ts';
import type { RegistryPaths } from './registry-paths.ts';

/** The same as long as neither the journal of the run has grown nor the registers that set it aside and end that have come. */
export function runMark(
  { files, paths }: { readonly files: Files; readonly paths: RegistryPaths },
  runId: string,
): string {
  return [paths.journal(runId), paths.quarantined(runId), paths.quarantineResolved(runId)]
    .map((path) => files.fs.stat(path))
    .map((stat) => (stat === null ? '-' : `${stat.size}@${stat.mtimeMs}`))
    .join();
}
