/**
 * `pawl recover`: every run checked, what has ended settled, what is ambiguous set aside. Starts no worker.
 *
 * Owns: its options, its output. Does not own: checking and settling (app/recovering).
 */
import { userInfo } from 'node:os';
import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { checkRuns, type Recovered, recoverRuns } from '../../app/recovering.ts';
import { counted } from '../../base/counted.ts';
import type { Finding } from '../../engine/recovery/rehydrate.ts';
import { PawlError } from '../../model/error.ts';
import { takeOver as takeOverAction } from '../../run/next-actions.ts';
import { exitCodeOf } from '../../run/run-view.ts';
import type { TakeOver } from '../../store/generation-lock.ts';
import { daemonFor } from '../daemon-link.ts';
import type { Output } from '../output.ts';
import { runDetails, runLine } from '../render.ts';
import { shown } from '../shown.ts';
import { recoverByDaemon } from '../upkeep-by-daemon.ts';

/** Options of `pawl recover`. */
export interface RecoverOptions extends CommonOptions {
  readonly dryRun?: boolean;
  readonly takeOver?: boolean;
  readonly reason?: string;
}

/** Reports per run: stage, task, last artifact, what was done, blocker, next safe action. */
export async function recover(output: Output, options: RecoverOptions): Promise<number> {
  const places = placesOf(options);
  const report = options.dryRun === true ? await checkRuns(places) : await recovered(output, options, places);
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

/** A daemon that drives the registry checks it; it is alive, so nothing is taken over from it: that is refused as from any other holder. */
async function recovered(output: Output, options: RecoverOptions, places: Places): Promise<Recovered> {
  const takeOver = takeOverOf(options, places.paths.commandOptions);
  const link = takeOver === undefined ? daemonFor(output, places) : null;
  return link === null ? recoverRuns(output, places, takeOver) : recoverByDaemon(link, places);
}

function takeOverOf({ takeOver, reason }: RecoverOptions, options: readonly string[]): TakeOver | undefined {
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
