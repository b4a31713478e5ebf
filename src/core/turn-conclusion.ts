/**
 * What the turn of a coding agent means for its task, beyond answer and exit code: whatever says that it is not done.
 *
 * Owns: that judgement. Does not own: answer and exit (core/conclusion), the report (core/turn-report).
 *
 * Invariants: 1. A turn is done only when all of it says so (L4): a terminal event that is no error; then the answer decides, and where there is no valid one
 * the exit. A denial stands in the way of an agent that does not say that it is done without: of one that is blocked, has failed, or has given no answer. A denied
 * look or commit never does.
 * 2. Neither a limit, an outage or an empty account is a failure of the work, nor a refused session or setting: none of them uses up an attempt.
 */
import type { LimitKind } from '../model/agent-event.ts';
import type { Conclusion } from '../model/conclusion.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import { BOUNDS } from '../model/limits.ts';
import type { Answer, TaskResult } from '../model/request.ts';
import type { TurnReport } from '../model/turn.ts';
import type { WorkerExit } from '../ports/gate.ts';
import { denialName } from './denial-words.ts';
import { refusedSetting } from './refused-settings.ts';

/** The conclusion that the turn forces, null when answer, or else exit, are to decide. */
export function concludeTurn(turn: TurnReport, exit: WorkerExit | null, answer: Answer | null): Conclusion | null {
  const stop = (result: TaskResult, code: ErrorCode, message: string): Conclusion => ({
    result,
    code,
    message,
    answer,
  });
  const { ended, limited } = turn;
  const said = ended === null || ended.reason === '' ? '' : ` It said: ${ended.reason}`;
  if (turn.isSessionRefused) {
    const session = turn.askedSession ?? 'the session';
    return stop(
      'interrupted',
      'PAWL_AGENT_SESSION_REFUSED',
      `The agent refused to resume ${session}; the next attempt begins a fresh session.${said}`,
    );
  }
  if (ended?.cause === 'login') {
    return stop('blocked', 'PAWL_AGENT_LOGIN', `The agent is not logged in, or its key is refused.${said}`);
  }
  if (ended?.cause === 'account') {
    return stop('blocked', 'PAWL_AGENT_ACCOUNT', `The provider serves the agent's account no more.${said}`);
  }
  if (ended?.cause === 'setting') {
    const name = refusedSetting(ended.reason)?.name ?? 'it does not say which';
    return stop('blocked', 'PAWL_AGENT_SETTING_REFUSED', `A setting of the agent was refused (${name}).${said}`);
  }
  if (limited !== null) return concludeLimit(limited, answer, said);
  if (ended?.cause === 'budget') {
    const { usage } = turn;
    const used = usage === null ? '' : ` It reports $${(usage.usd ?? 0).toFixed(4)} and ${usage.tokens} tokens.`;
    const what = `The agent ended its turn at its budget.${used}${said}`;
    return stop('blocked', 'PAWL_BUDGET_EXCEEDED', what);
  }
  const denied = answer?.status === 'completed' ? null : deniedWords(turn.denials);
  if (denied !== null) return stop('blocked', 'PAWL_AGENT_DENIED', denied);
  if (ended === null || ended.how === 'noTerminalEvent') return concludeWithoutEnd(turn, exit, answer, said);
  switch (ended.how) {
    case 'completed':
      return null;
    case 'failed':
      return stop('failed', 'PAWL_AGENT_FAILED', `The agent ended its turn with an error.${said}`);
    case 'interrupted':
      return stop('failed', 'PAWL_AGENT_FAILED', `The agent's turn was interrupted from outside.${said}`);
    case 'limit':
      return stop('failed', 'PAWL_AGENT_TURN_LIMIT', `The agent reached a limit of its own before it was done.${said}`);
  }
}

const LIMITS: Readonly<Record<LimitKind, readonly [ErrorCode, string]>> = {
  usage: ['PAWL_AGENT_LIMITED', 'The agent has used up its usage window'],
  rate: ['PAWL_AGENT_LIMITED', 'The agent has been told to slow down'],
  capacity: ['PAWL_AGENT_LIMITED', "The agent's model, or the service behind it, is overloaded"],
  connection: ['PAWL_AGENT_UNREACHABLE', 'The agent could not reach its model'],
};

/** What a turn means that something kept from its model. */
export function concludeLimit(
  { kind, resetsAtMs }: NonNullable<TurnReport['limited']>,
  answer: Answer | null,
  said: string,
): Conclusion {
  const [code, what] = LIMITS[kind];
  const until = resetsAtMs === null ? '' : ` until ${new Date(resetsAtMs).toISOString()}`;
  return { result: 'limited', code, message: `${what}${until}.${said}`, answer };
}

/** What the agent was denied that its work may have needed, each once and briefly; null: nothing. */
function deniedWords(denials: TurnReport['denials']): string | null {
  const needed = denials.filter(({ isExpected, kind }) => !isExpected && kind === undefined);
  const [first] = needed;
  if (first === undefined) return null;
  const names = [...new Set(needed.map(denialName))].join(', ');
  // The reason says more than a bare tool, and less than the command.
  const isBare = needed.every(({ what }) => what === undefined) && first.reason !== '';
  return `The agent was denied what it asked for: ${names}${isBare ? ` (${first.reason})` : ''}.`;
}

/** Nobody saw the exit of an orphan: whether it went down with the machine is for the one who settles it. */
function concludeWithoutEnd(
  { lines }: TurnReport,
  exit: WorkerExit | null,
  answer: Answer | null,
  said: string,
): Conclusion | null {
  if (exit === null || exit.code !== 0) return null;
  if (lines.endsOverlong === true) {
    const bound = `${BOUNDS.lastLineBytes / 1024 ** 2} MiB`;
    const message = `The agent exited with 0, but the last line of its output is longer than ${bound} and was not read: it may have said there that its turn had ended.${said}`;
    return { result: 'failed', code: 'PAWL_AGENT_NO_END', message, answer };
  }
  const left = answer === null ? ' and left no answer' : '; an answer alone does not count';
  return {
    result: 'failed',
    code: 'PAWL_AGENT_NO_END',
    message: `The agent exited with 0 without saying that its turn had ended${left}.${said}`,
    answer,
  };
}
