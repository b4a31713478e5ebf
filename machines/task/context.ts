/**
 * What a task remembers to decide with, and what a completion is worth that comes after its end.
 *
 * Owns: the task's context and that decision. Does not own: the states (task.machine), the events' shapes (model/event).
 */

import type { At } from '../../src/kernel/actions.ts';
import type { RunMessage, TaskEvent } from '../../src/model/event.ts';
import type { Purpose } from '../../src/model/limits.ts';
import type { EndReason, TaskResult } from '../../src/model/request.ts';
import type { TurnReport } from '../../src/model/turn.ts';

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
  /** The end that moves the run; null before. */
  readonly settlement: {
    readonly result: TaskResult;
    readonly by: 'host' | 'runner' | 'operator';
    readonly code: string | null;
    readonly outcomeHash: string;
    readonly completionHash: string | null;
    /** Of a coding agent: what its turn came to. */
    readonly turn: TurnReport | null;
  } | null;
  /** Completions reported after the end, each once, with what they were worth. */
  readonly reports: readonly { readonly entryId: string; readonly decision: CompletionDecision }[];
}

/** Every event that the task machine takes, with the instant of its record. */
export type TaskMachineEvent = At<TaskEvent | RunMessage>;
/** The event of that type. */
export type TaskMachineEventOf<Type extends TaskMachineEvent['type']> = Extract<TaskMachineEvent, { type: Type }>;

/** The context of a task whose first host is about to be started. */
export function freshTask(input: TaskInput): TaskContext {
  return {
    ...input,
    hostStarts: 1,
    isAdopted: false,
    pid: null,
    startedAtMs: null,
    endedAtMs: null,
    ending: null,
    settlement: null,
    reports: [],
  };
}

/** What a completion reported after the end is worth; it never changes the end. */
export function decideReport(
  context: TaskContext,
  event: TaskMachineEventOf<'completionReported'>,
): CompletionDecision {
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
