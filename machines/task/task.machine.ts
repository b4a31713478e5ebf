/**
 * The life of one worker task: requested → claimed → running → settled, and what a later completion is worth.
 *
 * Owns: the states of a task, which effect each of them owes, and the decision on every completion that is reported.
 * Does not own: reading registers (host), what the run makes of the end (run.machine).
 *
 * Invariants: 1. Every open state owes exactly one effect, or is doubtful and has told the run its blocker. 2. The first end that is
 * accepted stands; later ones are counted and change nothing. 3. Pure: no clock, no chance, no invoke, no spawn, no after.
 */
import { assign, setup } from 'xstate';
import type { RunMessage, TaskEvent, TaskMessage } from '../../src/model/event.ts';
import { BOUNDS, type Purpose } from '../../src/model/limits.ts';
import { type EndReason, TASK_RESULTS, type TaskResult } from '../../src/model/request.ts';
import type { TurnReport } from '../../src/model/turn.ts';
import { type At, inert } from '../effects.ts';

/** What a task is born with: its identity, the hash of its request and its bound of host starts. */
export interface TaskInput {
  readonly taskId: string;
  readonly purpose: Purpose;
  readonly epoch: number;
  readonly attempt: number;
  readonly requestHash: string;
  readonly hostStartsMax: number;
}

/** What a completion that comes after the end is worth; none of them moves the run. */
export type CompletionDecision = 'duplicate' | 'late' | 'conflicting' | 'unauthorized' | 'rejected';

/** Everything a task decides with; plain JSON. */
export interface TaskContext extends TaskInput {
  /** Worker hosts started so far, each recorded before its start. */
  readonly hostStarts: number;
  readonly isAdopted: boolean;
  readonly pid: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly ending: EndReason | null;
  readonly settlement: {
    readonly result: TaskResult;
    readonly by: 'host' | 'runner' | 'operator';
    readonly code: string | null;
    readonly outcomeHash: string;
    readonly completionHash: string | null;
    /** Of a coding agent: what its turn came to. */
    readonly turn: TurnReport | null;
  } | null;
  /** `accepted` once the end that moves the run is recorded. */
  readonly decision: 'accepted' | null;
  /** Completions reported after the end, each once, with what they were worth. */
  readonly reports: readonly { readonly entryId: string; readonly decision: CompletionDecision }[];
}

/** Every event that the task machine takes, with the instant of its record. */
export type TaskMachineEvent = At<TaskEvent | RunMessage>;

type Ended = Extract<TaskMachineEvent, { type: 'workerEnded' }>;
type Reported = Extract<TaskMachineEvent, { type: 'completionReported' }>;

/** What a completion reported after the end is worth; it never changes the end. */
export function decideReport(context: TaskContext, event: Reported): CompletionDecision {
  // What cannot be read names no request either: it is rejected as such before anybody asks whose it is.
  if (!event.isValid) return 'rejected';
  if (event.requestHash !== context.requestHash) return 'unauthorized';
  const settlement = context.settlement;
  if (settlement === null) return 'late';
  if (event.outcomeHash === settlement.outcomeHash) return 'duplicate';
  if (event.completionHash !== null && event.completionHash === settlement.completionHash) return 'duplicate';
  return settlement.result === 'completed' || settlement.result === 'failed' || settlement.result === 'blocked'
    ? 'conflicting'
    : 'late';
}

const machineSetup = setup({
  types: {
    context: {} as TaskContext,
    events: {} as TaskMachineEvent,
    input: {} as TaskInput,
  },
  actions: {
    startHost: inert<{ taskId: string; requestHash: string }>(),
    awaitWorker: inert<{ taskId: string; requestHash: string }>(),
    watchWorker: inert<{ taskId: string; requestHash: string }>(),
    endTask: inert<{ taskId: string; requestHash: string; reason: EndReason }>(),
    withdraw: inert<{ kind: string }>(),
    tellRun: inert<{ event: TaskMessage }>(),
    countHostStart: assign({ hostStarts: ({ context }) => context.hostStarts + 1 }),
    noteAdoption: assign({ isAdopted: true }),
    noteEnding: assign((_, params: { reason: EndReason }) => ({ ending: params.reason })),
    noteStart: assign((_, params: { pid: number; startedAtMs: number }) => ({
      pid: params.pid,
      startedAtMs: params.startedAtMs,
    })),
    noteEnd: assign((_, event: Ended) => ({
      endedAtMs: event.atMs,
      decision: 'accepted' as const,
      settlement: {
        result: event.result,
        by: event.by,
        code: event.blocker?.code ?? null,
        outcomeHash: event.outcomeHash,
        completionHash: event.completionHash,
        turn: event.turn ?? null,
      },
    })),
    noteReport: assign(({ context }, event: Reported) => ({
      reports: [...context.reports, { entryId: event.entryId, decision: decideReport(context, event) }],
    })),
  },
  guards: {
    isNewReport: ({ context, event }) =>
      event.type === 'completionReported' &&
      context.reports.length < BOUNDS.completionReports &&
      context.reports.every((report) => report.entryId !== event.entryId),
    canStartAnotherHost: ({ context }) => context.hostStarts < context.hostStartsMax,
    isResult: ({ event }, params: { result: TaskResult }) =>
      event.type === 'workerEnded' && event.result === params.result,
  },
});

const handle = ({ context }: { context: TaskContext }) => ({
  taskId: context.taskId,
  requestHash: context.requestHash,
});

const endOf = <Result extends TaskResult>(result: Result) => ({
  guard: { type: 'isResult' as const, params: { result } },
  target: `#task.settled.${result}` as const,
  actions: [
    { type: 'noteEnd' as const, params: ({ event }: { event: Ended }) => event },
    {
      type: 'tellRun' as const,
      params: ({ context, event }: { context: TaskContext; event: Ended }) => ({
        event: {
          type: 'taskSettled' as const,
          taskId: context.taskId,
          result: event.result,
          blocker: event.blocker,
          outcomeHash: event.outcomeHash,
          ...(event.turn?.limited === undefined || event.turn.limited === null
            ? {}
            : { resetsAtMs: event.turn.limited.resetsAtMs }),
        },
      }),
    },
  ],
});

const ends = machineSetup.createStateConfig({
  on: { workerEnded: TASK_RESULTS.map(endOf) },
}).on;

const doubted = machineSetup.createStateConfig({
  on: {
    hostDoubted: {
      target: 'doubtful',
      actions: {
        type: 'tellRun',
        params: ({ context, event }) => ({
          event: { type: 'taskDoubtful', taskId: context.taskId, blocker: event.blocker },
        }),
      },
    },
  },
}).on;

const endOnRequest = machineSetup.createStateConfig({
  on: {
    endRequested: {
      target: 'ending',
      actions: { type: 'noteEnding', params: ({ event }) => ({ reason: event.reason }) },
    },
  },
}).on;

const ending = machineSetup.createStateConfig({
  entry: {
    type: 'endTask',
    params: ({ context }) => ({
      taskId: context.taskId,
      requestHash: context.requestHash,
      reason: context.ending ?? 'interrupted',
    }),
  },
  exit: { type: 'withdraw', params: { kind: 'endTask' } },
  on: { ...ends, ...doubted },
});

const doubtful = machineSetup.createStateConfig({ on: { ...endOnRequest } });

const spawned = machineSetup.createStateConfig({
  on: {
    workerSpawned: {
      target: '#task.running',
      actions: { type: 'noteStart', params: ({ event }) => ({ pid: event.pid, startedAtMs: event.startedAtMs }) },
    },
  },
}).on;

/** The statechart of one worker task. */
export const taskMachine = machineSetup.createMachine({
  id: 'task',
  version: '1',
  context: ({ input }) => ({
    ...input,
    hostStarts: 1,
    isAdopted: false,
    pid: null,
    startedAtMs: null,
    endedAtMs: null,
    ending: null,
    settlement: null,
    decision: null,
    reports: [],
  }),
  initial: 'requested',
  states: {
    requested: {
      initial: 'starting',
      states: {
        starting: {
          entry: [{ type: 'startHost', params: handle }],
          exit: [{ type: 'withdraw', params: { kind: 'startHost' } }],
          on: {
            ...ends,
            ...doubted,
            ...endOnRequest,
            ...spawned,
            hostClaimed: { target: '#task.claimed' },
            hostStartRepeated: [
              { guard: 'canStartAnotherHost', actions: 'countHostStart' },
              { target: 'ending', actions: [{ type: 'noteEnding', params: { reason: 'exhausted' } }] },
            ],
          },
        },
        ending,
        doubtful,
      },
    },
    claimed: {
      initial: 'awaiting',
      states: {
        awaiting: {
          entry: [{ type: 'awaitWorker', params: handle }],
          exit: [{ type: 'withdraw', params: { kind: 'awaitWorker' } }],
          on: { ...ends, ...doubted, ...endOnRequest, ...spawned },
        },
        ending,
        doubtful,
      },
    },
    running: {
      initial: 'watching',
      states: {
        watching: {
          entry: [{ type: 'watchWorker', params: handle }],
          exit: [{ type: 'withdraw', params: { kind: 'watchWorker' } }],
          on: { ...ends, ...doubted, ...endOnRequest, workerAdopted: { actions: 'noteAdoption' } },
        },
        ending,
        doubtful,
      },
    },
    settled: {
      initial: 'lost',
      on: {
        completionReported: { guard: 'isNewReport', actions: { type: 'noteReport', params: ({ event }) => event } },
      },
      states: {
        completed: {},
        failed: {},
        blocked: {},
        cancelled: {},
        timedOut: {},
        interrupted: {},
        lost: {},
        limited: {},
      },
    },
  },
});
