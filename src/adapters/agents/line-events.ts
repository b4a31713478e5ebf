/**
 * The events that lines of several kinds of agents come to.
 *
 * Owns: how an end, an HTTP status and a sign of life become events. Does not own: finding them in a line (a file for each kind of agent).
 */
import type { AgentEvent, EndCause } from '../../model/agent-event.ts';
import type { TurnExit } from '../../ports/agent-adapter.ts';

/** What a line comes to that is a sign of life and nothing more. */
export const NOTED: readonly AgentEvent[] = [{ type: 'noted' }];

/** The events, or a sign of life when there are none. */
export function orNoted(events: readonly AgentEvent[]): readonly AgentEvent[] {
  return events.length === 0 ? NOTED : events;
}

/** The agent says that it is done. */
export function completed(reason: string): AgentEvent {
  return { type: 'ended', how: 'completed', cause: 'other', reason };
}

/** The agent says that it has failed. */
export function failed(cause: EndCause, reason: string): AgentEvent {
  return { type: 'ended', how: 'failed', cause, reason };
}

/** The agent has been interrupted. */
export function interrupted(reason: string): AgentEvent {
  return { type: 'ended', how: 'interrupted', cause: 'other', reason };
}

/** The agent has reached a limit of its own. */
export function limitReached(cause: EndCause, reason: string): AgentEvent {
  return { type: 'ended', how: 'limit', cause, reason };
}

/** The service lets the agent do no more for now. */
export function limitedBy(kind: 'usage' | 'rate', resetsAtMs: number | null, reason: string): readonly AgentEvent[] {
  return [{ type: 'limited', kind, resetsAtMs }, limitReached('other', reason)];
}

/** How a turn ends whose last call of the model came back with this HTTP status; null: none is known. */
export function endOfStatus(status: number | null, reason: string): readonly AgentEvent[] {
  if (status === 401 || status === 403) return [failed('login', reason)];
  if (status === 429 || status === 529) return limitedBy('rate', null, reason);
  return [failed('other', reason)];
}

/** How a turn ends whose agent tells only in words what went wrong. */
export function endOfWords(reason: string): readonly AgentEvent[] {
  if (/hit your [\w ]*limit|usage limit|insufficient_quota|out of credits/i.test(reason))
    return limitedBy('usage', null, reason);
  if (
    /\b(?:401|403)\b|unauthori[sz]ed|failed to authenticate|not logged in|\/login\b|please log ?in|invalid api key|missing environment variable/i.test(
      reason,
    )
  )
    return [failed('login', reason)];
  if (/\b(?:429|529)\b|too many requests|rate.?limit|overloaded/i.test(reason)) return limitedBy('rate', null, reason);
  return [failed('other', reason)];
}

/** The last line of standard error that matches, null when none does. */
export function stderrLine(exit: TurnExit, pattern: RegExp): string | null {
  const lines = exit.stderrTail.split('\n').filter((line) => pattern.test(line));
  return lines.at(-1)?.trim() ?? null;
}
