/**
 * How a task ended: the only place that weighs answer, exit and forced end against each other.
 *
 * Owns: the one decision, made alike by host and runner. Does not own: reading the answer (turn/answer), the outcome's file (worker/outcome), words
 * (blockers/task-words).
 *
 * Invariants: 1. An exit code alone never means success, unless the agent is configured so (L4). 2. A forced end decides, whatever
 * the answer says, unless the turn of a coding agent was complete: how the process exits after that changes nothing about its work. 3. An end that nobody saw and that left no answer is never called completed (L5). 4. A worker that could not be started needs
 * a person: another attempt would do no better.
 */

import { exitWords } from '../base/exit-words.ts';
import { sanitise } from '../base/sanitise.ts';
import type { Cause, Ended, Obstacle } from '../model/blocker.ts';
import type { Conclusion } from '../model/conclusion.ts';
import { BOUNDS, type Purpose } from '../model/limits.ts';
import type { Answer, CompletionSource, EndReason, TaskResult, VerdictStatus } from '../model/request.ts';
import type { TurnReport } from '../model/turn.ts';
import type { WorkerExit } from '../ports/gate.ts';
import { type AnswerReading, isGate } from './answer.ts';
import { type StartFacts, startFailure } from './start-failure.ts';
import { concludeLimit, concludeTurn } from './turn-conclusion.ts';

/** Why a worker was ended before it ended itself, or never began. */
export type ForcedEnd = EndReason | 'stalled' | 'outputLimit' | 'notStarted' | 'noEvent' | 'budget' | 'unreadable';

/** Everything that is known about how a worker ended. */
export interface WorkerEnding {
  readonly purpose: Purpose;
  readonly completion: CompletionSource;
  /** Null when nobody saw it: the worker was an orphan, or never ran. */
  readonly exit: WorkerExit | null;
  readonly reading: AnswerReading;
  /** Null when the worker ended by itself. */
  readonly forced: ForcedEnd | null;
  /** What an end means that nobody saw and that left no valid answer. */
  readonly orphanResult: 'interrupted' | 'lost';
  /** What stood in the way of a start, for a worker that never began; what could not be read, for one that was ended for that. */
  readonly obstacle?: Obstacle;
  /** For a coding agent: what its output says about the turn. */
  readonly turn?: TurnReport;
  /** A coding agent that ends without a valid answer is reminded, and not charged; default: false. */
  readonly mayRemind?: boolean;
  /** For a worker that was started and ended by itself: whether it ran at all. */
  readonly start?: StartFacts;
}

/** What a forced end means. */
const FORCED: Readonly<Record<ForcedEnd, readonly [TaskResult, (params: Ended) => Cause]>> = {
  cancelled: ['cancelled', (params) => ({ code: 'PAWL_WORKER_CANCELLED', params })],
  deadline: ['timedOut', (params) => ({ code: 'PAWL_WORKER_DEADLINE', params })],
  stalled: ['timedOut', (params) => ({ code: 'PAWL_WORKER_STALLED', params })],
  hung: ['timedOut', (params) => ({ code: 'PAWL_HOST_HUNG', params })],
  outputLimit: ['failed', (params) => ({ code: 'PAWL_WORKER_OUTPUT_LIMIT', params })],
  noEvent: ['timedOut', (params) => ({ code: 'PAWL_AGENT_NO_EVENT', params })],
  budget: ['blocked', (params) => ({ code: 'PAWL_BUDGET_EXCEEDED', params: { reason: 'ended', ...params } })],
  unreadable: ['failed', (params) => ({ code: 'PAWL_AGENT_UNREADABLE', params })],
  exhausted: ['blocked', (params) => ({ code: 'PAWL_HOST_STARTS_EXHAUSTED', params })],
  notStarted: ['blocked', (params) => ({ code: 'PAWL_WORKER_START_FAILED', params: { reason: 'ended', ...params } })],
  operator: [
    'interrupted',
    (params) => ({ code: 'PAWL_WORKER_INTERRUPTED', params: { reason: 'operator', ...params } }),
  ],
  interrupted: [
    'interrupted',
    (params) => ({ code: 'PAWL_WORKER_INTERRUPTED', params: { reason: 'down', ...params } }),
  ],
};

/** Forced ends of an agent that makes no progress. */
const SILENCE: readonly ForcedEnd[] = ['stalled', 'noEvent', 'deadline'];

/**
 * What kept an agent from its model when it was ended because it made no progress; null: nothing known. An agent that has started and has never had an
 * answer counts as one that cannot reach its model: some report no retries.
 */
function keptFromItsModel({ limited, hasNoAnswer }: TurnReport, forced: ForcedEnd): TurnReport['limited'] {
  if (!SILENCE.includes(forced)) return null;
  return limited ?? (hasNoAnswer === true && forced === 'stalled' ? { kind: 'connection', resetsAtMs: null } : null);
}
/** Forced ends that only say that a worker took too long to leave. */
const OF_TIME: readonly ForcedEnd[] = ['deadline', 'stalled', 'hung'];

/** How the task ended. */
export function concludeTask(ending: WorkerEnding): Conclusion {
  const { reading, exit, forced } = ending;
  const answer = reading.kind === 'valid' ? reading.answer : null;
  const isComplete = answer !== null && ending.turn?.ended?.how === 'completed';
  if (forced !== null && !(isComplete && leavesWork(forced, exit))) {
    const limited = ending.turn === undefined ? null : keptFromItsModel(ending.turn, forced);
    if (limited !== null) return concludeLimit(limited, answer, '');
    const [result, causeOf] = FORCED[forced];
    const obstacle = ending.obstacle === undefined ? null : bounded(ending.obstacle);
    return { ...stopped(result, causeOf({ obstacle, answered: answer?.status ?? null })), answer };
  }
  const neverRan = ending.start === undefined ? null : startFailure(exit, reading, ending.start);
  if (neverRan !== null) return stopped('blocked', { code: 'PAWL_WORKER_START_FAILED', params: neverRan });
  if (ending.turn !== undefined) {
    const stop = concludeTurn(ending.turn, exit, answer);
    if (stop !== null) return stop;
    // An answer does not prove the end of a turn that nobody saw.
    const { ended } = ending.turn;
    const isUnseen = exit === null && (ended === null || ended.how === 'noTerminalEvent');
    if (isUnseen) return concludeOrphan({ ...ending, reading: { kind: 'missing' } });
  }
  if (ending.completion === 'exitCode') return concludeByExit(ending);
  if (answer !== null && answer.status !== 'completed' && answer.verdict?.status === 'PASS') {
    const { status } = answer;
    return { ...stopped('blocked', { code: 'PAWL_WORKER_CONTRADICTION', params: { status } }), answer };
  }
  if (exit !== null && !isClean(exit) && !isComplete) return concludeBadExit(exit, reading);
  if (answer !== null) return concludeByAnswer(answer);
  if (exit === null) return concludeOrphan(ending);
  if (ending.mayRemind === true) return unanswered(reading);
  return reading.kind === 'invalid'
    ? stopped('failed', { code: 'PAWL_WORKER_ANSWER_INVALID', params: { problem: reading.reason } })
    : stopped('failed', { code: 'PAWL_WORKER_NO_COMPLETION', params: {} });
}

/** The words about it are kept like everything that a worker says. */
function bounded(obstacle: Obstacle): Obstacle {
  return obstacle.kind === 'said' ? { ...obstacle, words: sanitise(obstacle.words, BOUNDS.summaryChars) } : obstacle;
}

/** The turn of an agent that has done everything except answer: the next turn of the same session asks for the answer. */
function unanswered(reading: AnswerReading): Conclusion {
  return stopped('interrupted', { code: 'PAWL_AGENT_NO_ANSWER', params: { problem: problemOf(reading) } });
}

/** What is wrong with an answer; null: there is none. */
function problemOf(reading: AnswerReading): string | null {
  return reading.kind === 'invalid' ? reading.reason : null;
}

/** True when what the worker did before that end still stands. If nobody saw its exit, the machine or the disk may have caused the interruption: then its work may not stand. */
function leavesWork(forced: ForcedEnd, exit: WorkerExit | null): boolean {
  return OF_TIME.includes(forced) || (forced === 'interrupted' && exit !== null);
}

function concludeByAnswer(answer: Answer): Conclusion {
  const said = answer.problem === null ? answer.summary : `${answer.problem.code}: ${answer.problem.message}`;
  switch (answer.status) {
    case 'completed':
      return { result: 'completed', cause: null, summary: answer.summary, answer };
    case 'blocked':
      return { ...stopped('blocked', { code: 'PAWL_WORKER_BLOCKED', params: { said } }), answer };
    case 'failed':
      return { ...stopped('failed', { code: 'PAWL_WORKER_FAILED', params: { said } }), answer };
  }
}

function concludeBadExit({ code, signal }: WorkerExit, reading: AnswerReading): Conclusion {
  const exit = { exitCode: code, signal };
  switch (reading.kind) {
    case 'valid': {
      const { answer } = reading;
      const told = { kind: 'valid', status: answer.status, summary: answer.summary } as const;
      return { ...stopped('failed', { code: 'PAWL_WORKER_EXIT', params: { ...exit, answer: told } }), answer };
    }
    case 'invalid': {
      const told = { kind: 'invalid', problem: reading.reason } as const;
      return stopped('failed', { code: 'PAWL_WORKER_EXIT', params: { ...exit, answer: told } });
    }
    case 'missing':
      return stopped('failed', { code: 'PAWL_WORKER_EXIT', params: { ...exit, answer: { kind: 'missing' } } });
  }
}

function concludeByExit(ending: WorkerEnding): Conclusion {
  const { exit, purpose } = ending;
  if (exit === null) return concludeOrphan(ending);
  const done = (status: VerdictStatus): Conclusion => ({
    result: 'completed',
    cause: null,
    summary: null,
    answer: exitAnswer(purpose, status, exitWords({ exitCode: exit.code, signal: exit.signal })),
  });
  if (isClean(exit)) return done('PASS');
  // A signal is not a judgement: the gate's program was killed before it could report anything.
  if (isGate(purpose) && exit.code !== null) return done('FAIL');
  const params = { exitCode: exit.code, signal: exit.signal, answer: null };
  return stopped('failed', { code: 'PAWL_WORKER_EXIT', params });
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
  const problem = problemOf(ending.reading);
  return ending.orphanResult === 'interrupted'
    ? stopped('interrupted', { code: 'PAWL_WORKER_INTERRUPTED', params: { reason: 'unseen', problem } })
    : stopped('lost', { code: 'PAWL_WORKER_LOST', params: { problem } });
}

function stopped(result: TaskResult, cause: Cause): Conclusion {
  return { result, cause, summary: null, answer: null };
}

function isClean(exit: WorkerExit): boolean {
  return exit.code === 0;
}
