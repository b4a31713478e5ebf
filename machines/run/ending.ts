/**
 * A run whose open task is being ended, because of a cancel or because a person has decided on a task in doubt.
 *
 * Owns: those states. Does not own: the chart they are put into (run.machine), ending the task (task/task.machine, engine).
 *
 * Invariants: 1. Entered only with an open task that is told to end by the transition, under a lease that is renewed. 2. A task that may
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

/** Tells the open task to end. An operator's word stands for what cannot be judged from here; a cancel is none. */
export function endOpenTask(reason: 'cancelled' | 'operator') {
  return {
    type: 'tell' as const,
    params: ({ context }: { context: RunContext }) => ({
      actor: context.openTask ?? '',
      event: { type: 'endRequested' as const, reason },
    }),
  };
}

/** A cancel over an open task: who wants it is noted, and the task is told to end. */
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

/** A task in doubt is being ended on a person's word; what follows its end is decided already. */
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
