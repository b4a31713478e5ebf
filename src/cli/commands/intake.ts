/**
 * `pawl intake`: packets become runs, and nothing is driven.
 *
 * Owns: its output. Does not own: the intake (runtime/intake).
 */
import { EXIT } from '../../model/error-codes.ts';
import { type CommonOptions, placesOf } from '../options.ts';
import type { Output } from '../output.ts';
import { readPacketsArgument } from '../packets-argument.ts';
import { runDetails, runLine } from '../render.ts';
import { takeIn, withDriver } from '../session.ts';

/** Options of `pawl intake`. */
export interface IntakeOptions extends CommonOptions {
  readonly again?: boolean;
}

/** Records the runs; exit 3 when a packet is insufficient. */
export async function intake(output: Output, options: IntakeOptions, [file = '']: readonly string[]): Promise<number> {
  const places = placesOf(options);
  const { readings } = readPacketsArgument(places.cwd, file);
  const request = { places, log: (line: string) => output.log(line) };
  const result = await withDriver(request, { maxParallel: 1, agentOverride: null }, async (driver) => {
    const plan = takeIn(driver, readings, options.again === true);
    const fresh = new Set(plan.fresh.map((entry) => entry.runId));
    return plan.runIds.flatMap((runId) => {
      const view = driver.view(runId);
      return view === null ? [] : [{ ...view, isNew: fresh.has(runId) }];
    });
  });
  output.json({ runs: result });
  for (const view of result) {
    output.line(`${runLine(output, view)}${view.isNew ? '' : '  (was there)'}`);
    if (view.kind === 'terminal') for (const line of runDetails(output, view)) output.line(line);
  }
  return result.some((view) => view.state === 'blockedPlanInsufficient') ? EXIT.blocked : EXIT.done;
}
