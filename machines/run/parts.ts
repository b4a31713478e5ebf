/**
 * The pieces of the run machine that are used in several places: a task's cycle, waiting, committing, judging.
 *
 * Owns: those pieces, each written once. Does not own: the chart they are put into (run.machine).
 */
import { TASK_KIND } from '../../src/model/record.ts';
import type { RunContext, Stage } from '../../src/model/run-context.ts';
import { NO_CHANGE } from './blockers.ts';
import { headOf, taskIdOf } from './context.ts';
import { cancelOpenTask } from './ending.ts';
import { replacePacket } from './resuming.ts';
import { runSetup } from './vocabulary.ts';

const lastTask = ({ context }: { context: RunContext }) => ({
  taskId: taskIdOf(context.purpose ?? 'implementation', context.attemptEpoch, context.attempt),
  purpose: context.purpose ?? 'implementation',
  commit: headOf(context),
});

/** Entered with the attempt's number in the context: asks for the request to be written. */
export function requestedState(stage: Stage, working: string) {
  return runSetup.createStateConfig({
    description: `The next ${stage} task is being recorded, before it is started.`,
    tags: 'working',
    entry: [
      { type: 'noteStage', params: { stage } },
      {
        type: 'prepareTask',
        params: ({ context }) => {
          const purpose = context.purpose ?? 'implementation';
          return {
            taskId: taskIdOf(purpose, context.epoch, context.attempt),
            purpose,
            epoch: context.epoch,
            attempt: context.attempt,
            commit: headOf(context),
          };
        },
      },
    ],
    exit: { type: 'withdraw', params: { kind: 'prepareTask' } },
    on: {
      taskRequested: {
        target: working,
        actions: [
          { type: 'noteTask', params: ({ event }) => ({ taskId: event.taskId }) },
          {
            type: 'openChild',
            params: ({ context, event }) => ({
              actor: event.taskId,
              kind: TASK_KIND,
              input: {
                taskId: event.taskId,
                purpose: context.purpose ?? 'implementation',
                epoch: context.epoch,
                attempt: context.attempt,
                requestHash: event.requestHash,
                hostStartsMax: context.policy.hostStartsMax,
              },
            }),
          },
        ],
      },
      taskRefused: {
        target: '#run.blockedNeedsHuman',
        actions: [
          { type: 'noteBlockers', params: ({ event }) => ({ blockers: [event.blocker] }) },
          {
            type: 'noteBlockedGate',
            params: { gate: stage === 'verification' || stage === 'review' ? stage : null },
          },
        ],
      },
    },
  });
}

/** Setup is done: it is not repeated, and the implementation begins. */
export const setUpDone = [
  { type: 'noteSetUp' as const },
  { type: 'beginPurpose' as const, params: { purpose: 'implementation' as const } },
];

/** Awaits the open task; `completed` is the target when it completes (with the actions `done`), `requested` the state in which another attempt begins. */
export function workingState(requested: string, completed: string, limited: string, done: typeof setUpDone | [] = []) {
  return runSetup.createStateConfig({
    description: 'A worker is working on its task.',
    tags: 'working',
    on: {
      taskSettled: [
        {
          guard: { type: 'isResult', params: { result: 'completed' } },
          target: completed,
          actions: [{ type: 'forgetTask' }, ...done],
        },
        {
          guard: { type: 'isResult', params: { result: 'blocked' } },
          target: '#run.blockedNeedsHuman',
          actions: [
            {
              type: 'noteBlockers',
              params: ({ event }) => ({ blockers: event.blocker === null ? [] : [event.blocker] }),
            },
            'forgetTask',
          ],
        },
        { guard: 'mayWaitForLimit', target: limited, actions: ['chargeWait', 'forgetTask'] },
        {
          guard: { type: 'isResult', params: { result: 'limited' } },
          target: '#run.blockedNeedsHuman',
          actions: ['noteLimitWaitsUsedUp', 'forgetTask'],
        },
        { guard: 'mayRepeatInterruption', target: requested, actions: ['chargeInterruption', 'forgetTask'] },
        {
          guard: { type: 'isResult', params: { result: 'interrupted' } },
          target: '#run.blockedNeedsHuman',
          actions: ['noteInterruptedTooOften', 'forgetTask'],
        },
        { guard: 'mayRepeatLoss', target: requested, actions: ['chargeLoss', 'forgetTask'] },
        { guard: 'isFailureToRepeat', target: requested, actions: ['chargeFailure', 'forgetTask'] },
        {
          target: '#run.failedExecution',
          actions: [{ type: 'noteExhausted', params: ({ event }) => ({ cause: event.blocker }) }, 'forgetTask'],
        },
      ],
      taskDoubtful: {
        target: '#run.blockedNeedsHuman',
        actions: { type: 'noteBlockers', params: ({ event }) => ({ blockers: [event.blocker] }) },
      },
      ...cancelOpenTask,
    },
  });
}

/** The agent cannot be used before a certain time: waits, then tries again. No attempt is charged. */
export function limitedState(requested: string) {
  return runSetup.createStateConfig({
    description: 'Its agent cannot be used now: it resumes automatically when the wait is over.',
    tags: 'waiting',
    entry: {
      type: 'deadline',
      params: ({ context }) => ({ id: 'limit', atMs: context.waitUntilMs ?? 0 }),
    },
    exit: [{ type: 'withdraw', params: { kind: 'deadline', id: 'limit' } }, 'endWait'],
    on: {
      deadlineReached: { guard: 'isLimitDeadline', target: requested, actions: 'clearBlockers' },
      // A person who has lifted the limit need not wait.
      decisionMade: { guard: 'mayRetry', target: requested, actions: 'clearBlockers' },
      packetReplaced: replacePacket,
    },
  });
}

/** Records what the worker left as a commit, then leads to verification. */
export function committingState(stage: Stage, requested: string) {
  return runSetup.createStateConfig({
    description: 'The changes that the worker left are being committed.',
    tags: 'working',
    entry: [
      { type: 'noteStage', params: { stage } },
      { type: 'commitWork', params: lastTask },
    ],
    exit: { type: 'withdraw', params: { kind: 'commitWork' } },
    on: {
      workCommitted: {
        target: '#run.verification',
        actions: [{ type: 'noteHead', params: ({ event }) => ({ commit: event.commit }) }, 'growLease', 'noteLeftOut'],
      },
      workEmpty: [
        { guard: 'isEmptyAllowed', target: '#run.verification', actions: ['growLease', 'noteLeftOut'] },
        { guard: 'mayRepeatFailure', target: requested, actions: ['chargeFailure', 'noteLeftOut'] },
        {
          target: '#run.failedExecution',
          actions: [{ type: 'noteExhausted', params: { cause: NO_CHANGE } }, 'noteLeftOut'],
        },
      ],
      // The commit is made and found again: only once its surfaces are leased, or accepted and leased, does it become the run's commit.
      surfaceExceeded: {
        target: '#run.blockedNeedsHuman',
        actions: [
          'growLease',
          'noteLeftOut',
          { type: 'noteSurfaceConflict', params: ({ event }) => event },
          { type: 'noteBlockers', params: ({ event }) => ({ blockers: [event.blocker] }) },
        ],
      },
      workRefused: {
        target: '#run.blockedNeedsHuman',
        actions: { type: 'noteBlockers', params: ({ event }) => ({ blockers: [event.blocker] }) },
      },
    },
  });
}

/** Judges the worker's verdict against the state of the worktree; `passed` is where PASS leads. */
export function judgingState(gate: 'verification' | 'review', passed: string) {
  return runSetup.createStateConfig({
    description: `The verdict of the ${gate} is checked against what is in the worktree.`,
    tags: 'working',
    entry: {
      type: 'judgeGate',
      params: ({ context }) => ({
        gate,
        taskId: taskIdOf(gate, context.attemptEpoch, context.attempt),
        epoch: context.epoch,
        commit: headOf(context),
      }),
    },
    exit: { type: 'withdraw', params: { kind: 'judgeGate' } },
    on: {
      gateJudged: [
        {
          guard: { type: 'isGate', params: { status: 'PASS' } },
          target: passed,
          actions: { type: 'noteGate', params: ({ event }) => event },
        },
        {
          guard: 'isFixStuck',
          target: '#run.blockedNeedsHuman',
          actions: [
            { type: 'noteGate', params: ({ event }) => event },
            'noteStuck',
            { type: 'noteBlockedGate', params: { gate } },
          ],
        },
        {
          guard: 'isGateToFix',
          target: '#run.fixLoop',
          actions: [
            { type: 'noteGate', params: ({ event }) => event },
            { type: 'noteJudgement', params: ({ event }) => event },
            { type: 'beginFixRound' },
            { type: 'beginPurpose', params: { purpose: 'fix' } },
          ],
        },
        {
          guard: { type: 'isGate', params: { status: 'FAIL' } },
          target: '#run.blockedNeedsHuman',
          actions: [
            { type: 'noteGate', params: ({ event }) => event },
            {
              type: 'noteFixLimit',
              params: ({ event }) => ({ gate, cause: event.blocker, evidence: event.evidence }),
            },
            { type: 'noteBlockedGate', params: { gate } },
          ],
        },
        {
          guard: { type: 'isGate', params: { status: 'BLOCKED' } },
          target: '#run.blockedNeedsHuman',
          actions: [
            { type: 'noteGate', params: ({ event }) => event },
            {
              type: 'noteBlockers',
              params: ({ event }) => ({ blockers: event.blocker === null ? [] : [event.blocker] }),
            },
            { type: 'noteBlockedGate', params: { gate } },
          ],
        },
      ],
    },
  });
}
