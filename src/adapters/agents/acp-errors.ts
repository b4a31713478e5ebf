/**
 * What an error of an ACP agent means for the turn.
 *
 * Owns: the reasons for which a conversation ends early, and their events. Does not own: when they arise (acp-client).
 */
import { RequestError } from '@agentclientprotocol/sdk';
import type { AgentEvent } from '../../model/agent-event.ts';
import { endOfWords, failed } from './line-events.ts';

/** The turn cannot continue, and this is how it ended. */
export class TurnOver extends Error {
  readonly events: readonly AgentEvent[];

  constructor(events: readonly AgentEvent[]) {
    super('the turn is over');
    this.events = events;
  }
}

/** The agent has not taken what was written to its standard input. */
export class BlockedInput extends Error {
  constructor(ms: number) {
    super(`The agent did not read its input within ${ms} ms.`);
  }
}

const LOGIN = -32000;
const NOT_FOUND = -32002;
const NO_METHOD = -32601;
const BAD_PARAMS = -32602;
const INTERNAL = -32603;
const REASON_CHARS = 2_000;
const OF_SESSION = /session|conversation|thread/i;

/** The end that an error is; null: the agent is gone and has said nothing. */
export function endOfError(error: unknown, isResume: boolean): readonly AgentEvent[] | null {
  if (error instanceof TurnOver) return error.events;
  if (error instanceof BlockedInput) return [failed('other', error.message)];
  if (!(error instanceof RequestError)) return null;
  const reason = reasonOf(error);
  if (error.code === LOGIN) return [failed('login', reason)];
  if (isResume && isUnknownSession(error.code, reason)) return [failed('sessionUnknown', reason)];
  return endOfWords(reason);
}

/** The end that a refused session is, whatever words its agent has for it; null: the error is about something else. */
export function endOfRefusal(error: unknown): TurnOver | null {
  if (!(error instanceof RequestError) || ![NOT_FOUND, NO_METHOD, BAD_PARAMS, INTERNAL].includes(error.code))
    return null;
  const reason = reasonOf(error);
  const isSaid = error.code === NOT_FOUND || error.code === NO_METHOD || OF_SESSION.test(reason);
  const isOther = endOfWords(reason).some((event) => event.type !== 'ended' || event.cause !== 'other');
  return isSaid && !isOther ? new TurnOver([failed('sessionUnknown', reason)]) : null;
}

/** The end that an agent comes to which does not take a setting that it offers; null: the error is about something else. */
export function endOfRefusedSetting(error: unknown, what: string, wanted: string): TurnOver | null {
  if (!(error instanceof RequestError) || error.code === LOGIN) return null;
  return new TurnOver([failed('setting', `The agent offers no ${what} "${wanted}" after all: ${reasonOf(error)}`)]);
}

/** True when the agent has no such method. */
export function isMissingMethod(error: unknown): boolean {
  return error instanceof RequestError && error.code === NO_METHOD;
}

function isUnknownSession(code: number, reason: string): boolean {
  if (code === NOT_FOUND || code === NO_METHOD) return true;
  const isUnknown = /not found|unknown|invalid|no such|does ?n[o']t exist|not exist|no conversation|expired/i.test(
    reason,
  );
  return (code === BAD_PARAMS || code === INTERNAL) && OF_SESSION.test(reason) && isUnknown;
}

function reasonOf(error: RequestError): string {
  return `${error.message} ${detailsOf(error.data)}`.trim().slice(0, REASON_CHARS);
}

function detailsOf(data: unknown): string {
  if (data === undefined || data === null) return '';
  return typeof data === 'string' ? data : JSON.stringify(data);
}
