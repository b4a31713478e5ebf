/**
 * Which packets of one file will wait for one another, because they declare the same paths or the same issue.
 *
 * Owns: finding these pairs. Does not own: branches, which never wait but are refused (engine/intake), the overlap rule (packets/surfaces).
 */
import type { PacketReading } from '../model/packet.ts';
import { type LocalSurface, locally, overlapping, surfacesOf } from './surfaces.ts';

/** A packet that waits for an earlier one of its file. */
export interface FileOverlap {
  /** The place of the earlier packet in the list. */
  readonly earlier: number;
  /** The surfaces that both declare, as the later one names them. */
  readonly surfaces: readonly string[];
}

/** More surfaces in one file are not compared: their number grows with its square. */
const SURFACES_COMPARED = 2_000;

/**
 * For each packet the first one before it that it overlaps, null where there is none; packets without a place in `running`, and other
 * entries of the same packet, overlap nothing. Null for a file with more surfaces than are compared.
 */
export function fileOverlaps(
  readings: readonly PacketReading[],
  isRunning: (reading: PacketReading) => boolean,
): readonly (FileOverlap | null)[] | null {
  const declared = readings.map((reading) => (isRunning(reading) ? declaredBy(reading) : []));
  if (declared.reduce((sum, surfaces) => sum + surfaces.length, 0) > SURFACES_COMPARED) return null;
  return readings.map((reading, later) => {
    for (let earlier = 0; earlier < later; earlier += 1) {
      if (readings[earlier]?.runId === reading.runId) continue;
      const surfaces = overlapping(declared[later] ?? [], declared[earlier] ?? []);
      if (surfaces.length > 0) return { earlier, surfaces };
    }
    return null;
  });
}

/** What others may wait for of the packet's surfaces. */
function declaredBy({ packet, runId }: PacketReading): readonly LocalSurface[] {
  return locally(surfacesOf(packet, runId)).filter(({ surface }) => /^(?:path|scm):/.test(surface));
}
