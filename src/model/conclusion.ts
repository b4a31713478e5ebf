/**
 * What the end of a worker means for its task, as everything that judges it says so.
 *
 * Owns: the type. Does not own: the judgement (turn/conclusion), the part of it that a turn decides (turn/turn-conclusion).
 */
import type { Cause } from './blocker.ts';
import type { Answer, TaskResult } from './request.ts';

/** What an ending means for its task. */
export interface Conclusion {
  readonly result: TaskResult;
  /** What happened; null when completed. */
  readonly cause: Cause | null;
  /** Of a worker that completed, what its answer says in summary; null where the exit code is the answer, and of any other end. */
  readonly summary: string | null;
  /** The answer to keep: the worker's own, or the one that its exit code stands for; null when there is none. */
  readonly answer: Answer | null;
}
