/**
 * Ends of tasks with their words, for tests that compare what people read.
 *
 * Owns: putting code and sentence beside the facts. Does not own: either (blockers/catalogue, engine/outcome-cause).
 */

import { outcomeWords } from '../../src/engine/outcome-cause.ts';
import type { Conclusion } from '../../src/model/conclusion.ts';
import type { Outcome } from '../../src/model/request.ts';
import type { WorkerExit } from '../../src/ports/gate.ts';
import { concludeTask, type WorkerEnding } from '../../src/turn/conclusion.ts';

/** What an end is told with. */
export interface Told {
  readonly code: string | null;
  readonly message: string;
}

/** The outcome, and its words. */
export function toldOutcome(outcome: Outcome): Outcome & Told {
  return { ...outcome, code: outcome.cause?.code ?? null, message: outcomeWords(outcome) };
}

/** What the ending means, and its words. */
export function conclusionOf(ending: WorkerEnding): Conclusion & Told {
  return toldEnd(concludeTask(ending), ending.exit);
}

/** The conclusion, and its words. */
export function toldEnd(conclusion: Conclusion, exit: WorkerExit | null): Conclusion & Told {
  const { cause, summary } = conclusion;
  const message = outcomeWords({ cause, summary, exitCode: exit?.code ?? null, signal: exit?.signal ?? null });
  return { ...conclusion, code: cause?.code ?? null, message };
}
