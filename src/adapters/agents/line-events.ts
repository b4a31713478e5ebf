/**
 * The events that lines of several kinds of agents come to.
 *
 * Owns: how an end and a sign of life become events. Does not own: finding them in a line (a file for each kind of agent), what an error's words mean (trouble).
 */
import type { AgentEvent, EndCause, LimitKind } from '../../model/agent-event.ts';
import type { TurnExit } from '../../ports/agent-adapter.ts';
import { refusedSetting, refusingLine } from '../../turn/refused-settings.ts';
import { troubleIn } from './trouble.ts';

/** What a line comes to that is a sign of life and nothing more. */
export const NOTED: readonly AgentEvent[] = [{ type: 'noted' }];

/** The events, or a sign of life when there are none. */
export function orNoted(events: readonly AgentEvent[]): readonly AgentEvent[] {
  return events.length === 0 ? NOTED : events;
}

/** The agent starts a tool; `ask` is what it asks of it, `chars` how much its model wrote to call it (absent: not told). */
export function toolStarted(id: string, name: string, ask: string | null, chars?: number): AgentEvent {
  return {
    type: 'toolStarted',
    id,
    name,
    ...(ask === null ? {} : { what: ask }),
    ...(chars === undefined ? {} : { chars }),
  };
}

/** A tool was denied; told by what it was asked for, or by the use of it that had started. */
export function deniedEvent(
  tool: string,
  reason: string,
  { ask = null, id = null }: { readonly ask?: string | null; readonly id?: string | null },
): AgentEvent {
  return {
    type: 'denied',
    tool,
    reason,
    ...(ask === null ? {} : { what: ask }),
    ...(id === null ? {} : { id }),
  };
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

/** Something keeps the agent from its model for now. */
function limitedBy(kind: LimitKind, resetsAtMs: number | null, reason: string): readonly AgentEvent[] {
  return [{ type: 'limited', kind, resetsAtMs }, limitReached('other', reason)];
}

/** How a turn ends whose agent says in these words what went wrong. */
export function endOfWords(reason: string): readonly AgentEvent[] {
  return endOfStatus(null, reason);
}

/** How a turn ends whose last call of the model came back with this HTTP status (null: none is known), and with these words. */
export function endOfStatus(status: number | null, reason: string): readonly AgentEvent[] {
  const kind = troubleIn(status, reason);
  switch (kind) {
    case null:
      return [failed(refusedSetting(reason) === null ? 'other' : 'setting', reason)];
    case 'login':
    case 'account':
      return [failed(kind, reason)];
    default:
      return limitedBy(kind, null, reason);
  }
}

/** The end of an agent that refused a setting, as its standard error tells; none when it did not. */
export function refusedStart(exit: TurnExit): readonly AgentEvent[] {
  const line = refusingLine(exit.stderrTail.split('\n'));
  return line === null ? [] : [failed('setting', line.trim())];
}

/** The last line of standard error that matches, null when none does. */
export function stderrLine(exit: TurnExit, pattern: RegExp): string | null {
  const lines = exit.stderrTail.split('\n').filter((line) => pattern.test(line));
  return lines.at(-1)?.trim() ?? null;
}
