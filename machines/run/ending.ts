/**
 * A run whose open task is being ended, because of a cancel or because a person has decided on a task in doubt.
 *
 * Owns: those states. Does not own: the chart they are put into (run.machine), ending the task (task/task.machine, engine).
 *
 * Invariants: 1. Entered only with an open task, which the transition tells to end, and under a lease that is renewed. 2. A task that may
 * still be alive parks the run again, with that as its blocker.
 */
import type { RunContext } from '../../src/model/run-context.ts';
import { armLease } from './resuming.ts';
import { runSetup } from './vocabulary.ts';

const doubted = runSetup.createStateConfig({
  on: {
    taskDoubtful: {
      target: '#run.blockedNeedsHuman',
      actions: { type: 'noteBlockers', params: ({ event }) => ({ blockers: [event.blocker] }) },
    },
  },
}).on;

/** Tells the open task to end. An operator's decision also asserts what cannot be judged from here; a cancel does not. */
export function endOpenTask(reason: 'cancelled' | 'operator') {
  return {
    type: 'tell' as const,
    params: ({ context }: { context: RunContext }) => ({
      actor: context.openTask ?? '',
      event: { type: 'endRequested' as const, reason },
    }),
  };
}

/** A cancel while a task is open: records who requested it, and tells the task to end. */
export const cancelOpenTask = runSetup.createStateConfig({
  on: {
    cancelRequested: {
      target: '#run.cancelling',
      actions: [
        { type: 'noteCancel', params: ({ event }) => ({ by: event.by, reason: event.reason }) },
        endOpenTask('cancelled'),
      ],
    },
  },
}).on;

/** The run is cancelled as soon as its task has ended. */
export const cancellingState = runSetup.createStateConfig({
  description: 'Was cancelled: its task is being ended first.',
  tags: 'working',
  entry: ['clearBlockers', 'renewLease', ...armLease()],
  on: {
    ...doubted,
    taskSettled: { target: 'cancelled', actions: 'forgetTask' },
  },
});

/** A task in doubt is being ended on a person's decision; what follows its end is already decided. */
export const endingTaskState = runSetup.createStateConfig({
  description: 'Its task was in doubt and is being ended, because a person has decided what comes next.',
  entry: ['clearBlockers', 'renewLease', ...armLease()],
  on: { ...doubted, ...cancelOpenTask },
  initial: 'thenRetry',
  states: {
    thenRetry: {
      description: 'It resumes where it stopped once the task has ended.',
      tags: 'working',
      on: { taskSettled: { target: '#run.resuming', actions: ['noteResume', 'forgetTask'] } },
    },
    thenAbandon: {
      description: 'It is abandoned once the task has ended.',
      tags: 'working',
      on: { taskSettled: { target: '#run.cancelled', actions: 'forgetTask' } },
    },
  },
});
