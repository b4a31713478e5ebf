/**
 * The vocabulary of the run machine: its effects, its changes of context and its guards, by name.
 *
 * Owns: what each named action and guard means. Does not own: when they apply (run.machine).
 *
 * Invariants: 1. Effects are inert names with plain params. 2. Guards and `assign` are pure; time comes only inside events.
 */

import { assign, setup } from 'xstate';
import { type ChildOpening, effect, type Telling } from '../../src/kernel/actions.ts';
import type { EffectParams, Gate } from '../../src/model/effect.ts';
import type { Blocker } from '../../src/model/error.ts';
import type { ArtifactRef, RunMessage } from '../../src/model/event.ts';
import { BOUNDS, type Purpose } from '../../src/model/limits.ts';
import type { TaskResult } from '../../src/model/request.ts';
import type { GateRecord, RunContext, RunInput, Stage } from '../../src/model/run-context.ts';
import type { RunTag } from '../../src/model/state-tag.ts';
import type { TaskInput } from '../../src/model/task-context.ts';
import { exhausted, fixLimitReached, interruptedTooOften, waitedTooOften } from './blockers.ts';
import { firstAttempt, type RunMachineEvent, type RunMachineEventOf, stageToResume } from './context.ts';
import { judgementOf, stuckBlockers, stuckReason } from './fix-loop.ts';
import { isReplacement, underNewPacket } from './replacing.ts';
import { grownLease, leftOutBy, surfaceAcceptance, surfaceConflictOf } from './surfaces.ts';
import { waitForLimit } from './waits.ts';

/** L4: only a verdict of the gate that is being judged, in the current epoch, over the run's current commit counts. */
function isVerdictHere(context: RunContext, event: RunMachineEvent): event is RunMachineEventOf<'gateJudged'> {
  return (
    event.type === 'gateJudged' &&
    event.gate === context.purpose &&
    event.epoch === context.epoch &&
    event.commit === context.headCommit
  );
}

const NO_COUNTS = { failures: 0, losses: 0, interruptions: 0, limitWaits: 0 } as const;

/** The output of a run that has finally ended: its handoff, or who cancelled it; neither if its packet was insufficient. */
type RunOutput = Pick<RunContext, 'handoff' | 'cancel'>;

/** The named actions and guards of the run machine. */
export const runSetup = setup({
  types: {
    context: {} as RunContext,
    events: {} as RunMachineEvent,
    input: {} as RunInput,
    tags: {} as RunTag,
    output: {} as RunOutput,
  },
  actions: {
    // Effects.
    admitRun: effect<undefined>(),
    acquireLease: effect<{ surfaces: readonly string[] }>(),
    awaitSurface: effect<{ surfaces: readonly string[] }>(),
    prepareWorkspace: effect<undefined>(),
    prepareTask: effect<{ taskId: string; purpose: Purpose; epoch: number; attempt: number; commit: string }>(),
    commitWork: effect<{ taskId: string; purpose: Purpose; commit: string }>(),
    judgeGate: effect<{ gate: Gate; taskId: string; epoch: number; commit: string }>(),
    projectHandoff: effect<{ commit: string; epoch: number }>(),
    deadline: effect<EffectParams<'deadline'>>(),
    // Resolved by the kernel, inside the same record.
    withdraw: effect<{ kind: string; id?: string }>(),
    openChild: effect<ChildOpening<TaskInput>>(),
    tell: effect<Telling<RunMessage>>(),
    // Changes of context.
    noteBlockers: assign((_, params: { blockers: readonly Blocker[] }) => ({ blockers: params.blockers })),
    noteExhausted: assign(({ context }, params: { cause: Blocker | null }) => ({
      blockers: exhausted(context, params.cause),
    })),
    noteInterruptedTooOften: assign(({ context }) => ({ blockers: interruptedTooOften(context) })),
    noteFixLimit: assign(({ context }, params: { gate: Gate; cause: Blocker | null; evidence: ArtifactRef }) => ({
      blockers: fixLimitReached(context, params.gate, params.cause, params.evidence),
      stage: 'fix' as const,
    })),
    noteBlockedGate: assign((_, params: { gate: Gate | null }) => ({ blockedGate: params.gate })),
    clearBlockers: assign({ blockers: [], blockedGate: null, contention: null, surfaceConflict: null }),
    noteAdmission: assign(({ context }, event: RunMachineEventOf<'runAdmitted'>) => ({
      agents: event.agents,
      // How to set up an existing worktree was decided when it was made.
      hasSetup: context.headCommit === null ? event.hasSetup : context.hasSetup,
      blockers: [],
    })),
    noteContention: assign((_, event: { holder: string; surfaces: readonly string[] }) => ({
      contention: { holder: event.holder, surfaces: event.surfaces },
    })),
    takeLease: assign(({ context }, event: { surfaces: readonly string[]; atMs: number }) => ({
      lease: { surfaces: event.surfaces, expiresAtMs: event.atMs + context.policy.leaseTtlMs },
      contention: null,
      blockers: [],
    })),
    renewLease: assign(({ context, event }) => ({
      lease:
        context.lease === null
          ? null
          : { surfaces: context.lease.surfaces, expiresAtMs: event.atMs + context.policy.leaseTtlMs },
    })),
    dropLease: assign({ lease: null }),
    growLease: assign(({ context, event }) => grownLease(context, event)),
    noteLeftOut: assign(({ event }) => leftOutBy(event)),
    noteSurfaceConflict: assign((_, event: RunMachineEventOf<'surfaceExceeded'>) => ({
      surfaceConflict: surfaceConflictOf(event),
    })),
    takePacket: assign(({ context }, event: RunMachineEventOf<'packetReplaced'>) => underNewPacket(context, event)),
    noteStage: assign((_, params: { stage: Stage }) => ({ stage: params.stage })),
    noteResume: assign(({ context, event }) => ({ resumeAt: stageToResume(context, event) ?? context.stage })),
    forgetResume: assign({ resumeAt: null }),
    noteWorkspace: assign((_, event: RunMachineEventOf<'workspacePrepared'>) => ({
      baseBranch: event.baseBranch,
      baseCommit: event.baseCommit,
      headCommit: event.headCommit,
    })),
    noteSetUp: assign({ isSetUp: true }),
    beginPurpose: assign(({ context }, params: { purpose: Purpose }) => ({
      ...NO_COUNTS,
      purpose: params.purpose,
      attempt: firstAttempt(context, params.purpose),
      attemptEpoch: context.epoch,
    })),
    openEpoch: assign(({ context }) => ({
      epoch: context.epoch + 1,
      gates: { verification: null, review: null },
    })),
    beginFixRound: assign(({ context }) => ({ fixes: context.fixes + 1 })),
    chargeFailure: assign(({ context }) => ({ failures: context.failures + 1, attempt: context.attempt + 1 })),
    chargeLoss: assign(({ context }) => ({ losses: context.losses + 1, attempt: context.attempt + 1 })),
    chargeInterruption: assign(({ context }) => ({
      interruptions: context.interruptions + 1,
      attempt: context.attempt + 1,
    })),
    chargeWait: assign(({ context, event }) => waitForLimit(context, event)),
    endWait: assign({ waitUntilMs: null }),
    noteLimitWaitsUsedUp: assign(({ context }) => ({ blockers: waitedTooOften(context) })),
    noteTask: assign(({ context }, params: { taskId: string }) => ({
      openTask: params.taskId,
      tasksRequested: context.tasksRequested + 1,
    })),
    forgetTask: assign({ openTask: null }),
    noteHead: assign((_, params: { commit: string }) => ({ headCommit: params.commit })),
    noteGate: assign(({ context }, event: RunMachineEventOf<'gateJudged'>) => ({
      gates: {
        ...context.gates,
        [event.gate]: {
          status: event.status,
          epoch: event.epoch,
          commit: event.commit,
          evidence: event.evidence,
          by: null,
          reason: null,
        } satisfies GateRecord,
      },
      lastArtifact: event.evidence,
    })),
    noteJudgement: assign(({ context }, event: RunMachineEventOf<'gateJudged'>) => ({
      judgements: [...context.judgements, judgementOf(event)].slice(-BOUNDS.judgements),
    })),
    noteStuck: assign(({ context, event }) => ({ blockers: stuckBlockers(context, event), stage: 'fix' as const })),
    forgetJudgements: assign({ judgements: [] }),
    noteGrant: assign(({ context, event }) => {
      const isAnother =
        event.type === 'packetReplaced' || (event.type === 'decisionMade' && event.decision === 'retry');
      const isGrant = isAnother && context.blockers[0]?.code === 'PAWL_BUDGET_EXCEEDED';
      return isGrant ? { budgetSinceMs: event.atMs } : {};
    }),
    noteAcceptance: assign(({ context }, event: RunMachineEventOf<'decisionMade'>) => {
      const { blockedGate: gate, surfaceConflict } = context;
      if (event.decision === 'accept' && surfaceConflict !== null) return surfaceAcceptance(surfaceConflict, event);
      if (event.decision !== 'accept' || gate === null || context.headCommit === null) return {};
      const accepted: GateRecord = {
        status: 'ACCEPTED',
        epoch: context.epoch,
        commit: context.headCommit,
        evidence: context.gates[gate]?.evidence ?? null,
        by: event.by,
        reason: event.reason,
      };
      return { gates: { ...context.gates, [gate]: accepted } };
    }),
    noteCancel: assign((_, params: { by: string; reason: string }) => ({
      cancel: { by: params.by, reason: params.reason },
    })),
    noteHandoff: assign((_, event: RunMachineEventOf<'handoffProjected'>) => ({
      handoff: { artifact: event.artifact, reference: event.reference },
      lastArtifact: event.artifact,
    })),
  },
  guards: {
    isSufficient: ({ event }) => event.type === 'packetReceived' && event.missingFields.length === 0,
    needsSetup: ({ context }) => context.hasSetup && !context.isSetUp,
    hasNoOpenTask: ({ context }) => context.openTask === null,
    isLeaseDeadline: ({ context, event }) =>
      event.type === 'deadlineReached' && event.id === 'lease' && context.lease !== null,
    isLimitDeadline: ({ context, event }) =>
      event.type === 'deadlineReached' && event.id === 'limit' && context.waitUntilMs !== null,
    mayWaitForLimit: ({ context, event }) =>
      event.type === 'taskSettled' && event.result === 'limited' && context.limitWaits < context.policy.limitWaitsMax,
    isResult: ({ event }, params: { result: TaskResult }) =>
      event.type === 'taskSettled' && event.result === params.result,
    mayRepeatFailure: ({ context }) => context.failures + 1 < context.policy.attemptsMax,
    mayRepeatLoss: ({ context, event }) =>
      event.type === 'taskSettled' && event.result === 'lost' && context.losses < context.policy.lostRetriesMax,
    mayRepeatInterruption: ({ context, event }) =>
      event.type === 'taskSettled' &&
      event.result === 'interrupted' &&
      context.interruptions < context.policy.interruptionsMax,
    isFailureToRepeat: ({ context, event }) =>
      event.type === 'taskSettled' &&
      (event.result === 'failed' || event.result === 'timedOut') &&
      context.failures + 1 < context.policy.attemptsMax,
    isEmptyAllowed: ({ event }) => event.type === 'workEmpty' && event.isAllowed,
    isGate: ({ context, event }, params: { status: 'PASS' | 'FAIL' | 'BLOCKED' }) =>
      isVerdictHere(context, event) && event.status === params.status,
    isGateToFix: ({ context, event }) =>
      isVerdictHere(context, event) && event.status === 'FAIL' && context.fixes < context.policy.fixAttemptsMax,
    isFixStuck: ({ context, event }) =>
      isVerdictHere(context, event) &&
      event.status === 'FAIL' &&
      context.fixes < context.policy.fixAttemptsMax &&
      stuckReason(context, event) !== null,
    bothGatesHold: ({ context }) =>
      (['verification', 'review'] as const).every((gate) => {
        const record = context.gates[gate];
        const isPassed = record?.status === 'PASS' || record?.status === 'ACCEPTED';
        return isPassed && record.epoch === context.epoch && record.commit === context.headCommit;
      }),
    isAbandon: ({ context, event }) =>
      context.openTask === null && event.type === 'decisionMade' && event.decision === 'abandon',
    isReclaimable: ({ context }) => context.lease !== null && context.openTask === null,
    isFirstCancelInDoubt: ({ context }) => context.openTask !== null && context.cancel === null,
    isCancelInDoubt: ({ context, event }) =>
      context.openTask !== null &&
      context.cancel !== null &&
      event.type === 'decisionMade' &&
      event.decision !== 'accept',
    endsTask: ({ context, event }, params: { decision: 'retry' | 'abandon' }) =>
      context.openTask !== null && event.type === 'decisionMade' && event.decision === params.decision,
    isResumption: ({ context, event }) => context.openTask === null && stageToResume(context, event) !== null,
    hasStageToResume: ({ context }) => context.resumeAt !== null,
    hasNoLease: ({ context }) => context.lease === null,
    resumesAt: ({ context }, params: { stage: Stage }) => context.resumeAt === params.stage,
    isReplacement: ({ context, event }) => isReplacement(context, event),
    mayRetry: ({ event }) => event.type === 'decisionMade' && event.decision === 'retry',
  },
});
