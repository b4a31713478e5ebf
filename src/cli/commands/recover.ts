/**
 * `pawl recover`: every run checked, what has ended settled, what is ambiguous set aside. Starts no worker.
 *
 * Owns: its output. Does not own: the checks (engine/recovery/rehydrate), settling (engine/driver).
 */
import { userInfo } from 'node:os';
import { systemProcesses } from '../../adapters/processes/system.ts';
import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { withDriver } from '../../app/session.ts';
import { counted } from '../../base/counted.ts';
import { emptyInbox } from '../../engine/commands.ts';
import type { Driver } from '../../engine/driver.ts';
import { lookDry } from '../../engine/recovery/dry-run.ts';
import type { RunFindings } from '../../engine/recovery/load-run.ts';
import type { Finding } from '../../engine/recovery/rehydrate.ts';
import { PawlError } from '../../model/error.ts';
import { takeOver as takeOverAction } from '../../run/next-actions.ts';
import { exitCodeOf, type RunView } from '../../run/run-view.ts';
import { listRuns } from '../../store/registry.ts';
import type { Output } from '../output.ts';
import { runDetails, runLine } from '../render.ts';
import { shown } from '../shown.ts';

/** Options of `pawl recover`. */
export interface RecoverOptions extends CommonOptions {
  readonly dryRun?: boolean;
  readonly takeOver?: boolean;
  readonly reason?: string;
}

interface Report {
  readonly views: readonly RunView[];
  readonly findings: readonly RunFindings[];
}

/** Reports per run: stage, task, last artifact, what was done, blocker, next safe action. */
export async function recover(output: Output, options: RecoverOptions): Promise<number> {
  const places = placesOf(options);
  const report =
    options.dryRun === true
      ? await dryRun(places)
      : await settle(output, places, takeOverOf(options, places.paths.commandOptions));
  const findingsOf = (runId: string): readonly Finding[] =>
    report.findings.filter((each) => each.runId === runId).flatMap((each) => each.findings);
  // The closer look's findings stand in the place of the quick one's.
  const runs = shown(places, report.views).map((view) => {
    const liveness = view.liveness === null ? null : { ...view.liveness, findings: [] };
    return { ...view, liveness, findings: findingsOf(view.runId) };
  });
  const quarantined = runs.filter((view) => view.kind === 'quarantined');
  output.json({ runs, quarantined, dryRun: options.dryRun === true });
  for (const view of runs) {
    if (view.kind === 'terminal' && view.findings.length === 0) continue;
    output.line(runLine(output, view));
    for (const finding of view.findings)
      output.line(`    ${output.colour.cyan(finding.class)}  ${finding.detail}: ${finding.action}`);
    for (const line of runDetails(output, view)) output.line(line);
  }
  const ended = runs.filter((view) => view.kind === 'terminal').length;
  output.line(`${counted(runs.length, 'run')}: ${ended} ended, ${quarantined.length} set aside`);
  return exitCodeOf(runs.filter((view) => view.kind !== 'terminal'));
}

function takeOverOf(
  { takeOver, reason }: RecoverOptions,
  options: readonly string[],
): { reason: string; by: string } | undefined {
  if (takeOver !== true) return undefined;
  if (reason !== undefined && reason.trim() !== '') return { reason, by: userInfo().username };
  throw new PawlError({
    code: 'PAWL_USAGE',
    message: '--take-over asserts that the runner that holds this registry is dead; say how you know.',
    subject: 'recover --take-over',
    hint: 'Say how you know, in quotes after --reason.',
    actions: [takeOverAction(options, 'your confirmation is recorded')],
  });
}

async function settle(
  output: Output,
  places: Places,
  takeOver: { reason: string; by: string } | undefined,
): Promise<Report> {
  const request = { places, log: (line: string) => output.log(line), ...(takeOver === undefined ? {} : { takeOver }) };
  return withDriver(request, { maxParallel: 1, agentOverride: null }, async (driver: Driver) => {
    await driver.verifyEnded();
    await emptyInbox(driver);
    for (const run of driver.runs()) await driver.endTasks(run);
    return { views: driver.views(), findings: driver.findings };
  });
}

/** The same checks without the lock, without a repair, without a record. */
async function dryRun(places: Places): Promise<Report> {
  const { files, paths } = places;
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
