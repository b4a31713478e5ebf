/**
 * The packet of a run as intake stored it, read back with its hash verified.
 *
 * Owns: the kept form. Does not own: reading what a user wrote (packets/packets).
 */
import { canonicalJson, isObject, type Json } from '../base/canonical-json.ts';
import { PawlError } from '../model/error.ts';
import type { Limits } from '../model/limits.ts';
import type { Packet } from '../model/packet.ts';
import type { LiveRun } from './live-run.ts';
import type { World } from './world.ts';

/** A run's packet as it was recorded, read back from its artifact. */
export interface KeptPacket {
  readonly given: Json;
  readonly packet: Packet;
  /** Resolved at intake from defaults, config and packet. */
  readonly limits: Limits;
  readonly unknownFields: readonly string[];
}

/** The text of the artifact that keeps a packet. */
export function keptPacketText(kept: KeptPacket): string {
  return canonicalJson({ v: 1, ...kept });
}

/** The run's packet. Throws PAWL_ARTIFACT_DAMAGED when its bytes do not match the hash in the journal. */
export async function readKeptPacket(world: World, run: LiveRun): Promise<KeptPacket> {
  const ref = run.state.root.context.packet;
  const kept: unknown = JSON.parse(await world.artifacts.read(run.folder, ref));
  if (isObject(kept) && isObject(kept.packet) && isObject(kept.limits)) return kept as object as KeptPacket;
  throw new PawlError({
    code: 'PAWL_ARTIFACT_DAMAGED',
    message: `${ref.path} of ${run.runId} is not a kept packet`,
    subject: ref.path,
    hint: 'The run is set aside; import its packet again.',
  });
}
