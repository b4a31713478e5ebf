/**
 * How a run that stood still goes on: at the stage where it stopped, after a decision, an asserted end, or a lease that is held again; or from its
 * admission, under another packet.
 *
 * Owns: those transitions, one for each stage, and the lease with its renewal. Does not own: the chart they are put into (run.machine), a task's cycle (parts).
 */
import type { Purpose } from '../../src/model/limits.ts';
import type { RunContext, RunMachineEventOf, Stage } from './context.ts';

/** The state in which a stage is entered again, and the purpose that begins there. */
const ENTRANCES: readonly { readonly stage: Stage; readonly target: string; readonly purpose: Purpose | null }[] = [
  { stage: 'workspace', target: '#run.implementing.preparing', purpose: null },
  { stage: 'setup', target: '#run.implementing.setupRequested', purpose: 'setup' },
  { stage: 'implementation', target: '#run.implementing.requested', purpose: 'implementation' },
  { stage: 'implementationCommit', target: '#run.implementing.committing', purpose: null },
  { stage: 'verification', target: '#run.verification', purpose: null },
  { stage: 'review', target: '#run.internalReview', purpose: null },
  { stage: 'fix', target: '#run.fixLoop', purpose: 'fix' },
  { stage: 'fixCommit', target: '#run.fixLoop.committing', purpose: null },
  { stage: 'handoff', target: '#run.handoffReady', purpose: null },
];

/** A decision that makes the run go on: at its stage while it holds its lease. */
export const resumeOnDecision = ENTRANCES.map(({ stage, target, purpose }) => ({
  guard: { type: 'resumesAt' as const, params: { stage } },
  target,
  actions: [
    {
      type: 'noteAcceptance' as const,
      params: ({ event }: { event: RunMachineEventOf<'decisionMade'> }) => event,
    },
    { type: 'noteGrant' as const },
    { type: 'forgetJudgements' as const },
    { type: 'clearBlockers' as const },
    { type: 'renewLease' as const },
    ...armLease(),
    ...begin(purpose),
  ],
}));

/** The end of a doubtful task, asserted by an operator who wants the run to go on. */
export const resumeOnSettled = ENTRANCES.map(({ stage, target, purpose }) => ({
  guard: { type: 'resumesAt' as const, params: { stage } },
  target,
  actions: [
    { type: 'forgetTask' as const },
    { type: 'clearBlockers' as const },
    { type: 'renewLease' as const },
    ...armLease(),
    ...begin(purpose),
  ],
}));

/** A lease that was lost while the run stood still, and is held again. */
export const resumeOnLease = ENTRANCES.map(({ stage, target, purpose }) => ({
  guard: { type: 'resumesAt' as const, params: { stage } },
  target,
  actions: [...takeLease(), ...begin(purpose)],
}));

/** The packet was replaced, where nothing of the run is under way: it is admitted anew, and leases what the new packet wants. */
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

/** Takes the lease and arms its renewal. */
export function takeLease() {
  return [
    {
      type: 'takeLease' as const,
      params: ({ event }: { event: { surfaces: readonly string[]; atMs: number } }) => event,
    },
    ...armLease(),
  ];
}

/** Asks to be woken when half of the lease's time is over. */
export function armLease() {
  return [
    { type: 'withdraw' as const, params: { kind: 'deadline', id: 'lease' } },
    {
      type: 'deadline' as const,
      params: ({ context }: { context: RunContext }) => ({
        id: 'lease',
        atMs: (context.lease?.expiresAtMs ?? 0) - Math.floor(context.policy.leaseTtlMs / 2),
      }),
    },
  ];
}

function begin(purpose: Purpose | null) {
  return purpose === null ? [] : [{ type: 'beginPurpose' as const, params: { purpose } }];
}
