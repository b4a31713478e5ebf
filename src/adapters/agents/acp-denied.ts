/**
 * Agents whose turn ends when they are denied something: they are told to continue without it.
 *
 * Owns: seeing that a denial was the last that happened in a turn, the words that follow it. Does not own: denying (acp-permission), sending (acp-client).
 *
 * Invariant: bounded: after so many denials the turn is left as it ended.
 */
import type { JsonObject } from '../../base/canonical-json.ts';
import { BOUNDS } from '../../model/limits.ts';
import { fieldsOf, textOf } from './line-fields.ts';

/** How agents put it into their own mouth that they stop. */
const ENDING_WORDS = /^.{0,100}\b(?:cancell?ed|rejected|aborted) by (?:the )?user.{0,20}$/i;

/** The denials of one turn, as far as they may have ended it. */
export class EndingDenials {
  #last: { readonly tool: string; readonly reason: string; readonly callId: string | null } | null = null;
  #notes = 0;

  /** A request of the agent was denied. */
  denied(call: JsonObject, { tool, reason }: { readonly tool: string; readonly reason: string }): void {
    this.#last = { tool, reason, callId: textOf(call.toolCallId) };
  }

  /** The agent continues: it says something, or calls another tool. */
  heard(update: JsonObject): void {
    const { sessionUpdate } = update;
    const isOther = sessionUpdate === 'tool_call' && textOf(update.toolCallId) !== this.#last?.callId;
    const says =
      sessionUpdate === 'agent_message_chunk' && !ENDING_WORDS.test(textOf(fieldsOf(update.content).text) ?? '');
    if (says || isOther) this.#last = null;
  }

  /** What the agent is told when its turn has ended for that reason, once for each denial; null when it ended otherwise. */
  note(stopReason: string | null): string | null {
    const last = this.#last;
    this.#last = null;
    if (last === null || stopReason !== 'end_turn' || this.#notes >= BOUNDS.denials) return null;
    this.#notes += 1;
    return `${last.tool.slice(0, 300)} was denied: ${last.reason.slice(0, 300)}\nNobody can be asked about it. Continue the same task without it. If the task cannot be done without it, answer that you are blocked, and say why.`;
  }
}
