/**
 * Which of several runs that wait for an agent tries it again: one tries, and the others wait for its result.
 *
 * Owns: that choice. Does not own: when a run's own wait is over (its deadline), finding out which runs wait and which try (engine/effects/outages).
 *
 * Invariants: 1. Pure. 2. Of runs that wait for one agent for the same reason at most one tries at a time, until the agent has answered it. 3. No run waits for a run that
 * cannot move. 4. The run that failed last tries first: it has the latest knowledge of the outage.
 */

/** A run that waits for its agent. */
export interface WaitingRun {
  readonly runId: string;
  readonly agent: string;
  /** The code of the reason for which it waits. */
  readonly code: string;
  /** When its agent failed. */
  readonly failedAtMs: number;
}

/** A run whose agent was limited and has been started again. */
export interface AskingRun {
  readonly runId: string;
  readonly agent: string;
  /** True once the model has answered the agent. */
  readonly hasAnswer: boolean;
}

/** True when that waiting run may try its agent again, once its own wait is over. `answeredAtMs`: when that agent last had an answer, null: not seen. */
export function mayAskAgain(
  run: WaitingRun,
  waiting: readonly WaitingRun[],
  asking: readonly AskingRun[],
  answeredAtMs: number | null,
): boolean {
  if (answeredAtMs !== null && answeredAtMs > run.failedAtMs) return true;
  if (asking.some((one) => one.agent === run.agent && one.runId !== run.runId && !one.hasAnswer)) return false;
  return waiting
    .filter((one) => one.agent === run.agent && one.code === run.code)
    .every((one) => one.runId === run.runId || isBefore(run, one));
}

function isBefore(run: WaitingRun, other: WaitingRun): boolean {
  if (run.failedAtMs !== other.failedAtMs) return run.failedAtMs > other.failedAtMs;
  return run.runId < other.runId;
}
