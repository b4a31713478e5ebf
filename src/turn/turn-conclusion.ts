/**
 * What the turn of a coding agent means for its task, beyond answer and exit code: everything that shows that it is not done.
 *
 * Owns: that judgement. Does not own: answer and exit (turn/conclusion), the report (turn/turn-report), words (blockers/agent-words).
 *
 * Invariants: 1. A turn is done only when everything says so (L4): a terminal event that is not an error; then the answer decides or, without a valid one,
 * the exit. A denial blocks an agent that does not report that it is done nevertheless: one that is blocked, has failed, or has given no answer. The denial of a
 * look or a commit never blocks.
 * 2. A limit, an outage, an empty account, a refused session or a refused setting is not a failure of the work, and uses up no attempt.
 */
import type { Cause } from '../model/blocker.ts';
import type { Conclusion } from '../model/conclusion.ts';
import { BOUNDS } from '../model/limits.ts';
import type { Answer, TaskResult } from '../model/request.ts';
import type { TurnReport } from '../model/turn.ts';
import type { WorkerExit } from '../ports/gate.ts';
import { denialName } from './denial-words.ts';
import { refusedSetting } from './refused-settings.ts';

/** The conclusion that the turn forces, null when the answer, or else the exit, decides. */
export function concludeTurn(turn: TurnReport, exit: WorkerExit | null, answer: Answer | null): Conclusion | null {
  const stop = (result: TaskResult, cause: Cause): Conclusion => ({ result, cause, summary: null, answer });
  const { ended, limited } = turn;
  const said = ended?.reason ?? '';
  if (turn.isSessionRefused) {
    return stop('interrupted', {
      code: 'PAWL_AGENT_SESSION_REFUSED',
      params: { session: turn.askedSession ?? null, said },
    });
  }
  if (ended?.cause === 'login') return stop('blocked', { code: 'PAWL_AGENT_LOGIN', params: { said } });
  if (ended?.cause === 'account') return stop('blocked', { code: 'PAWL_AGENT_ACCOUNT', params: { said } });
  if (ended?.cause === 'setting') {
    const setting = refusedSetting(ended.reason)?.name ?? null;
    return stop('blocked', { code: 'PAWL_AGENT_SETTING_REFUSED', params: { setting, said } });
  }
  if (limited !== null) return concludeLimit(limited, answer, said);
  if (ended?.cause === 'budget') {
    const usage = turn.usage === null ? null : { usd: turn.usage.usd ?? 0, tokens: turn.usage.tokens };
    return stop('blocked', { code: 'PAWL_BUDGET_EXCEEDED', params: { reason: 'byAgent', usage, said } });
  }
  const denied = answer?.status === 'completed' ? null : deniedOf(turn.denials);
  if (denied !== null) return stop('blocked', denied);
  if (ended === null || ended.how === 'noTerminalEvent') {
    const cause = causeWithoutEnd(turn, exit, answer, said);
    return cause === null ? null : stop('failed', cause);
  }
  switch (ended.how) {
    case 'completed':
      return null;
    case 'failed':
      return stop('failed', { code: 'PAWL_AGENT_FAILED', params: { reason: 'error', said } });
    case 'interrupted':
      return stop('failed', { code: 'PAWL_AGENT_FAILED', params: { reason: 'interrupted', said } });
    case 'limit':
      return stop('failed', { code: 'PAWL_AGENT_TURN_LIMIT', params: { said } });
  }
}

/** What a turn means whose agent could not use its model. */
export function concludeLimit(
  { kind, resetsAtMs }: NonNullable<TurnReport['limited']>,
  answer: Answer | null,
  said: string,
): Conclusion {
  const cause: Cause =
    kind === 'connection'
      ? { code: 'PAWL_AGENT_UNREACHABLE', params: { resetsAtMs, said, untilMs: null } }
      : { code: 'PAWL_AGENT_LIMITED', params: { reason: kind, resetsAtMs, said } };
  return { result: 'limited', cause, summary: null, answer };
}

/** The denials of what the work may have needed, each once and briefly; null: none. */
function deniedOf(denials: TurnReport['denials']): Cause | null {
  const needed = denials.filter(({ isExpected, kind }) => !isExpected && kind === undefined);
  const [first] = needed;
  if (first === undefined) return null;
  // The reason says more than a bare tool, and less than the command.
  const isBare = needed.every(({ what }) => what === undefined);
  const denied = [...new Set(needed.map(denialName))];
  return { code: 'PAWL_AGENT_DENIED', params: { denied, why: isBare ? first.reason : '' } };
}

/** Nobody saw the exit of an orphan: whoever settles it decides whether it ended with the machine. */
function causeWithoutEnd(
  { lines }: TurnReport,
  exit: WorkerExit | null,
  answer: Answer | null,
  said: string,
): Cause | null {
  if (exit === null || exit.code !== 0) return null;
  return lines.endsOverlong === true
    ? { code: 'PAWL_AGENT_NO_END', params: { reason: 'overlong', bytesMax: BOUNDS.lastLineBytes, said } }
    : { code: 'PAWL_AGENT_NO_END', params: { reason: 'unsaid', hasAnswer: answer !== null, said } };
}
