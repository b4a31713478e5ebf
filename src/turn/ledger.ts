/**
 * What a run has used of its budget: a fold over the reports of its turns.
 *
 * Owns: adding up reports of different scopes, what is left. Does not own: the reports (turn/turn-report), refusing a start (engine/effects/request-task).
 *
 * Invariants: 1. Everything that a journal holds counts, whatever attempt, epoch or restart it belongs to. 2. A session's total counts once: what an
 * earlier turn of it has reported is subtracted. 3. Never less than what was reported. 4. An estimate at an assumed price is corrected to
 * the price that a report of the same agent and model implies.
 */
import type { TurnBudget, TurnReport, TurnUsage } from '../model/turn.ts';
import { impliedPrice } from './charge.ts';

/** What was used; `isEstimate` when a part of it was never reported. */
export interface Spent {
  readonly tokens: number;
  readonly usd: number;
  readonly isEstimate: boolean;
  /** The part of both that was never reported; absent where all was. */
  readonly estimated?: SpentPart;
}

/** A part of what was used. */
export interface SpentPart {
  readonly tokens: number;
  readonly usd: number;
}

/** Nothing. */
export const NOTHING_SPENT: Spent = { tokens: 0, usd: 0, isEstimate: false };

/** The reports of those tasks that were turns of a coding agent, in their order. */
export function reportsIn(tasks: readonly { readonly turn: TurnReport | null }[]): readonly TurnReport[] {
  return tasks.flatMap(({ turn }) => (turn === null ? [] : [turn]));
}

/** What the runs other than `runId` have used; if a run is named twice, the last entry counts. */
export function spentBesides(runId: string, runs: readonly { readonly runId: string; readonly spent: Spent }[]): Spent {
  const others = new Map(runs.filter((run) => run.runId !== runId).map((run) => [run.runId, run.spent]));
  return [...others.values()].reduce(add, NOTHING_SPENT);
}

/** What these turns have used, in the order in which they ran; `known`: those whose reports may imply a price. */
export function spentBy(turns: readonly TurnReport[], known: readonly TurnReport[] = turns): Spent {
  const totals = new Map<string, { tokens: number; usd: number }>();
  let spent = NOTHING_SPENT;
  for (const { usage: reported, agent, model, session, askedSession } of turns) {
    if (reported === null) continue;
    const { usage, estimated } = priced(reported, known, agent, model);
    const id = session ?? askedSession;
    const isTotal = usage.scope === 'session' && id !== null;
    const key = `${agent} ${id}`;
    const before = (isTotal ? totals.get(key) : undefined) ?? { tokens: 0, usd: 0 };
    const total = { tokens: usage.tokens - estimated.tokens, usd: (usage.usd ?? before.usd) - estimated.usd };
    if (isTotal) totals.set(key, total);
    const isEstimate = usage.scope === 'estimate' || usage.estimated !== undefined;
    spent = add(spent, {
      tokens: beyond(total.tokens, before.tokens) + estimated.tokens,
      usd: beyond(total.usd, before.usd) + estimated.usd,
      isEstimate,
      ...(isEstimate ? { estimated } : {}),
    });
  }
  return spent;
}

/** The usage at the price that is known now, and its unreported part: all of it for a report of an older version that has such a part. */
function priced(
  usage: TurnUsage,
  known: readonly TurnReport[],
  agent: string,
  model: string | null,
): { readonly usage: TurnUsage; readonly estimated: SpentPart } {
  const { estimated } = usage;
  if (estimated === undefined) {
    const isAll = usage.scope === 'estimate';
    return { usage, estimated: isAll ? { tokens: usage.tokens, usd: usage.usd ?? 0 } : { tokens: 0, usd: 0 } };
  }
  const { tokens, assumedUsdPerMillion: assumed } = estimated;
  const guess = estimated.usd ?? 0;
  const price = assumed === undefined ? null : priceOf(known, agent, model);
  const usd = assumed === undefined || price === null ? guess : (guess / assumed) * price;
  const whole = usage.usd === null ? null : usage.usd - guess + usd;
  return { usage: { ...usage, usd: whole }, estimated: { tokens, usd } };
}

/** US dollars for a million fresh input tokens by the last report of that agent, and of that model where it is known, that has both; null: none has. */
export function priceOf(turns: readonly TurnReport[], agent: string, model: string | null): number | null {
  const isMeant = (turn: TurnReport): boolean =>
    turn.agent === agent && (model === null || turn.model === null || turn.model === model);
  for (const turn of turns.toReversed()) {
    const { usage } = turn;
    if (usage === null || usage.estimated !== undefined || usage.outputTokens === undefined || !isMeant(turn)) continue;
    const { tokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage;
    const inputTokens = tokens - outputTokens;
    const price = impliedPrice(usage.usd, { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens });
    if (price !== null && price > 0) return price;
  }
  return null;
}

/** How much a total has grown; a total below the last one comes from a count that has started again. */
function beyond(total: number, before: number): number {
  return total >= before ? total - before : total;
}

/** The total that a session reported last. */
export function sessionTotal(
  turns: readonly TurnReport[],
  agent: string,
  session: string,
): { tokens: number; usd: number } {
  const last = usagesIn(turns, agent, session).findLast(({ scope }) => scope === 'session');
  const { estimated } = last ?? {};
  return { tokens: (last?.tokens ?? 0) - (estimated?.tokens ?? 0), usd: (last?.usd ?? 0) - (estimated?.usd ?? 0) };
}

/** Input and output of a session's last call, in tokens; null where no turn of it has reported them. */
export function contextOf(turns: readonly TurnReport[], agent: string, session: string): number | null {
  return usagesIn(turns, agent, session).at(-1)?.contextTokens ?? null;
}

function usagesIn(turns: readonly TurnReport[], agent: string, session: string): readonly TurnUsage[] {
  return turns.flatMap(({ agent: by, session: named, askedSession, usage }) =>
    by === agent && (named ?? askedSession) === session && usage !== null ? [usage] : [],
  );
}

/** The sum of both. */
export function add(one: Spent, other: Spent): Spent {
  const parts = [one.estimated, other.estimated].filter((part) => part !== undefined);
  return {
    tokens: one.tokens + other.tokens,
    usd: one.usd + other.usd,
    isEstimate: one.isEstimate || other.isEstimate,
    ...(parts.length === 0
      ? {}
      : {
          estimated: {
            tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0),
            usd: parts.reduce((sum, { usd }) => sum + usd, 0),
          },
        }),
  };
}

/** What `spent` is beyond `before`, which is a part of it. */
export function besides(spent: Spent, before: Spent): Spent {
  const { estimated, ...whole } = spent;
  return {
    ...whole,
    tokens: spent.tokens - before.tokens,
    usd: spent.usd - before.usd,
    ...(estimated === undefined
      ? {}
      : {
          estimated: {
            tokens: estimated.tokens - (before.estimated?.tokens ?? 0),
            usd: estimated.usd - (before.estimated?.usd ?? 0),
          },
        }),
  };
}

/** What is left of `budget`; never below 0. */
export function left(budget: TurnBudget, spent: Spent): TurnBudget {
  return {
    tokens: budget.tokens === null ? null : Math.max(0, budget.tokens - spent.tokens),
    usd: budget.usd === null ? null : Math.max(0, budget.usd - spent.usd),
  };
}

/** The smaller of two budgets, part by part. */
export function tighter(one: TurnBudget, other: TurnBudget): TurnBudget {
  const least = (a: number | null, b: number | null): number | null =>
    a === null ? b : b === null ? a : Math.min(a, b);
  return { tokens: least(one.tokens, other.tokens), usd: least(one.usd, other.usd) };
}

/** True when a part of the budget is used up. */
export function isUsedUp(rest: TurnBudget): boolean {
  return (rest.tokens !== null && rest.tokens <= 0) || (rest.usd !== null && rest.usd <= 0);
}

/** What was used, and of how much, in one clause. */
export function budgetWords(spent: Spent, budget: TurnBudget): string {
  const parts: string[] = [];
  if (budget.usd !== null) parts.push(`$${spent.usd.toFixed(4)} of $${budget.usd.toFixed(2)}`);
  if (budget.tokens !== null) parts.push(`${spent.tokens} of ${budget.tokens} tokens`);
  const figures = parts.length === 0 ? `$${spent.usd.toFixed(4)} and ${spent.tokens} tokens` : parts.join(' and ');
  if (!spent.isEstimate) return figures;
  const { estimated } = spent;
  const some: string[] = [];
  if (estimated !== undefined && (budget.usd !== null || parts.length === 0)) some.push(`$${estimated.usd.toFixed(4)}`);
  if (estimated !== undefined && (budget.tokens !== null || parts.length === 0))
    some.push(`${estimated.tokens} tokens`);
  const part = some.length === 0 ? 'partly' : `${some.join(' and ')} of it`;
  return `${figures} (${part} estimated: a turn was cut off before it could report)`;
}
