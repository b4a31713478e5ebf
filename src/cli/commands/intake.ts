/**
 * `pawl intake`: packets become runs. A `pawl run` that drives everything starts them; else nothing is driven.
 *
 * Owns: taking them in here, or through the process that holds the registry; its output. Does not own: the intake (engine/record-packets), packets
 * that replace others (app/replacing).
 */
import { userInfo } from 'node:os';
import { agentNamed, type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { type Replaced, replacePackets } from '../../app/replacing.ts';
import { sendCommand, unlessLocked } from '../../app/send-command.ts';
import { withDriver } from '../../app/session.ts';
import type { Json } from '../../base/canonical-json.ts';
import { assertNoneRefused, outcomesIn, type PacketOutcome, runsOf } from '../../engine/intake.ts';
import { type IntakeResult, type RecordPacketsOptions, recordPackets } from '../../engine/record-packets.ts';
import { lookAtRun } from '../../engine/run-look.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import type { PacketReading } from '../../model/packet.ts';
import { removedView } from '../../run/removed-view.ts';
import type { RunView } from '../../run/run-view.ts';
import { readRemoval } from '../../store/removed-runs.ts';
import type { Output } from '../output.ts';
import { refusedLines, reportedOutcomes, withRefused } from '../packet-outcomes.ts';
import { readPacketsArgument } from '../packets-argument.ts';
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
  const how = {
    again: options.again === true,
    isAllOrNothing: options.allOrNothing === true,
    ...agentNamed(options),
  };
  const here = await unlessLocked(places, () => takeInHere(output, places, readings, how));
  const taken = here === 'locked' ? await takeInThere(output, places, readings, how) : here;
  if (typeof taken === 'string') {
    output.json({ commandId: taken, decided: false, runs: [], packets: [] });
    output.line(`The packets are queued as ${taken}; the running pawl records them.`);
    return EXIT.done;
  }
  if (!taken.isRecorded) assertNoneRefused(taken.outcomes);
  return show(output, taken.outcomes, shown(places, await viewsOf(places, taken.outcomes)));
}

/** Some are not decided on yet: what was decided is told, and how the others are called. */
function tellQueued(output: Output, { outcomes, queued }: Replaced): number {
  output.json({ commandIds: queued, decided: false, runs: [], packets: reportedOutcomes(outcomes) });
  for (const line of refusedLines(output, outcomes)) output.line(line);
  output.line(`Queued as ${queued.join(', ')}; the running pawl decides on ${queued.length === 1 ? 'it' : 'them'}.`);
  return withRefused(outcomes, EXIT.done);
}

function takeInHere(
  output: Output,
  places: Places,
  readings: readonly PacketReading[],
  how: RecordPacketsOptions,
): Promise<IntakeResult> {
  const request = { places, log: (line: string) => output.log(line) };
  return withDriver(request, { maxParallel: 1, agentOverride: null }, async (driver) =>
    recordPackets(driver, readings, how),
  );
}

/** Another process holds the registry: it takes the packets in. Returns the command's id when that takes longer than is waited for. */
async function takeInThere(
  output: Output,
  places: Places,
  readings: readonly PacketReading[],
  how: RecordPacketsOptions,
): Promise<IntakeResult | string> {
  const packets = readings.map(({ given }) => given as Json);
  const by = userInfo().username;
  const { commandId, decision } = await sendCommand(output, places, { command: 'intake', packets, ...how, by });
  if (decision === null) return commandId;
  if (decision.outcomes === undefined) throw notUnderstood(commandId);
  return { outcomes: outcomesIn(decision.outcomes, commandId), isRecorded: decision.isAccepted };
}

function notUnderstood(commandId: string): PawlError {
  return new PawlError({
    code: 'PAWL_COMMAND_REFUSED',
    message: 'The running pawl is a different version and cannot accept packets. Nothing was recorded.',
    subject: commandId,
    hint: 'Stop it and start it again with this version, or wait until it has ended.',
  });
}

async function viewsOf(places: Places, outcomes: readonly PacketOutcome[]): Promise<readonly RunView[]> {
  const views = await Promise.all(runsOf(outcomes).map((runId) => viewIn(places, runId)));
  return views.filter((view) => view !== null);
}

/** A run whose folder was removed had its packet all the same. */
async function viewIn(places: Places, runId: string): Promise<RunView | null> {
  const removed = readRemoval(places.files, places.paths, runId);
  return (await lookAtRun(places, runId)) ?? (removed === null ? null : removedView(removed));
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
