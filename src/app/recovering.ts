/**
 * Checks every run and settles what has ended; or only checks. Starts no worker.
 *
 * Owns: the order of these steps. Does not own: the checks (engine/recovery/rehydrate), settling (engine/driver), what is shown (cli/commands/recover).
 */
import { systemProcesses } from '../adapters/processes/system.ts';
import { emptyInbox } from '../engine/inbox-desk.ts';
import { lookDry } from '../engine/recovery/dry-run.ts';
import type { RunFindings } from '../engine/recovery/load-run.ts';
import type { RunView } from '../run/run-view.ts';
import type { TakeOver } from '../store/generation-lock.ts';
import { listRuns } from '../store/registry.ts';
import type { Places } from './options.ts';
import { type LineLog, withIdleDriver } from './session.ts';

/** Every run, and the findings about each. */
export interface Recovered {
  readonly views: readonly RunView[];
  readonly findings: readonly RunFindings[];
}

/** Checks and settles. Throws PAWL_REGISTRY_LOCKED while another process holds the registry, unless `takeOver` says that it is dead. */
export function recoverRuns(output: LineLog, places: Places, takeOver: TakeOver | undefined): Promise<Recovered> {
  return withIdleDriver(
    output,
    places,
    async (driver) => {
      await driver.verifyEnded();
      await emptyInbox(driver);
      for (const run of driver.runs()) await driver.endTasks(run);
      return { views: driver.views(), findings: driver.findings };
    },
    takeOver,
  );
}

/** The same checks without the lock, without a repair, without a record. */
export async function checkRuns({ files, paths }: Places): Promise<Recovered> {
  const place = { files, paths, processes: systemProcesses() };
  const findings: RunFindings[] = [];
  const views: RunView[] = [];
  for (const runId of listRuns(files, paths)) {
    const found = await lookDry(place, runId);
    if (found === null) continue;
    views.push(found.view);
    findings.push({ runId, findings: found.findings });
  }
  return { views, findings };
}
