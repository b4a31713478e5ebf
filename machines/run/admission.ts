/**
 * A run before its first worker: it waits to be admitted, and says what keeps it from that.
 *
 * Owns: that state. Does not own: the chart it is put into (run.machine), finding out what is in the way (runtime).
 *
 * Invariant: what is in the way ends nothing: the same effect stays owed, and is performed again by whoever drives the run next, or at once
 * after an operator's word.
 */
import { replacePacket } from './resuming.ts';
import { runSetup } from './vocabulary.ts';

/** Asks to be admitted; left for the lease, or for good when an operator gives up a run that cannot begin. */
export const queuedState = runSetup.createStateConfig({
  entry: 'admitRun',
  exit: { type: 'withdraw', params: { kind: 'admitRun' } },
  on: {
    runAdmitted: {
      target: 'waitingForLock',
      actions: { type: 'noteAdmission', params: ({ event }) => event },
    },
    agentMissing: {
      actions: { type: 'noteBlockers', params: ({ event }) => ({ blockers: [event.blocker] }) },
    },
    admissionRefused: {
      actions: { type: 'noteBlockers', params: ({ event }) => ({ blockers: event.blockers }) },
    },
    packetReplaced: replacePacket,
    decisionMade: [
      {
        guard: { type: 'isDecisionOnBlocked', params: { decision: 'abandon' } },
        target: 'cancelled',
        actions: { type: 'noteCancel', params: ({ event }) => ({ by: event.by, reason: event.reason }) },
      },
      {
        guard: { type: 'isDecisionOnBlocked', params: { decision: 'retry' } },
        target: 'queued',
        reenter: true,
        actions: 'clearBlockers',
      },
    ],
  },
});
