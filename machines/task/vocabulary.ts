/**
 * The vocabulary of the task machine: its effects, its changes of context and its guards, by name.
 *
 * Owns: what each named action and guard means. Does not own: when they apply (task.machine).
 *
 * Invariants: 1. Effects are inert names with plain params. 2. Guards and `assign` are pure; time comes only inside events.
 */
import { and, assign, not, setup, stateIn } from 'xstate';
import { effect, type Telling } from '../../src/kernel/actions.ts';
import type { TaskMessage } from '../../src/model/event.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import type { EndReason, TaskResult } from '../../src/model/request.ts';
import type { TaskTag } from '../../src/model/state-tag.ts';
import type { TaskContext, TaskInput } from '../../src/model/task-context.ts';
import { decideReport, type TaskMachineEvent, type TaskMachineEventOf } from './context.ts';

/** The named actions and guards of the task machine. */
export const taskSetup = setup({
  types: {
    context: {} as TaskContext,
    events: {} as TaskMachineEvent,
    input: {} as TaskInput,
    tags: {} as TaskTag,
  },
  actions: {
    // Effects.
    startHost: effect<{ taskId: string; requestHash: string }>(),
    awaitWorker: effect<{ taskId: string; requestHash: string }>(),
    watchWorker: effect<{ taskId: string; requestHash: string }>(),
    endTask: effect<{ taskId: string; requestHash: string; reason: EndReason }>(),
    // Resolved by the kernel, inside the same record.
    withdraw: effect<{ kind: string }>(),
    tell: effect<Telling<TaskMessage>>(),
    // Changes of context.
    countHostStart: assign({ hostStarts: ({ context }) => context.hostStarts + 1 }),
    noteAdoption: assign({ isAdopted: true }),
    noteEnding: assign((_, params: { reason: EndReason }) => ({ ending: params.reason })),
    noteStart: assign((_, params: { pid: number; startedAtMs: number }) => ({
      pid: params.pid,
      startedAtMs: params.startedAtMs,
    })),
    noteEnd: assign((_, event: TaskMachineEventOf<'workerEnded'>) => ({
      endedAtMs: event.atMs,
      settlement: {
        result: event.result,
        by: event.by,
        code: event.blocker?.code ?? null,
        outcomeHash: event.outcomeHash,
        completionHash: event.completionHash,
        turn: event.turn ?? null,
      },
    })),
    noteReport: assign(({ context }, event: TaskMachineEventOf<'completionReported'>) => ({
      reports: [...context.reports, { entryId: event.entryId, decision: decideReport(context, event) }],
    })),
  },
  guards: {
    isWatched: stateIn({ supervision: 'watching' }),
    isRequested: stateIn({ progress: { open: 'requested' } }),
    hasHostStartLeft: ({ context }) => context.hostStarts < context.hostStartsMax,
    mayStartAnotherHost: and(['isWatched', 'hasHostStartLeft']),
    hasStartedLastHost: and(['isRequested', not('hasHostStartLeft')]),
    isSettled: ({ context }) => context.settlement !== null,
    isSettledAs: ({ context }, params: { result: TaskResult }) => context.settlement?.result === params.result,
    isNewReport: ({ context, event }) =>
      event.type === 'completionReported' &&
      context.reports.length < BOUNDS.completionReports &&
      context.reports.every((report) => report.entryId !== event.entryId),
  },
});
