/**
 * What happened to a task, as its outcome register says it: checked before anybody relies on it.
 *
 * Owns: that check, the outcome in words. Does not own: reading the register (turn/task-files), words (blockers/catalogue).
 */

import { exitWords } from '../base/exit-words.ts';
import { wordsOf } from '../blockers/catalogue.ts';
import type { Blocker } from '../model/error.ts';
import { blockerSchema } from '../model/event.ts';
import type { Outcome, RecordedCause } from '../model/request.ts';

/** The cause as a blocker with that evidence; null for facts that its code does not have. */
export function blockerFrom(cause: RecordedCause, evidence: readonly string[]): Blocker | null {
  return blockerSchema.safeParse({ ...cause, evidence }).data ?? null;
}

/** How the task ended, in words: its answer's own where it completed. */
export function outcomeWords({
  cause,
  summary,
  exitCode,
  signal,
}: Pick<Outcome, 'cause' | 'summary' | 'exitCode' | 'signal'>): string {
  if (cause === null) return summary ?? `Ended with ${exitWords({ exitCode, signal })}.`;
  const blocker = blockerFrom(cause, []);
  return blocker === null ? cause.code : wordsOf(blocker).message;
}
