/**
 * What the end of a worker means for its task, as everything that judges it says so.
 *
 * Owns: the type. Does not own: the judgement (core/conclusion), the part of it that a turn decides (core/turn-conclusion).
 */
import type { ErrorCode } from './error-codes.ts';
import type { Answer, TaskResult } from './request.ts';

/** What an ending means for its task. */
export interface Conclusion {
  readonly result: TaskResult;
  /** Null when completed. */
  readonly code: ErrorCode | null;
  /** One sanitised sentence. */
  readonly message: string;
  /** The answer to keep: the worker's own, or the one that its exit code stands for; null when there is none. */
  readonly answer: Answer | null;
}
