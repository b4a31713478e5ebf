/**
 * The packets that a run has had, one after another, from its journal alone.
 *
 * Owns: that list, and which rounds were judged under which packet. Does not own: reading a packet (engine/kept-packet), rendering them (cli, run/handoff/bundle).
 *
 * Invariant: the last one is the packet that the run has.
 */
import type { ArtifactRef } from '../model/event.ts';
import type { JournalRecord } from '../model/record.ts';

/** One packet that a run has had. */
export interface PacketVersion {
  /** From 1. */
  readonly version: number;
  readonly packetHash: string;
  /** Where it is kept. */
  readonly packet: ArtifactRef;
  /** Who put it in the place of the previous one, and why; null for the first one. */
  readonly by: string | null;
  readonly reason: string | null;
  readonly atMs: number;
  /** Rounds of gates that were judged under it. */
  readonly rounds: readonly number[];
}

/** The packets in these records, oldest first; none if not even the first record is there. */
export function packetVersions(records: readonly JournalRecord[]): readonly PacketVersion[] {
  const versions: (Omit<PacketVersion, 'rounds'> & { readonly rounds: Set<number> })[] = [];
  for (const { event, atMs } of records) {
    if (event.type === 'packetReceived' || event.type === 'packetReplaced') {
      const { packetHash, packet } = event;
      const { by, reason } = event.type === 'packetReplaced' ? event : { by: null, reason: null };
      versions.push({ version: versions.length + 1, packetHash, packet, by, reason, atMs, rounds: new Set() });
    } else if (event.type === 'gateJudged') versions.at(-1)?.rounds.add(event.epoch);
  }
  return versions.map((version) => ({ ...version, rounds: [...version.rounds] }));
}
