/**
 * What the run machine of a test is born with.
 *
 * Owns: the value. Does not own: the policy and the hash in it (prove/model/settlements).
 */
import type { RunInput } from '../../src/model/run-context.ts';
import { HASH, POLICY } from '../../src/prove/model/settlements.ts';

/** A run that leases nothing. */
export const RUN_INPUT: RunInput = {
  runId: 'run_x',
  packetTaskId: 'T-1',
  packetHash: HASH,
  packet: { path: 'artifacts/intake/x.json', sha256: HASH },
  surfaces: [],
  branch: 'b',
  policy: POLICY,
};
