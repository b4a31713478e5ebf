/**
 * The report that is kept of a turn: bounded, sanitised, without any of the agent's messages.
 *
 * Owns: the report, and which of its reported usage a turn is charged with. Does not own: the fold (turn/turn), estimates (turn/charge), the ledger over turns (turn/ledger).
 *
 * Invariants: 1. A turn that may have used something and did not report it is charged an estimate, never nothing: budgets survive kills.
 * 2. It holds no text of the agent except short reasons, tool names and what was denied, sanitised.
 */
import { sanitise } from '../base/sanitise.ts';
import type { EndCause, Usage } from '../model/agent-event.ts';
import { BOUNDS } from '../model/limits.ts';
import type { AnswerOrigin, TurnDenial, TurnReport, TurnRequest, TurnUsage } from '../model/turn.ts';
import type { AgentCapabilities } from '../ports/agent-adapter.ts';
import { cutOffUsage, reportedUsage } from './charge.ts';
import { denialKind } from './denial-kind.ts';
import { refusedSetting } from './refused-settings.ts';
import { type DeniedUse, readsAnswer, type Turn } from './turn.ts';

/** Everything that a report is made from. */
export interface ReportedTurn {
  readonly turn: Turn;
  readonly request: TurnRequest;
  /** The agent's name in the config. */
  readonly agent: string;
  readonly capabilities: Pick<AgentCapabilities, 'usage'>;
  readonly answerFrom: AnswerOrigin | null;
  /** False when the worker never ran: then nothing is charged. */
  readonly hasRun: boolean;
}

const WORD_CHARS = 200;

/** The report of a turn. */
export function reportTurn(reported: ReportedTurn): TurnReport {
  const { turn, request } = reported;
  const short = (text: string | null): string | null =>
    text === null || text === '' ? null : sanitise(text, WORD_CHARS);
  const session = short(turn.session);
  return {
    agent: reported.agent,
    kind: request.kind,
    cliVersion: short(turn.cliVersion) ?? request.program.version,
    model: short(turn.model),
    permissionMode: short(turn.permissionMode),
    bypassesPermissions: request.bypassesPermissions,
    askedSession: request.session.id,
    session,
    isResume: request.session.isResume,
    sessionMismatch:
      request.session.id === null || session === null || session === request.session.id
        ? null
        : { asked: request.session.id, got: session },
    isSessionRefused: turn.ended?.cause === 'sessionUnknown' || turn.ended?.cause === 'sessionBusy',
    usage: reported.hasRun ? usageOf(turn, request, reported.capabilities) : null,
    limited: limitOf(turn),
    denials: turn.denials.map((denied) => reportedDenial(denied, request.expectedDenials)),
    ...(turn.unasked.length === 0
      ? {}
      : {
          unasked: turn.unasked.map(({ tool, reason }) => ({
            tool: sanitise(tool, WORD_CHARS),
            reason: sanitise(reason, WORD_CHARS),
          })),
        }),
    ended:
      turn.ended === null
        ? null
        : {
            how: turn.ended.how,
            cause: causeOf(turn.ended, turn.toolCalls),
            reason: sanitise(turn.ended.reason, BOUNDS.summaryChars / 2),
          },
    answerFrom: reported.answerFrom,
    ...(turn.events > 0 && turn.ended === null && !readsAnswer(turn) ? { hasNoAnswer: true } : {}),
    lines: turn.lines,
  };
}

/** What kept the agent from its model when the turn was over: as it reported, or the reason for which it was still retrying when it was cut off. */
function limitOf({ ended, limited, retryOver }: Turn): TurnReport['limited'] {
  if (ended?.how === 'completed') return null;
  if (limited !== null) return limited;
  return ended === null && retryOver !== null ? { kind: retryOver, resetsAtMs: null } : null;
}

/** What the turn has used by its own reports so far, beyond what its session had used before; for a budget during the turn. */
export function usedSoFar(
  turn: Turn,
  request: Pick<TurnRequest, 'usedBefore'>,
): { readonly tokens: number; readonly usd: number } {
  const { session, turn: whole, process, step } = turn.usage;
  const report = session ?? whole ?? process;
  const before = report !== null && report === session ? request.usedBefore : { tokens: 0, usd: 0 };
  // A turn that continues after a total reports only its steps: the larger of the two counts.
  return {
    tokens: Math.max(0, tokensOf(report) - before.tokens, tokensOf(step)),
    usd: Math.max(0, (report?.usd ?? 0) - before.usd, step?.usd ?? 0),
  };
}

function tokensOf(usage: Usage | null): number {
  return usage === null ? 0 : usage.inputTokens + usage.outputTokens;
}

/** True when what a turn has reported so far is at least what it may use. */
export function isOverBudget(turn: Turn, request: TurnRequest | undefined): boolean {
  if (request === undefined) return false;
  const { tokens, usd } = request.budget;
  const used = usedSoFar(turn, request);
  return (tokens !== null && used.tokens >= tokens) || (usd !== null && used.usd >= usd);
}

/** Words like those of a refused setting, after the agent has worked, are about something else. */
function causeOf({ cause, reason }: NonNullable<Turn['ended']>, toolCalls: number): EndCause {
  return cause === 'setting' && refusedSetting(reason, toolCalls) === null && toolCalls > 0 ? 'other' : cause;
}

function reportedDenial({ tool, reason, what }: DeniedUse, expected: readonly string[]): TurnDenial {
  // Some agents name the tool and what it was asked for in one text.
  const [, inner] = /^[^()]+\((.*)\)$/s.exec(tool) ?? [];
  const kind = denialKind(inner === undefined ? tool : tool.slice(0, tool.indexOf('(')), what ?? inner ?? null);
  return {
    tool: sanitise(tool, WORD_CHARS),
    reason: sanitise(reason, WORD_CHARS),
    isExpected: isExpected(tool, expected) || (what !== undefined && expected.includes(`${tool}(${what})`)),
    ...(what === undefined ? {} : { what: sanitise(what, WORD_CHARS) }),
    ...(kind === null ? {} : { kind }),
  };
}

function isExpected(tool: string, expected: readonly string[]): boolean {
  return expected.some((one) => one === '*' || one === tool || tool.startsWith(`${one}(`));
}

function usageOf(turn: Turn, request: TurnRequest, capabilities: Pick<AgentCapabilities, 'usage'>): TurnUsage | null {
  const { session, turn: whole, process, step } = turn.usage;
  const { ended } = turn;
  const report = session ?? whole ?? process;
  const isUsd = capabilities.usage === 'usd';
  if (report !== null) {
    const before = report === session ? request.usedBefore.tokens : 0;
    const tokens = Math.max(tokensOf(report), before + tokensOf(step));
    return ended === null
      ? cutOffUsage(turn, request, { report, tokens }, isUsd)
      : reportedUsage(report, tokens, turn, request);
  }
  if (step !== null && ended !== null && ended.how !== 'interrupted')
    return reportedUsage(step, tokensOf(step), turn, request);
  if (capabilities.usage === 'none') return null;
  // It ended by itself, without a step and without a tool: its calls were refused.
  if (ended !== null && ended.how !== 'interrupted' && step === null && turn.toolCalls === 0) return null;
  return cutOffUsage(turn, request, null, isUsd);
}
