/**
 * What a turn is charged: what it reported and, if it was cut off, what its last call may have used beyond that.
 *
 * Owns: that estimate, in tokens and in dollars, and the price that reports imply. Does not own: the fold (turn/turn, turn/turn-seen), adding turns up
 * (turn/ledger).
 *
 * Invariants: 1. Never less than what was reported. 2. Beyond that, at most one call for an agent that reports its steps; one for each tool call for
 * one that does not. 3. Tokens read from a cache never cost as much as fresh input.
 */
import type { Usage } from '../model/agent-event.ts';
import { BOUNDS } from '../model/limits.ts';
import type { EstimatedPart, TurnRequest, TurnUsage } from '../model/turn.ts';
import type { Turn } from './turn.ts';
import { largestOutput, shortfall, tokensIn } from './turn-seen.ts';

/** Tokens by what they cost. */
export interface Amounts {
  /** All input, cached included. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheWriteTokens?: number | undefined;
}

/** The number of fresh input tokens that cost as much, by the ratios that the price lists of the large providers share. */
export function inputEquivalents({
  inputTokens,
  outputTokens,
  cacheReadTokens = 0,
  cacheWriteTokens = 0,
}: Amounts): number {
  const { cacheRead, cacheWrite, output } = BOUNDS.priceRatios;
  const fresh = Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens);
  return fresh + cacheReadTokens * cacheRead + cacheWriteTokens * cacheWrite + outputTokens * output;
}

/** US dollars for a million fresh input tokens, as implied by the reported amounts; null: they imply no price. */
export function impliedPrice(usd: number | null, amounts: Amounts): number | null {
  const equivalents = inputEquivalents(amounts);
  return usd === null || equivalents <= 0
    ? null
    : Math.min((usd / equivalents) * 1_000_000, BOUNDS.usdPerMillionReported);
}

/** The charge of a turn that will report nothing more: `report`, with what is known of its parts. */
export function reportedUsage(report: Usage, tokens: number, turn: Turn, request: TurnRequest): TurnUsage {
  return { scope: report.scope, tokens, usd: report.usd, ...partsOf(report), contextTokens: contextOf(turn, request) };
}

/** The parts of the tokens, as far as they are reported separately. */
function partsOf({ outputTokens, cacheReadTokens, cacheWriteTokens }: Amounts): Partial<TurnUsage> {
  return {
    outputTokens,
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
  };
}

/**
 * The charge of a turn that was cut off. `total`: the total that it had reported before it continued, null for none; `isUsd`: its agent
 * reports dollars.
 */
export function cutOffUsage(
  turn: Turn,
  request: TurnRequest,
  total: { readonly report: Usage; readonly tokens: number } | null,
  isUsd: boolean,
): TurnUsage {
  const { step } = turn.usage;
  const unreported = step === null ? withoutSteps(turn, request, total !== null) : beyondSteps(turn);
  const tokens = unreported.inputTokens + unreported.outputTokens;
  const reported = total?.tokens ?? (step === null ? 0 : step.inputTokens + step.outputTokens);
  const known = total?.report ?? step;
  const parts = known === null ? unreported : sum(known, unreported);
  const price = priceFor(turn, request);
  const money = isUsd ? dollars(known, unreported, price) : { usd: null, estimated: { tokens, usd: null } };
  return {
    scope: total?.report.scope ?? 'estimate',
    tokens: reported + tokens,
    usd: money.usd,
    estimated: { ...money.estimated, tokens },
    ...partsOf(parts),
    contextTokens: contextOf(turn, request),
  };
}

/** What may have been used by steps of which only the beginning was reported, and by the one that was under way. */
function beyondSteps(turn: Turn): Amounts {
  const { seen, openTools } = turn;
  const { last } = seen;
  const isBegun = last?.progress === 'begun';
  const rest = seen.unreportedOutput + shortfall(seen);
  const isWaiting = !seen.hasResult && (isBegun || Object.keys(openTools).length > 0);
  if (last === null || isWaiting) return { inputTokens: 0, outputTokens: rest + (isBegun ? unseenOutput(turn) : 0) };
  const before = last.inputTokens + last.outputTokens + shortfall(seen);
  const inputTokens = before + tokensIn(seen.givenChars + seen.carriedChars);
  const output = isBegun ? 0 : tokensIn(seen.writtenChars);
  // What the previous step found in the cache, this one finds there as well.
  const share = last.inputTokens === 0 ? 0 : (last.cacheReadTokens ?? 0) / last.inputTokens;
  return {
    inputTokens,
    outputTokens: rest + output + unseenOutput(turn),
    ...(last.cacheReadTokens === undefined ? {} : { cacheReadTokens: Math.floor(inputTokens * share) }),
  };
}

/** The unseen output of the step under way, estimated by the turn's largest step. */
function unseenOutput({ seen }: Turn): number {
  return Math.min(BOUNDS.callTokens, Math.max(BOUNDS.callTokensLeast, 2 * largestOutput(seen)));
}

/** Every call reads the prompt and everything seen before it, and writes something; after a total only the call under way is left. */
function withoutSteps(turn: Turn, request: TurnRequest, hasTotal: boolean): Amounts {
  if (turn.events === 0) return { inputTokens: 0, outputTokens: 0 };
  const { chars, charsAtCalls, writtenChars } = turn.seen;
  if (hasTotal) return { inputTokens: firstContext(request) + tokensIn(chars), outputTokens: BOUNDS.callTokens };
  const calls = turn.seen.hasOpenStep ? 1 : turn.toolCalls + 1;
  return {
    inputTokens: firstContext(request) * calls + tokensIn((turn.seen.hasOpenStep ? 0 : charsAtCalls) + chars),
    outputTokens: tokensIn(Math.max(turn.textChars, writtenChars)) + BOUNDS.callTokens * calls,
  };
}

/** The input of a turn's first call. */
function firstContext({ prompt, usedBefore }: TurnRequest): number {
  return (usedBefore.contextTokens ?? BOUNDS.systemPromptTokens) + tokensIn(prompt.length);
}

/** The approximate input of the session's next call. */
function contextOf(turn: Turn, request: TurnRequest): number {
  const { last, writtenChars, givenChars, carriedChars, chars } = turn.seen;
  if (last === null) return firstContext(request) + tokensIn(chars);
  return last.inputTokens + last.outputTokens + tokensIn(writtenChars + givenChars + carriedChars);
}

/** The price implied by the turn's own steps, else by the agent's earlier turns, else the assumed one. */
function priceFor(
  { usage }: Turn,
  { usdPerMillion }: TurnRequest,
): { readonly usdPerMillion: number; readonly isAssumed: boolean } {
  const known = (usage.step === null ? null : impliedPrice(usage.step.usd, usage.step)) ?? usdPerMillion;
  return { usdPerMillion: known ?? BOUNDS.estimateUsdPerMillionTokens, isAssumed: known === undefined };
}

function dollars(
  known: Usage | null,
  unreported: Amounts,
  price: ReturnType<typeof priceFor>,
): { readonly usd: number; readonly estimated: Omit<EstimatedPart, 'tokens'> } {
  const ofTokens = (amounts: Amounts): number => (inputEquivalents(amounts) / 1_000_000) * price.usdPerMillion;
  const reportedUsd = known?.usd ?? null;
  const usd = ofTokens(unreported) + (known === null || reportedUsd !== null ? 0 : ofTokens(known));
  return {
    usd: (reportedUsd ?? 0) + usd,
    estimated: { usd, ...(price.isAssumed && usd > 0 ? { assumedUsdPerMillion: price.usdPerMillion } : {}) },
  };
}

function sum(one: Amounts, other: Amounts): Amounts {
  const both = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cacheReadTokens: both(one.cacheReadTokens, other.cacheReadTokens),
    cacheWriteTokens: both(one.cacheWriteTokens, other.cacheWriteTokens),
  };
}
