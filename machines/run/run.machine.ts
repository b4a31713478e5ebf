/**
 * The life of one packet, from intake to a review-ready handoff or to a stop that names its reason.
 *
 * Owns: the run's states and what each of them owes or awaits. Does not own: the pieces that recur (parts), the vocabulary
 * (vocabulary), doing any of it (engine).
 *
 * Invariants: 1. Every state that is not final owes an effect, awaits a task, or names its blocker: nothing hangs silently (L5).
 * 2. A gate is passed only by a result of the current epoch over the run's current commit (L4). 3. A state tagged
 * `ended` owes nothing and holds no lease; only a failure is ever left, by a person's decision.
 */
import { queuedState } from './admission.ts';
import { handoffUnearned, leaseTaken, packetInsufficient } from './blockers.ts';
import { freshContext, headOf } from './context.ts';
import { cancellingState, endingTaskState, endOpenTask } from './ending.ts';
import { committingState, judgingState, limitedState, requestedState, setUpDone, workingState } from './parts.ts';
import { armLease, replacePacket, resumingState } from './resuming.ts';
import { surfacesToLease } from './surfaces.ts';
import { runSetup } from './vocabulary.ts';

const released = ['dropLease', { type: 'withdraw', params: { kind: 'deadline' } }] as const;

/** The statechart of a run, from its packet to its handoff or to a stop that names its reason. */
export const runMachine = runSetup.createMachine({
  id: 'run',
  version: '3',
  description: 'One packet, from its intake to a handoff for review, or to a stop that names its reason.',
  context: ({ input }) => freshContext(input),
  output: ({ context: { handoff, cancel } }) => ({ handoff, cancel }),
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
      description: 'Its packet is being checked for everything that a run needs.',
      tags: 'waiting',
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
      description: 'Waits for the lease of the surfaces that it works on.',
      tags: 'waiting',
      entry: { type: 'acquireLease', params: ({ context }) => ({ surfaces: surfacesToLease(context) }) },
      exit: { type: 'withdraw', params: { kind: 'acquireLease' } },
      on: {
        leaseAcquired: [
          {
            guard: 'hasStageToResume',
            target: 'resuming',
            actions: { type: 'takeLease', params: ({ event }) => event },
          },
          {
            target: 'implementing',
            actions: [{ type: 'takeLease', params: ({ event }) => event }, ...armLease()],
          },
        ],
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
      description: 'The change is being made: first its worktree, then the work, then a commit of it.',
      initial: 'preparing',
      states: {
        preparing: {
          description: 'Its worktree and branch are being prepared.',
          tags: 'working',
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
      description: 'The checks of the packet run on what was committed, in a new round.',
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
      description: 'A reviewer reads what was committed.',
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
      description: 'What a gate found is being fixed, before the work is verified again.',
      initial: 'requested',
      states: {
        requested: requestedState('fix', 'working'),
        working: workingState('requested', 'committing', 'limited'),
        limited: limitedState('requested'),
        committing: committingState('fixCommit', 'requested'),
      },
    },
    handoffReady: {
      description: 'Both gates have passed: the handoff is being made.',
      tags: 'working',
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
    cancelling: cancellingState,
    endingTask: endingTaskState,
    resuming: resumingState,
    blockedNeedsHuman: {
      description: 'Halted until a person decides: its blocker says why, and what can be done.',
      tags: 'parked',
      entry: { type: 'withdraw', params: { kind: 'deadline' } },
      on: {
        decisionMade: [
          {
            guard: 'isCancelInDoubt',
            target: 'cancelling',
            actions: ['forgetJudgements', endOpenTask('operator')],
          },
          {
            guard: { type: 'endsTask', params: { decision: 'retry' } },
            target: 'endingTask.thenRetry',
            actions: ['forgetJudgements', endOpenTask('operator')],
          },
          {
            guard: { type: 'endsTask', params: { decision: 'abandon' } },
            target: 'endingTask.thenAbandon',
            actions: ['forgetJudgements', endOpenTask('operator')],
          },
          {
            guard: 'isAbandon',
            target: 'cancelled',
            actions: { type: 'noteCancel', params: ({ event }) => ({ by: event.by, reason: event.reason }) },
          },
          {
            guard: 'isResumption',
            target: 'resuming',
            actions: [
              'noteResume',
              { type: 'noteAcceptance', params: ({ event }) => event },
              'noteGrant',
              'forgetJudgements',
              'clearBlockers',
            ],
          },
        ],
        cancelRequested: {
          guard: 'isFirstCancelInDoubt',
          target: 'cancelling',
          actions: [
            { type: 'noteCancel', params: ({ event }) => ({ by: event.by, reason: event.reason }) },
            endOpenTask('cancelled'),
          ],
        },
        leaseReclaimed: { guard: 'isReclaimable', actions: 'dropLease' },
        packetReplaced: replacePacket,
      },
    },
    blockedLockConflict: {
      description: 'Another run holds what it needs to work on; it resumes when that is free.',
      tags: ['parked', 'waiting'],
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
    readyForManualReview: {
      description: 'Has passed both gates and is ready for review by a person.',
      tags: 'ended',
      type: 'final',
      output: { end: 'readyForManualReview' },
      entry: released,
    },
    blockedPlanInsufficient: {
      description: 'Its packet lacks something that every run needs.',
      tags: 'ended',
      type: 'final',
      output: { end: 'blockedPlanInsufficient' },
      entry: released,
    },
    // No final state: nothing of it moves or is held, but a person may still make it continue.
    failedExecution: {
      description: 'Its workers have used up their attempts; a person may have it try again.',
      tags: 'ended',
      entry: released,
      on: {
        decisionMade: {
          guard: 'mayRetry',
          target: 'resuming',
          actions: ['noteResume', 'noteGrant', 'forgetJudgements', 'clearBlockers'],
        },
        // What holds in every other state is forbidden here.
        cancelRequested: {},
        deadlineReached: {},
        leaseReclaimed: {},
      },
    },
    cancelled: {
      description: 'Was cancelled or abandoned.',
      tags: 'ended',
      type: 'final',
      output: { end: 'cancelled' },
      entry: [...released, 'clearBlockers'],
    },
  },
});
