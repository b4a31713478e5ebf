/**
 * A worker that never came to run: its program, or the one that its shell was to start, could not be executed.
 *
 * Owns: telling that from a worker that ran and failed, and the sentence about it. Does not own: what it means for the task (core/conclusion).
 *
 * Invariant: a worker that has left an answer has run, and so has one that printed something, unless its last words are those of a shell that
 * could not execute a program: a wrapper may have said what it was about to start. Otherwise the exit code is the worker's own.
 */
import { BOUNDS } from '../model/limits.ts';
import type { WorkerExit } from '../ports/gate.ts';
import type { AnswerReading } from './answer.ts';
import { sanitise } from './sanitise.ts';

/** What tells whether a worker has run. */
export interface StartFacts {
  /** The first word of its command line. */
  readonly program: string;
  /** It wrote something to stdout. */
  readonly hasOutput: boolean;
  /** The last line of stderr, as it came. */
  readonly lastWords: string;
}

/** 126 and 127 are what a shell answers, ours or the worker's, when it cannot execute a command (POSIX, exit status for commands). */
const MEANINGS: Readonly<Record<number, string>> = {
  126: 'may not be executed, or is not a program for this system',
  127: 'was not found, or the interpreter that its first line names was not',
};

/** How shells, env(1) and Node say that a program could not be executed. */
const NOT_EXECUTED =
  /(?:not found|no such file or directory|permission denied|cannot execute|exec format error|not executable)\W*$/i;

/** What our own shell puts before its words. */
const OUR_SHELL = /^gate: (?:line )?[0-9]+: (?:exec: )?/;

/** Why the worker never ran, as a sentence; null when it ran. */
export function startFailure(exit: WorkerExit | null, reading: AnswerReading, facts: StartFacts): string | null {
  const meaning = MEANINGS[exit?.code ?? 0];
  if (meaning === undefined || reading.kind !== 'missing') return null;
  if (facts.hasOutput && !NOT_EXECUTED.test(facts.lastWords)) return null;
  const lastWords = sanitise(facts.lastWords.replace(OUR_SHELL, ''), BOUNDS.summaryChars / 2);
  const said = lastWords === '' ? '' : ` It said: ${lastWords}`;
  const program = sanitise(facts.program, BOUNDS.summaryChars / 4);
  return `The worker could not be started: "${program}", or what it was to start, ${meaning} (exit ${exit?.code}).${said}`;
}
