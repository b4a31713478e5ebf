/**
 * A run before its first worker: it waits to be admitted, and says what keeps it from that.
 *
 * Owns: that state. Does not own: the chart it is put into (run.machine), finding out what is in the way (engine).
 *
 * Invariant: an obstacle ends nothing: the same effect stays owed, and is performed again by the next driver, or at once
 * after an operator's decision.
 */
import { replacePacket } from './resuming.ts';
import { runSetup } from './vocabulary.ts';

const decisions = runSetup.createStateConfig({
  on: {
    decisionMade: [
      {
        guard: 'isAbandon',
        target: '#run.cancelled',
        actions: { type: 'noteCancel', params: ({ event }) => ({ by: event.by, reason: event.reason }) },
      },
      { guard: 'mayRetry', target: '#run.queued', reenter: true, actions: 'clearBlockers' },
    ],
  },
}).on;

/** Asks to be admitted; left for the lease, or finally when an operator abandons a run that cannot begin. */
export const queuedState = runSetup.createStateConfig({
  description: 'Waits to be admitted: its agents and its commands are checked before it begins.',
  entry: 'admitRun',
  exit: { type: 'withdraw', params: { kind: 'admitRun' } },
  initial: 'admitting',
  on: {
    runAdmitted: {
      target: 'waitingForLock',
      actions: { type: 'noteAdmission', params: ({ event }) => event },
    },
    agentMissing: {
      target: '.agentMissing',
      actions: { type: 'noteBlockers', params: ({ event }) => ({ blockers: [event.blocker] }) },
    },
    admissionRefused: {
      target: '.admissionRefused',
      actions: { type: 'noteBlockers', params: ({ event }) => ({ blockers: event.blockers }) },
    },
    packetReplaced: replacePacket,
  },
  states: {
    admitting: {
      description: 'Not yet checked whether it may begin.',
      tags: 'waiting',
    },
    agentMissing: {
      description: 'An agent that it needs is not available.',
      tags: 'parked',
      on: decisions,
    },
    admissionRefused: {
      description: 'Something other than its agents prevents it from beginning.',
      tags: 'parked',
      on: decisions,
    },
  },
});
