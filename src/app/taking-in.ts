/**
 * Records packets in this process, or sends them to the one that holds the registry.
 *
 * Owns: which of the two does it, all or nothing of a file, the views of the resulting runs. Does not own: recording (engine/record-packets),
 * packets that replace others (replacing), what is shown (cli/commands/intake).
 */
import { userInfo } from 'node:os';
import type { Json } from '../base/canonical-json.ts';
import type { Driver } from '../engine/driver.ts';
import { assertNoneRefused, outcomesIn, type PacketOutcome, runsOf } from '../engine/intake.ts';
import { type RecordPacketsOptions, recordPackets } from '../engine/record-packets.ts';
import { lookAtRun } from '../engine/run-look.ts';
import { PawlError } from '../model/error.ts';
import type { PacketReading } from '../model/packet.ts';
import { removedView } from '../run/removed-view.ts';
import type { RunView } from '../run/run-view.ts';
import { readRemoval } from '../store/removed-runs.ts';
import type { Places } from './options.ts';
import { sendCommand, unlessLocked } from './send-command.ts';
import { type LineLog, withIdleDriver } from './session.ts';

/** The result for each packet, or the command with which they are queued, if that takes longer than the wait. */
export type TakenIn =
  | { readonly kind: 'decided'; readonly outcomes: readonly PacketOutcome[] }
  | { readonly kind: 'queued'; readonly commandId: string };

/** Each packet has its run, or is refused with its reason, or is queued. Throws the first refusal if all or none are requested. */
export async function takeIn(
  output: LineLog,
  places: Places,
  readings: readonly PacketReading[],
  how: RecordPacketsOptions,
): Promise<TakenIn> {
  const outcomes = await unlessLocked(places, () =>
    withIdleDriver(output, places, (driver) => takeInWith(driver, readings, how)),
  );
  return outcomes === 'locked' ? takeInThere(output, places, readings, how) : { kind: 'decided', outcomes };
}

/** The same by a driver of this process. */
export async function takeInWith(
  driver: Driver,
  readings: readonly PacketReading[],
  how: RecordPacketsOptions,
): Promise<readonly PacketOutcome[]> {
  const { outcomes, isRecorded } = await recordPackets(driver, readings, how);
  if (!isRecorded) assertNoneRefused(outcomes);
  return outcomes;
}

/** Another process holds the registry: it records the packets. */
async function takeInThere(
  output: LineLog,
  places: Places,
  readings: readonly PacketReading[],
  how: RecordPacketsOptions,
): Promise<TakenIn> {
  const packets = readings.map(({ given }) => given as Json);
  const by = userInfo().username;
  const { commandId, decision } = await sendCommand(output, places, { command: 'intake', packets, ...how, by });
  if (decision === null) return { kind: 'queued', commandId };
  if (decision.outcomes === undefined) throw notUnderstood(commandId);
  const outcomes = outcomesIn(decision.outcomes, commandId);
  if (!decision.isAccepted) assertNoneRefused(outcomes);
  return { kind: 'decided', outcomes };
}

function notUnderstood(commandId: string): PawlError {
  return new PawlError({
    code: 'PAWL_COMMAND_REFUSED',
    message: 'The running pawl is a different version and cannot accept packets. Nothing was recorded.',
    subject: commandId,
    hint: 'Stop it and start it again with this version, or wait until it has ended.',
  });
}

/** The runs of the packets, in the order of the file. */
export async function viewsOf(places: Places, outcomes: readonly PacketOutcome[]): Promise<readonly RunView[]> {
  const views = await Promise.all(runsOf(outcomes).map((runId) => viewIn(places, runId)));
  return views.filter((view) => view !== null);
}

/** A run whose folder was removed still had its packet. */
async function viewIn(places: Places, runId: string): Promise<RunView | null> {
  const removed = readRemoval(places.files, places.paths, runId);
  return (await lookAtRun(places, runId)) ?? (removed === null ? null : removedView(removed));
}
