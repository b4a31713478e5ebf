/**
 * Packets that the daemon records.
 *
 * Owns: asking it, its answer as that of an intake here. Does not own: recording (engine/record-packets), what is shown (cli/packet-outcomes).
 */
import type { TakenIn } from '../app/taking-in.ts';
import type { PacketOutcome } from '../engine/intake.ts';
import type { RecordPacketsOptions } from '../engine/record-packets.ts';
import type { PacketReading } from '../model/packet.ts';
import { type DaemonLink, throughDaemon } from './daemon-link.ts';

/** Each packet has its run, or is refused with its reason, or is queued. Throws the first refusal if all or none are requested. */
export async function takeInByDaemon(
  { client, project }: DaemonLink,
  readings: readonly PacketReading[],
  { again, isAllOrNothing: allOrNothing, agentOverride }: RecordPacketsOptions,
): Promise<TakenIn> {
  const packets = readings.map(({ given }) => given as Record<string, unknown>);
  const named = agentOverride === undefined ? {} : { agent: agentOverride };
  const body = { project, packets, again, allOrNothing, ...named };
  const answer = await throughDaemon(() => client.call('addRuns', { body }));
  if (!answer.decided) return { kind: 'queued', commandId: answer.commandId };
  // Its codes are those of the catalogue: the daemon speaks the same version of the API.
  return { kind: 'decided', outcomes: answer.packets as readonly PacketOutcome[] };
}
