/**
 * Packets that replace those of their runs: one command each, left in the inbox and decided by the process that holds the registry.
 *
 * Owns: leaving them, the results in the order of the file. Does not own: deciding (engine/replace-packet), what is shown (cli/commands/intake).
 *
 * Invariant: every packet is replaced or refused by itself; a refusal does not affect the others.
 */
import { userInfo } from 'node:os';
import type { Json } from '../base/canonical-json.ts';
import { outcomesIn, type PacketOutcome } from '../engine/intake.ts';
import { notReadThere, twiceInFile } from '../engine/replace-refusals.ts';
import type { ReplaceCommand } from '../model/command.ts';
import type { PacketReading } from '../model/packet.ts';
import type { Places } from './options.ts';
import { sendCommands } from './send-command.ts';
import type { LineLog } from './session.ts';

/** The results for the packets. */
export interface Replaced {
  /** For those that were decided on, in the order of the file. */
  readonly outcomes: readonly PacketOutcome[];
  /** The commands that are not decided on yet. */
  readonly queued: readonly string[];
}

/** Each packet replaces the one that the run of its task had, or is refused, or is queued. */
export async function replacePackets(
  output: LineLog,
  places: Places,
  readings: readonly PacketReading[],
  how: Pick<ReplaceCommand, 'reason' | 'agentOverride'>,
): Promise<Replaced> {
  const by = userInfo().username;
  const asked = readings.filter(
    ({ packet }, at) => at === readings.findIndex((other) => other.packet.taskId === packet.taskId),
  );
  const sent = await sendCommands(
    output,
    places,
    asked.map(({ given }) => ({ command: 'replace', packet: given as Json, ...how, by })),
  );
  const decided = new Map(asked.map(({ packetHash }, at) => [packetHash, sent[at]]));
  const outcomes = readings.flatMap((reading): readonly PacketOutcome[] => {
    if (!decided.has(reading.packetHash)) return [refused(reading, twiceInFile(reading))];
    const command = decided.get(reading.packetHash);
    if (command === undefined || command.decision === null) return [];
    if (command.decision.outcomes === undefined) return [refused(reading, notReadThere(reading))];
    return outcomesIn(command.decision.outcomes, command.commandId);
  });
  return { outcomes, queued: sent.flatMap(({ commandId, decision }) => (decision === null ? [commandId] : [])) };
}

function refused({ runId, packet }: PacketReading, refusal: PacketOutcome['refusal']): PacketOutcome {
  return { taskId: packet.taskId, runId, outcome: 'refused', refusal };
}
