/**
 * A run whose packet a person has replaced: what it forgets, what it keeps, and where it resumes under its new packet.
 *
 * Owns: those rules. Does not own: the transition (resuming), the states that take it (run.machine, admission, parts), which packets
 * may replace another one (engine/replace-packet).
 *
 * Invariants: 1. No packet is replaced while a task is open, or by itself. 2. No verdict under an earlier packet counts: work that was committed
 * is verified and reviewed again, in an epoch of its own. 3. Epochs and attempt numbers continue; charged attempts are forgotten.
 */
import type { RunContext, Stage } from '../../src/model/run-context.ts';
import type { RunMachineEvent, RunMachineEventOf } from './context.ts';

/** Where a run resumes under its new packet, by the stage at which it was: its work is kept, the verdicts on it are not. */
const RESUMES_AT: Readonly<Record<Stage, Stage>> = {
  workspace: 'workspace',
  setup: 'setup',
  implementation: 'implementation',
  implementationCommit: 'implementationCommit',
  verification: 'verification',
  review: 'verification',
  fix: 'verification',
  fixCommit: 'fixCommit',
  handoff: 'verification',
};

/** True when the event replaces the run's packet, and no task of the run is open. */
export function isReplacement(context: RunContext, event: RunMachineEvent): boolean {
  return (
    event.type === 'packetReplaced' &&
    context.openTask === null &&
    event.previousHash === context.packetHash &&
    event.packetHash !== context.packetHash
  );
}

/** The context under the new packet. */
export function underNewPacket(context: RunContext, event: RunMachineEventOf<'packetReplaced'>): Partial<RunContext> {
  const { packetHash, packet, surfaces, surfacesBeyond, policy, by, reason, atMs } = event;
  const { purpose, attemptEpoch: epoch, attempt } = context;
  return {
    packetHash,
    packet,
    surfaces,
    policy,
    lease: null,
    resumeAt: RESUMES_AT[context.stage],
    gates: { verification: null, review: null },
    failures: 0,
    losses: 0,
    interruptions: 0,
    limitWaits: 0,
    fixes: 0,
    judgements: [],
    surfacesAdded: surfacesBeyond ?? [],
    replacement: {
      count: (context.replacement?.count ?? 0) + 1,
      packetHash: context.packetHash,
      packet: context.packet,
      by,
      reason,
      atMs,
      lastTask: purpose === null ? null : { purpose, epoch, attempt },
    },
  };
}
