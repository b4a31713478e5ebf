/**
 * How a task ended: the only place where answer, exit and forced end are weighed against each other.
 *
 * Owns: the one decision, made alike by host and runner. Does not own: reading the answer (core/answer), the outcome's file (host/outcome).
 *
 * Invariants: 1. An exit code alone never means success, unless the agent is configured so (L4). 2. A forced end decides, whatever
 * the answer says, unless the turn of a coding agent was complete: how a process leaves after that changes nothing about its work. 3. An end that nobody saw and that left no answer is never called completed (L5). 4. A worker that could not be started is
 * for a person: no other attempt would do better.
 */
import type { Conclusion } from '../model/conclusion.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import { BOUNDS, type Purpose } from '../model/limits.ts';
import type { Answer, CompletionSource, EndReason, TaskResult, VerdictStatus } from '../model/request.ts';
import type { TurnReport } from '../model/turn.ts';
import type { WorkerExit } from '../ports/gate.ts';
import { type AnswerReading, isGate } from './answer.ts';
import { sanitise } from './sanitise.ts';
import { type StartFacts, startFailure } from './start-failure.ts';
import { concludeLimit, concludeTurn } from './turn-conclusion.ts';

/** Why a worker was ended before it ended itself, or never began. */
export type ForcedEnd = EndReason | 'stalled' | 'outputLimit' | 'notStarted' | 'noEvent' | 'budget' | 'unreadable';

/** All that is known about how a worker ended. */
export interface WorkerEnding {
  readonly purpose: Purpose;
  readonly completion: CompletionSource;
  /** Null when nobody saw it: the worker was an orphan, or never ran. */
  readonly exit: WorkerExit | null;
  readonly reading: AnswerReading;
  /** Null when the worker ended by itself. */
  readonly forced: ForcedEnd | null;
  /** What an ending means that nobody saw and that left no valid answer. */
  readonly orphanResult: 'interrupted' | 'lost';
  /** What stood in the way of a start, for a worker that never began; what could not be read, for one that was ended for that. */
  readonly obstacle?: string;
  /** Of a coding agent: what its output says of the turn. */
  readonly turn?: TurnReport;
  /** A coding agent that ends without a valid answer is reminded, and not charged; false where it is not said. */
  readonly mayRemind?: boolean;
  /** Of a worker that was started and ended by itself: whether it came to run at all. */
  readonly start?: StartFacts;
}

/** What a forced end means, in the order: result, code, sentence. */
const FORCED: Readonly<Record<ForcedEnd, readonly [TaskResult, ErrorCode, string]>> = {
  cancelled: ['cancelled', 'PAWL_WORKER_CANCELLED', 'The worker was ended because its run was cancelled.'],
  deadline: ['timedOut', 'PAWL_WORKER_DEADLINE', 'The worker was ended at its deadline.'],
  stalled: ['timedOut', 'PAWL_WORKER_STALLED', 'The worker was ended because it had been silent for too long.'],
  hung: ['timedOut', 'PAWL_HOST_HUNG', 'The worker was ended because its host had stopped responding.'],
  outputLimit: [
    'failed',
    'PAWL_WORKER_OUTPUT_LIMIT',
    'The worker was ended because it wrote more output than allowed.',
  ],
  noEvent: [
    'timedOut',
    'PAWL_AGENT_NO_EVENT',
    'The agent was ended because it reported nothing for too long after it started.',
  ],
  budget: ['blocked', 'PAWL_BUDGET_EXCEEDED', 'The agent was ended because the budget of its run is used up.'],
  unreadable: ['failed', 'PAWL_AGENT_UNREADABLE', 'The agent was ended because its output could not be read.'],
  exhausted: ['blocked', 'PAWL_HOST_STARTS_EXHAUSTED', 'Every allowed worker host was started and none came up.'],
  notStarted: ['blocked', 'PAWL_WORKER_START_FAILED', 'The worker could not be started.'],
  operator: ['interrupted', 'PAWL_WORKER_INTERRUPTED', 'The worker was ended by the operator.'],
  interrupted: ['interrupted', 'PAWL_WORKER_INTERRUPTED', 'The worker went down with Pawl or the machine.'],
};

/** Ends that an agent is given because it gets no further. */
const SILENCE: readonly ForcedEnd[] = ['stalled', 'noEvent', 'deadline'];

/**
 * What kept an agent from its model that was ended because it got no further; null: nothing is known to have. One that has said that it is there and has never had an
 * answer is taken for one that asks in vain: some tell of no retry.
 */
function keptFromItsModel({ limited, hasNoAnswer }: TurnReport, forced: ForcedEnd): TurnReport['limited'] {
  if (!SILENCE.includes(forced)) return null;
  return limited ?? (hasNoAnswer === true && forced === 'stalled' ? { kind: 'connection', resetsAtMs: null } : null);
}
/** Forced ends that only say that a worker took too long to leave. */
const OF_TIME: readonly ForcedEnd[] = ['deadline', 'stalled', 'hung'];

/** How the task ended: the only place where answer, exit and forced end are weighed against each other. */
export function concludeTask(ending: WorkerEnding): Conclusion {
  const { reading, exit, forced } = ending;
  const answer = reading.kind === 'valid' ? reading.answer : null;
  const isComplete = answer !== null && ending.turn?.ended?.how === 'completed';
  if (forced !== null && !(isComplete && leavesWork(forced, exit))) {
    const limited = ending.turn === undefined ? null : keptFromItsModel(ending.turn, forced);
    if (limited !== null) return concludeLimit(limited, answer, '');
    const [result, code, message] = FORCED[forced];
    const said = answer === null ? '' : ` It had already written an answer: ${answer.status}.`;
    const why = ending.obstacle === undefined ? '' : ` Because: ${sanitise(ending.obstacle, BOUNDS.summaryChars)}.`;
    return { result, code, message: message + why + said, answer };
  }
  const neverRan = ending.start === undefined ? null : startFailure(exit, reading, ending.start);
  if (neverRan !== null)
    return { result: 'blocked', code: 'PAWL_WORKER_START_FAILED', message: neverRan, answer: null };
  if (ending.turn !== undefined) {
    const stopped = concludeTurn(ending.turn, exit, answer);
    if (stopped !== null) return stopped;
    // An answer does not stand for the end of a turn that nobody saw.
    const { ended } = ending.turn;
    const isUnseen = exit === null && (ended === null || ended.how === 'noTerminalEvent');
    if (isUnseen) return concludeOrphan({ ...ending, reading: { kind: 'missing' } });
  }
  if (ending.completion === 'exitCode') return concludeByExit(ending);
  if (answer !== null && answer.status !== 'completed' && answer.verdict?.status === 'PASS') {
    const message = `The answer contradicts itself: status ${answer.status} with verdict PASS.`;
    return { result: 'blocked', code: 'PAWL_WORKER_CONTRADICTION', message, answer };
  }
  if (exit !== null && !isClean(exit) && !isComplete) return concludeBadExit(exit, reading);
  if (answer !== null) return concludeByAnswer(answer);
  if (exit === null) return concludeOrphan(ending);
  if (ending.mayRemind === true) return unanswered(reading);
  return reading.kind === 'invalid'
    ? failed('PAWL_WORKER_ANSWER_INVALID', `The worker's answer is not valid: ${reading.reason}.`)
    : failed('PAWL_WORKER_NO_COMPLETION', 'The worker exited with 0 and left no answer.');
}

/** The turn of an agent that has done all but answer: the next one of the same session asks it for that. */
function unanswered(reading: AnswerReading): Conclusion {
  const what =
    reading.kind === 'invalid' ? `with an answer that is not valid (${reading.reason})` : 'without an answer';
  const message = `The agent ended its turn ${what}; it is reminded once, in the same session.`;
  return { result: 'interrupted', code: 'PAWL_AGENT_NO_ANSWER', message, answer: null };
}

/** True when what the worker did before that end still stands. Where nobody saw its exit, an interruption may be the machine's or the disk's: then it may not. */
function leavesWork(forced: ForcedEnd, exit: WorkerExit | null): boolean {
  return OF_TIME.includes(forced) || (forced === 'interrupted' && exit !== null);
}

function concludeByAnswer(answer: Answer): Conclusion {
  const problem = answer.problem === null ? answer.summary : `${answer.problem.code}: ${answer.problem.message}`;
  const said = problem === '' ? 'no reason given' : problem;
  switch (answer.status) {
    case 'completed':
      return { result: 'completed', code: null, message: answer.summary, answer };
    case 'blocked':
      return { result: 'blocked', code: 'PAWL_WORKER_BLOCKED', message: `The worker is blocked: ${said}`, answer };
    case 'failed':
      return { result: 'failed', code: 'PAWL_WORKER_FAILED', message: `The worker failed: ${said}`, answer };
  }
}

function concludeBadExit(exit: WorkerExit, reading: AnswerReading): Conclusion {
  const how = describeExit(exit);
  switch (reading.kind) {
    case 'valid': {
      const { answer } = reading;
      const message = `The worker answered "${answer.status}" and ended with ${how}: ${answer.summary}`;
      return { ...failed('PAWL_WORKER_EXIT', message), answer };
    }
    case 'invalid':
      return failed('PAWL_WORKER_EXIT', `The worker ended with ${how}; its answer is not valid: ${reading.reason}.`);
    case 'missing':
      return failed('PAWL_WORKER_EXIT', `The worker ended with ${how} and left no answer.`);
  }
}

function concludeByExit(ending: WorkerEnding): Conclusion {
  const { exit, purpose } = ending;
  if (exit === null) return concludeOrphan(ending);
  const how = describeExit(exit);
  if (isClean(exit)) {
    return { result: 'completed', code: null, message: `Ended with ${how}.`, answer: exitAnswer(purpose, 'PASS', how) };
  }
  // A signal is no judgement: the gate's program was killed before it could say anything.
  if (isGate(purpose) && exit.code !== null) {
    return { result: 'completed', code: null, message: `Ended with ${how}.`, answer: exitAnswer(purpose, 'FAIL', how) };
  }
  return failed('PAWL_WORKER_EXIT', `The worker ended with ${how}.`);
}

function exitAnswer(purpose: Purpose, status: VerdictStatus, how: string): Answer {
  const summary = `The worker ended with ${how}.`;
  const findings = status === 'PASS' ? [] : [{ severity: 'error', message: summary }];
  return {
    status: 'completed',
    summary,
    filesChanged: [],
    verdict: isGate(purpose) ? { status, findings, summary } : null,
    problem: null,
    commands: [],
  };
}

function concludeOrphan(ending: WorkerEnding): Conclusion {
  const why =
    ending.reading.kind === 'invalid' ? `its answer is not valid: ${ending.reading.reason}` : 'it left no answer';
  return ending.orphanResult === 'interrupted'
    ? {
        result: 'interrupted',
        code: 'PAWL_WORKER_INTERRUPTED',
        message: `The worker ended unobserved when Pawl or the machine went down; ${why}.`,
        answer: null,
      }
    : {
        result: 'lost',
        code: 'PAWL_WORKER_LOST',
        message: `The worker ended unobserved; ${why}.`,
        answer: null,
      };
}

function failed(code: ErrorCode, message: string): Conclusion {
  return { result: 'failed', code, message, answer: null };
}

function isClean(exit: WorkerExit): boolean {
  return exit.code === 0;
}

function describeExit(exit: WorkerExit): string {
  return exit.signal === null ? `exit ${exit.code ?? 'unknown'}` : `signal ${exit.signal}`;
}
