/**
 * `pawl intake`: packets become runs, and nothing is driven.
 *
 * Owns: its output. Does not own: the intake (runtime/intake).
 */
import { EXIT } from '../../model/error-codes.ts';
import { runsOf } from '../../runtime/intake.ts';
import { type CommonOptions, placesOf } from '../options.ts';
import type { Output } from '../output.ts';
import { refusedLines, toldOutcomes, withRefused } from '../packet-outcomes.ts';
import { readPacketsArgument } from '../packets-argument.ts';
import { runDetails, runLine } from '../render.ts';
import { takeIn, withDriver } from '../session.ts';
import { shown } from '../shown.ts';

/** Options of `pawl intake`. */
export interface IntakeOptions extends CommonOptions {
  readonly again?: boolean;
  readonly allOrNothing?: boolean;
}

/** Records the runs; exit 3 when a packet is insufficient or refused. */
export async function intake(output: Output, options: IntakeOptions, [file = '']: readonly string[]): Promise<number> {
  const places = placesOf(options);
  const { readings } = readPacketsArgument(places.cwd, file);
  const request = { places, log: (line: string) => output.log(line) };
  const how = { again: options.again === true, isAllOrNothing: options.allOrNothing === true };
  const { plan, views } = await withDriver(request, { maxParallel: 1, agentOverride: null }, async (driver) => {
    const plan = takeIn(driver, readings, how);
    return { plan, views: runsOf(plan.outcomes).flatMap((runId) => driver.view(runId) ?? []) };
  });
  const { outcomes } = plan;
  const fresh = new Set(plan.fresh.map((entry) => entry.runId));
  const runs = shown(places, views).map((view) => ({ ...view, isNew: fresh.has(view.runId) }));
  output.json({ runs, packets: toldOutcomes(outcomes) });
  for (const view of runs) {
    const was = view.kind === 'terminal' ? '  (ended before; --again takes it in once more)' : '  (was there)';
    output.line(`${runLine(output, view)}${view.isNew ? '' : was}`);
    if (view.kind === 'terminal') for (const line of runDetails(output, view)) output.line(line);
  }
  for (const line of refusedLines(output, outcomes)) output.line(line);
  const isInsufficient = runs.some((view) => view.state === 'blockedPlanInsufficient');
  return withRefused(outcomes, isInsufficient ? EXIT.blocked : EXIT.done);
}
