/**
 * The life of one worker task: requested → claimed → running → its result, how it is supervised meanwhile, and how a later completion counts.
 *
 * Owns: the states of a task, and which effect each of them owes. Does not own: the vocabulary, reading registers (host), what the run makes
 * of the end (run/run.machine).
 *
 * Invariants: 1. A task that is watched owes the effect of its progress, one that is being ended owes the ending, and a doubtful one nothing: it
 * has told the run its blocker. 2. The first end that supervision accepts stands; later ones are recorded and change nothing. 3. Pure: no
 * clock, no chance, no invoke, no spawn, no after.
 */
import { RUN_ACTOR } from '../../src/model/record.ts';
import { TASK_RESULTS, type TaskResult } from '../../src/model/request.ts';
import type { TaskContext } from '../../src/model/task-context.ts';
import { freshTask, type TaskMachineEventOf } from './context.ts';
import { taskSetup } from './vocabulary.ts';

const handle = ({ context }: { context: TaskContext }) => ({
  taskId: context.taskId,
  requestHash: context.requestHash,
});

const ends = taskSetup.createStateConfig({
  on: {
    workerEnded: {
      target: 'over',
      actions: [
        { type: 'noteEnd', params: ({ event }) => event },
        {
          type: 'tell',
          params: ({ context, event }) => ({ actor: RUN_ACTOR, event: settledMessage(context.taskId, event) }),
        },
      ],
    },
  },
}).on;

function settledMessage(taskId: string, event: TaskMachineEventOf<'workerEnded'>) {
  const { result, blocker, outcomeHash, turn } = event;
  const limited = turn?.limited ?? null;
  return {
    type: 'taskSettled' as const,
    taskId,
    result,
    blocker,
    outcomeHash,
    ...(limited === null ? {} : { resetsAtMs: limited.resetsAtMs }),
  };
}

const doubted = taskSetup.createStateConfig({
  on: {
    hostDoubted: {
      target: 'doubtful',
      actions: {
        type: 'tell',
        params: ({ context, event }) => ({
          actor: RUN_ACTOR,
          event: { type: 'taskDoubtful', taskId: context.taskId, blocker: event.blocker },
        }),
      },
    },
  },
}).on;

const endedOnRequest = taskSetup.createStateConfig({
  on: {
    endRequested: {
      target: 'ending',
      actions: { type: 'noteEnding', params: ({ event }) => ({ reason: event.reason }) },
    },
  },
}).on;

const spawned = taskSetup.createStateConfig({
  on: {
    workerSpawned: {
      guard: 'isWatched',
      target: 'running',
      actions: { type: 'noteStart', params: ({ event }) => ({ pid: event.pid, startedAtMs: event.startedAtMs }) },
    },
  },
}).on;

/** Follows the end that supervision has accepted. */
const settle = TASK_RESULTS.map((result) => ({
  guard: { type: 'isSettledAs' as const, params: { result } },
  target: result,
}));

/** Before its end: how far a host and its worker have come. */
const open = taskSetup.createStateConfig({
  description: 'Its worker has not ended, as far as anyone knows.',
  always: settle,
  initial: 'requested',
  states: {
    requested: {
      description: 'A worker host is being started, and has not claimed the task yet.',
      entry: { type: 'startHost', params: handle },
      exit: { type: 'withdraw', params: { kind: 'startHost' } },
      on: {
        ...spawned,
        hostClaimed: { guard: 'isWatched', target: 'claimed' },
        hostStartRepeated: { guard: 'mayStartAnotherHost', actions: 'countHostStart' },
      },
    },
    claimed: {
      description: 'A worker host has claimed the task, and has not started its worker yet.',
      entry: { type: 'awaitWorker', params: handle },
      exit: { type: 'withdraw', params: { kind: 'awaitWorker' } },
      on: spawned,
    },
    running: {
      description: 'Its worker has been started.',
      entry: { type: 'watchWorker', params: handle },
      exit: { type: 'withdraw', params: { kind: 'watchWorker' } },
      on: { workerAdopted: { guard: 'isWatched', actions: 'noteAdoption' } },
    },
  },
});

const resultState = <Result extends TaskResult>(result: Result, description: string) => ({
  description,
  tags: 'settled' as const,
  type: 'final' as const,
  output: { result },
});

/** The statechart of one worker task. */
export const taskMachine = taskSetup.createMachine({
  id: 'task',
  version: '3',
  description: 'One piece of delegated work: one worker, started once at most.',
  context: ({ input }) => freshTask(input),
  type: 'parallel',
  states: {
    progress: {
      description: 'How far the work has come.',
      initial: 'open',
      states: {
        open,
        completed: resultState('completed', 'Its worker did what it was asked for.'),
        failed: resultState('failed', 'Its worker failed.'),
        blocked: resultState('blocked', 'Its worker could not continue without a person.'),
        cancelled: resultState('cancelled', 'It was ended because its run was cancelled.'),
        timedOut: resultState('timedOut', 'It was ended because it took too long or showed no sign of life.'),
        interrupted: resultState('interrupted', 'It was ended by Pawl or the machine going down.'),
        lost: resultState('lost', 'Its worker is gone, and how it ended was not observed.'),
        limited: resultState('limited', 'Its agent has reached a limit, or could not reach its service.'),
      },
    },
    supervision: {
      description: 'How it is supervised until its end.',
      initial: 'watching',
      states: {
        watching: {
          description: 'Its host and its worker are being watched.',
          exit: [
            { type: 'withdraw', params: { kind: 'startHost' } },
            { type: 'withdraw', params: { kind: 'awaitWorker' } },
            { type: 'withdraw', params: { kind: 'watchWorker' } },
          ],
          on: {
            ...ends,
            ...doubted,
            ...endedOnRequest,
            hostStartRepeated: {
              guard: 'hasStartedLastHost',
              target: 'ending',
              actions: { type: 'noteEnding', params: { reason: 'exhausted' } },
            },
          },
        },
        ending: {
          description: 'Its host and its worker are being ended.',
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
        },
        doubtful: {
          description: 'It cannot be determined whether its worker is still alive: a person has to decide.',
          tags: 'doubtful',
          on: endedOnRequest,
        },
        over: {
          description: 'An end was accepted.',
          type: 'final',
        },
      },
    },
    completions: {
      description: 'What a reported completion counts for.',
      initial: 'awaited',
      states: {
        awaited: {
          description: 'No end was reported yet: the first one counts.',
          always: { guard: 'isSettled', target: 'late' },
        },
        late: {
          description: 'The end is final: later reports are recorded and change nothing.',
          on: {
            completionReported: { guard: 'isNewReport', actions: { type: 'noteReport', params: ({ event }) => event } },
          },
        },
      },
    },
  },
});
