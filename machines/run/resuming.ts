/**
 * How a halted run continues: at the stage where it stopped, under its lease; or from its admission, under another packet.
 *
 * Owns: the way back to every stage, the lease with its renewal. Does not own: the chart it is put into (run.machine), which stage that is
 * (context), a task's cycle (parts).
 *
 * Invariant: nothing rests here. Whoever enters has noted the stage to continue at.
 */
import type { Purpose } from '../../src/model/limits.ts';
import type { RunContext, Stage } from '../../src/model/run-context.ts';
import type { RunMachineEventOf } from './context.ts';
import { runSetup } from './vocabulary.ts';

/** The state in which a stage is entered again, and the purpose that begins there. */
const ENTRANCES: readonly { readonly stage: Stage; readonly target: string; readonly purpose: Purpose | null }[] = [
  { stage: 'workspace', target: 'implementing.preparing', purpose: null },
  { stage: 'setup', target: 'implementing.setupRequested', purpose: 'setup' },
  { stage: 'implementation', target: 'implementing.requested', purpose: 'implementation' },
  { stage: 'implementationCommit', target: 'implementing.committing', purpose: null },
  { stage: 'verification', target: 'verification', purpose: null },
  { stage: 'review', target: 'internalReview', purpose: null },
  { stage: 'fix', target: 'fixLoop', purpose: 'fix' },
  { stage: 'fixCommit', target: 'fixLoop.committing', purpose: null },
  { stage: 'handoff', target: 'handoffReady', purpose: null },
];

/** Passed through on the way back to a stage; without the lease, the run gets that again first. */
export const resumingState = runSetup.createStateConfig({
  description: 'Goes back to the stage at which it stopped.',
  tags: 'transient',
  always: [
    { guard: 'hasNoLease', target: 'waitingForLock' },
    ...ENTRANCES.map(({ stage, target, purpose }) => ({
      guard: { type: 'resumesAt' as const, params: { stage } },
      target,
      actions: [
        { type: 'renewLease' as const },
        ...armLease(),
        { type: 'forgetResume' as const },
        ...(purpose === null ? [] : [{ type: 'beginPurpose' as const, params: { purpose } }]),
      ],
    })),
  ],
});

/** The packet was replaced while nothing of the run was under way: it is admitted again, and leases what the new packet names. */
export const replacePacket = {
  guard: 'isReplacement' as const,
  target: '#run.queued',
  reenter: true,
  actions: [
    { type: 'withdraw' as const, params: { kind: 'deadline' } },
    { type: 'noteGrant' as const },
    { type: 'clearBlockers' as const },
    {
      type: 'takePacket' as const,
      params: ({ event }: { event: RunMachineEventOf<'packetReplaced'> }) => event,
    },
  ],
};

/** Requests a deadline at half of the lease's time. */
export function armLease() {
  return [
    { type: 'withdraw' as const, params: { kind: 'deadline', id: 'lease' } },
    {
      type: 'deadline' as const,
      params: ({ context }: { context: RunContext }) => ({
        id: 'lease' as const,
        atMs: (context.lease?.expiresAtMs ?? 0) - Math.floor(context.policy.leaseTtlMs / 2),
      }),
    },
  ];
}
