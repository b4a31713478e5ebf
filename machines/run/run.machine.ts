/**
 * The life of one packet, from intake to a review-ready handoff or to a stop that names its reason.
 *
 * Owns: the run's states and what each of them owes or awaits. Does not own: the pieces that recur (parts), the vocabulary
 * (vocabulary), doing any of it (runtime).
 *
 * Invariants: 1. Every state that is not final owes an effect, awaits a task, or names its blocker: nothing hangs silently (L5).
 * 2. A gate is passed only by a result of the current epoch over the commit the run stands at (L4). 3. A final state owes
 * nothing and holds no lease; of those only a failure is ever left, by a person's word.
 */
import { queuedState } from './admission.ts';
import { handoffUnearned, leaseTaken, packetInsufficient } from './blockers.ts';
import { freshContext, headOf } from './context.ts';
import { committingState, judgingState, limitedState, requestedState, setUpDone, workingState } from './parts.ts';
import { armLease, replacePacket, resumeOnDecision, resumeOnLease, resumeOnSettled, takeLease } from './resuming.ts';
import { surfacesToLease } from './surfaces.ts';
import { runSetup } from './vocabulary.ts';

const released = ['dropLease', { type: 'withdraw', params: { kind: 'deadline' } }] as const;

/** The statechart of a run, from its packet to its handoff or to a stop that names its reason. */
export const runMachine = runSetup.createMachine({
  id: 'run',
  version: '1',
  context: ({ input }) => freshContext(input),
  initial: 'packetReceived',
  on: {
    cancelRequested: {
      guard: 'hasNoOpenTask',
      target: '.cancelled',
      actions: { type: 'noteCancel', params: ({ event }) => ({ by: event.by, reason: event.reason }) },
    },
    deadlineReached: { guard: 'isLeaseDeadline', actions: ['renewLease', ...armLease()] },
    leaseReclaimed: {
      guard: 'isReclaimable',
      target: '.blockedLockConflict',
      actions: [
        'noteResume',
        'dropLease',
        {
          type: 'noteContention',
          params: ({ context, event }) => ({ holder: event.by, surfaces: surfacesToLease(context) }),
        },
        {
          type: 'noteBlockers',
          params: ({ event }) => ({ blockers: leaseTaken(event.by) }),
        },
      ],
    },
  },
  states: {
    packetReceived: {
      on: {
        packetReceived: [
          { guard: 'isSufficient', target: 'queued' },
          {
            target: 'blockedPlanInsufficient',
            actions: {
              type: 'noteBlockers',
              params: ({ event }) => ({ blockers: packetInsufficient(event.missingFields) }),
            },
          },
        ],
      },
    },
    queued: queuedState,
    waitingForLock: {
      entry: { type: 'acquireLease', params: ({ context }) => ({ surfaces: surfacesToLease(context) }) },
      exit: { type: 'withdraw', params: { kind: 'acquireLease' } },
      on: {
        leaseAcquired: [...resumeOnLease, { target: 'implementing', actions: takeLease() }],
        leaseContended: {
          actions: { type: 'noteContention', params: ({ event }) => event },
        },
        leaseRefused: {
          target: 'blockedLockConflict',
          actions: [
            { type: 'noteContention', params: ({ event }) => event },
            { type: 'noteBlockers', params: ({ event }) => ({ blockers: [event.blocker] }) },
          ],
        },
        packetReplaced: replacePacket,
      },
    },
    implementing: {
      initial: 'preparing',
      states: {
        preparing: {
          entry: [{ type: 'noteStage', params: { stage: 'workspace' } }, 'prepareWorkspace'],
          exit: { type: 'withdraw', params: { kind: 'prepareWorkspace' } },
          on: {
            workspacePrepared: [
              {
                guard: 'needsSetup',
                target: 'setupRequested',
                actions: [
                  { type: 'noteWorkspace', params: ({ event }) => event },
                  { type: 'beginPurpose', params: { purpose: 'setup' } },
                ],
              },
              {
                target: 'requested',
                actions: [
                  { type: 'noteWorkspace', params: ({ event }) => event },
                  { type: 'beginPurpose', params: { purpose: 'implementation' } },
                ],
              },
            ],
            workspaceRefused: {
              target: '#run.blockedNeedsHuman',
              actions: { type: 'noteBlockers', params: ({ event }) => ({ blockers: [event.blocker] }) },
            },
          },
        },
        setupRequested: requestedState('setup', 'settingUp'),
        settingUp: workingState('setupRequested', 'requested', 'setupLimited', setUpDone),
        setupLimited: limitedState('setupRequested'),
        requested: requestedState('implementation', 'working'),
        working: workingState('requested', 'committing', 'limited'),
        limited: limitedState('requested'),
        committing: committingState('implementationCommit', 'requested'),
      },
    },
    verification: {
      entry: ['openEpoch', { type: 'beginPurpose', params: { purpose: 'verification' } }],
      initial: 'requested',
      states: {
        requested: requestedState('verification', 'working'),
        working: workingState('requested', 'judging', 'limited'),
        limited: limitedState('requested'),
        judging: judgingState('verification', '#run.internalReview'),
      },
    },
    internalReview: {
      entry: { type: 'beginPurpose', params: { purpose: 'review' } },
      initial: 'requested',
      states: {
        requested: requestedState('review', 'working'),
        working: workingState('requested', 'judging', 'limited'),
        limited: limitedState('requested'),
        judging: judgingState('review', '#run.handoffReady'),
      },
    },
    fixLoop: {
      initial: 'requested',
      states: {
        requested: requestedState('fix', 'working'),
        working: workingState('requested', 'committing', 'limited'),
        limited: limitedState('requested'),
        committing: committingState('fixCommit', 'requested'),
      },
    },
    handoffReady: {
      entry: [
        { type: 'noteStage', params: { stage: 'handoff' } },
        {
          type: 'projectHandoff',
          params: ({ context }) => ({ commit: headOf(context), epoch: context.epoch }),
        },
      ],
      exit: { type: 'withdraw', params: { kind: 'projectHandoff' } },
      on: {
        handoffProjected: [
          {
            guard: 'bothGatesHold',
            target: 'readyForManualReview',
            actions: { type: 'noteHandoff', params: ({ event }) => event },
          },
          {
            target: 'blockedNeedsHuman',
            actions: {
              type: 'noteBlockers',
              params: ({ context }) => ({ blockers: handoffUnearned(context.epoch) }),
            },
          },
        ],
        handoffRefused: {
          target: 'blockedNeedsHuman',
          actions: { type: 'noteBlockers', params: ({ event }) => ({ blockers: [event.blocker] }) },
        },
      },
    },
    blockedNeedsHuman: {
      entry: { type: 'withdraw', params: { kind: 'deadline' } },
      on: {
        decisionMade: [
          {
            guard: 'isRetryWithOpenTask',
            actions: [
              { type: 'noteDecision', params: ({ event }) => event },
              {
                type: 'tellTask',
                params: ({ context }) => ({
                  taskId: context.openTask ?? '',
                  event: { type: 'endRequested', reason: 'operator' },
                }),
              },
            ],
          },
          {
            guard: 'isAbandon',
            target: 'cancelled',
            actions: { type: 'noteCancel', params: ({ event }) => ({ by: event.by, reason: event.reason }) },
          },
          {
            guard: 'mustRegainLease',
            target: 'waitingForLock',
            actions: [
              'noteResume',
              { type: 'noteAcceptance', params: ({ event }) => event },
              'noteGrant',
              'forgetJudgements',
              'clearBlockers',
            ],
          },
          ...resumeOnDecision,
        ],
        taskSettled: [
          { guard: 'isCancelling', target: 'cancelled', actions: 'forgetTask' },
          { guard: 'isAbandonPending', target: 'cancelled', actions: 'forgetTask' },
          {
            guard: 'mustRegainLease',
            target: 'waitingForLock',
            actions: ['noteResume', 'forgetTask', 'clearBlockers'],
          },
          ...resumeOnSettled,
        ],
        taskDoubtful: {
          actions: ['clearBlockers', { type: 'noteBlockers', params: ({ event }) => ({ blockers: [event.blocker] }) }],
        },
        cancelRequested: [
          {
            guard: 'hasNoOpenTask',
            target: 'cancelled',
            actions: { type: 'noteCancel', params: ({ event }) => ({ by: event.by, reason: event.reason }) },
          },
          {
            guard: 'isNotCancelling',
            actions: [
              { type: 'noteCancel', params: ({ event }) => ({ by: event.by, reason: event.reason }) },
              {
                type: 'tellTask',
                params: ({ context }) => ({
                  taskId: context.openTask ?? '',
                  event: { type: 'endRequested', reason: 'cancelled' },
                }),
              },
            ],
          },
        ],
        leaseReclaimed: { guard: 'isReclaimable', actions: 'dropLease' },
        packetReplaced: replacePacket,
      },
    },
    blockedLockConflict: {
      entry: [
        { type: 'withdraw', params: { kind: 'deadline' } },
        { type: 'awaitSurface', params: ({ context }) => ({ surfaces: surfacesToLease(context) }) },
      ],
      exit: { type: 'withdraw', params: { kind: 'awaitSurface' } },
      on: {
        surfaceFreed: { target: 'waitingForLock', actions: 'clearBlockers' },
        decisionMade: [
          {
            guard: 'isAbandon',
            target: 'cancelled',
            actions: { type: 'noteCancel', params: ({ event }) => ({ by: event.by, reason: event.reason }) },
          },
          { guard: 'mayRetry', target: 'waitingForLock', actions: 'clearBlockers' },
        ],
        packetReplaced: replacePacket,
      },
    },
    readyForManualReview: { type: 'final', entry: released },
    blockedPlanInsufficient: { type: 'final', entry: released },
    // It has ended, and nothing of it moves or is held; a person may have it go on all the same (core/reopening).
    failedExecution: {
      type: 'final',
      entry: released,
      on: {
        decisionMade: {
          guard: 'mayRetry',
          target: 'waitingForLock',
          actions: ['noteResume', 'noteGrant', 'forgetJudgements', 'clearBlockers'],
        },
      },
    },
    cancelled: { type: 'final', entry: [...released, 'clearBlockers'] },
  },
});
