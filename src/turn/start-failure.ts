/**
 * A worker that never ran: its program, or the one that its shell should have started, could not be executed.
 *
 * Owns: distinguishing that from a worker that ran and failed. Does not own: what it means for the task (turn/conclusion), words
 * (blockers/task-words).
 *
 * Invariant: a worker that has left an answer has run, and so has one that printed something, unless its last words are those of a shell that
 * could not execute a program: a wrapper may have said what it was about to start. Otherwise the exit code is the worker's own.
 */
import { sanitise } from '../base/sanitise.ts';
import type { BlockerParams } from '../model/blocker.ts';
import { BOUNDS } from '../model/limits.ts';
import type { WorkerExit } from '../ports/gate.ts';
import type { AnswerReading } from './answer.ts';

/** What is known about a worker that never ran. */
export type StartFailure = Exclude<BlockerParams['PAWL_WORKER_START_FAILED'], { reason: 'ended' }>;

/** What tells whether a worker has run. */
export interface StartFacts {
  /** The first word of its command line. */
  readonly program: string;
  /** It wrote something to stdout. */
  readonly hasOutput: boolean;
  /** The last line of stderr, as it came. */
  readonly lastWords: string;
}

/** What a shell answers, ours or the worker's, when it cannot execute a command (POSIX, exit status for commands). */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

/** How shells, env(1) and Node say that a program could not be executed. */
const NOT_EXECUTED =
  /(?:not found|no such file or directory|permission denied|cannot execute|exec format error|not executable)\W*$/i;

/** The prefix of our own shell's messages. */
const OUR_SHELL = /^gate: (?:line )?[0-9]+: (?:exec: )?/;

/** Why the worker never ran; null when it ran. */
export function startFailure(exit: WorkerExit | null, reading: AnswerReading, facts: StartFacts): StartFailure | null {
  const exitCode = exit?.code ?? 0;
  if ((exitCode !== NOT_EXECUTABLE && exitCode !== NOT_FOUND) || reading.kind !== 'missing') return null;
  if (facts.hasOutput && !NOT_EXECUTED.test(facts.lastWords)) return null;
  const said = sanitise(facts.lastWords.replace(OUR_SHELL, ''), BOUNDS.summaryChars / 2);
  const program = sanitise(facts.program, BOUNDS.summaryChars / 4);
  return { reason: exitCode === NOT_FOUND ? 'notFound' : 'notExecutable', program, exitCode, said };
}
