/**
 * The first context of a task, and how a completion counts that comes after its end.
 *
 * Owns: the first values of its context, that decision. Does not own: the context's shape (model/task-context), the states (task.machine).
 */

import type { At } from '../../src/kernel/actions.ts';
import type { RunMessage, TaskEvent } from '../../src/model/event.ts';
import type { CompletionDecision, TaskContext, TaskInput } from '../../src/model/task-context.ts';

/** Every event that the task machine takes, with the instant of its record. */
export type TaskMachineEvent = At<TaskEvent | RunMessage>;
/** The event of that type. */
export type TaskMachineEventOf<Type extends TaskMachineEvent['type']> = Extract<TaskMachineEvent, { type: Type }>;

/** Every member of the context whose first value is the same in every task. */
export const TASK_CONTEXT_DEFAULTS = {
  hostStarts: 1,
  isAdopted: false,
  pid: null,
  startedAtMs: null,
  endedAtMs: null,
  ending: null,
  settlement: null,
  reports: [],
} as const satisfies Omit<TaskContext, keyof TaskInput>;

/** The context of a task whose first host is about to be started. */
export function freshTask(input: TaskInput): TaskContext {
  return { ...input, ...TASK_CONTEXT_DEFAULTS };
}

/** How a completion reported after the end counts; it never changes the end. */
export function decideReport(
  context: TaskContext,
  event: TaskMachineEventOf<'completionReported'>,
): CompletionDecision {
  // An unreadable completion names no request either: it is rejected before its request is compared.
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
