/**
 * `pawl intake`: packets become runs. A `pawl run` that drives everything starts them; else nothing is driven.
 *
 * Owns: its options and its output. Does not own: taking packets in (app/taking-in), packets that replace others (app/replacing).
 */
import { agentNamed, type CommonOptions, placesOf } from '../../app/options.ts';
import { type Replaced, replacePackets } from '../../app/replacing.ts';
import { takeIn, viewsOf } from '../../app/taking-in.ts';
import type { PacketOutcome } from '../../engine/intake.ts';
import { EXIT } from '../../model/error-codes.ts';
import type { RunView } from '../../run/run-view.ts';
import { daemonFor } from '../daemon-link.ts';
import type { Output } from '../output.ts';
import { refusedLines, reportedOutcomes, withRefused } from '../packet-outcomes.ts';
import { readPacketsArgument } from '../packets-argument.ts';
import { takeInByDaemon } from '../packets-by-daemon.ts';
import { runDetails, runLine } from '../render.ts';
import { shown } from '../shown.ts';

/** Options of `pawl intake`. */
export interface IntakeOptions extends CommonOptions {
  readonly again?: boolean;
  readonly replace?: boolean;
  readonly reason?: string;
  readonly agent?: string;
  readonly allOrNothing?: boolean;
}

/** Records the runs; exit 3 when a packet is insufficient or refused. */
export async function intake(output: Output, options: IntakeOptions, [file = '']: readonly string[]): Promise<number> {
  const places = placesOf(options);
  const { readings } = readPacketsArgument(places.cwd, file);
  if (options.replace === true) {
    const sent = await replacePackets(output, places, readings, {
      reason: options.reason?.trim() ?? '',
      ...agentNamed(options),
    });
    if (sent.queued.length > 0) return tellQueued(output, sent);
    return show(output, sent.outcomes, shown(places, await viewsOf(places, sent.outcomes)));
  }
  const how = { again: options.again === true, isAllOrNothing: options.allOrNothing === true, ...agentNamed(options) };
  const link = daemonFor(output, places);
  const taken = link === null ? await takeIn(output, places, readings, how) : await takeInByDaemon(link, readings, how);
  if (taken.kind === 'queued') {
    output.json({ commandId: taken.commandId, decided: false, runs: [], packets: [] });
    output.line(`The packets are queued as ${taken.commandId}; the running pawl records them.`);
    return EXIT.done;
  }
  return show(output, taken.outcomes, shown(places, await viewsOf(places, taken.outcomes)));
}

/** Some are not decided on yet: what was decided is told, and how the others are called. */
function tellQueued(output: Output, { outcomes, queued }: Replaced): number {
  output.json({ commandIds: queued, decided: false, runs: [], packets: reportedOutcomes(outcomes) });
  for (const line of refusedLines(output, outcomes)) output.line(line);
  output.line(`Queued as ${queued.join(', ')}; the running pawl decides on ${queued.length === 1 ? 'it' : 'them'}.`);
  return withRefused(outcomes, EXIT.done);
}

function show(output: Output, outcomes: readonly PacketOutcome[], views: readonly RunView[]): number {
  const idsOf = (what: PacketOutcome['outcome']): ReadonlySet<string> =>
    new Set(outcomes.filter(({ outcome }) => outcome === what).map(({ runId }) => runId));
  const [recorded, replaced] = [idsOf('recorded'), idsOf('replaced')];
  const runs = views.map((view) => ({ ...view, isNew: recorded.has(view.runId) }));
  output.json({ runs, packets: reportedOutcomes(outcomes) });
  for (const view of runs) {
    const was = replaced.has(view.runId)
      ? '  (packet replaced)'
      : view.kind === 'terminal'
        ? '  (already ended; --again creates a new run)'
        : '  (already recorded)';
    output.line(`${runLine(output, view)}${view.isNew ? '' : was}`);
    if (view.kind === 'terminal') for (const line of runDetails(output, view)) output.line(line);
  }
  for (const line of refusedLines(output, outcomes)) output.line(line);
  const isInsufficient = runs.some((view) => view.state === 'blockedPlanInsufficient');
  return withRefused(outcomes, isInsufficient ? EXIT.blocked : EXIT.done);
}
