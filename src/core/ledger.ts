/**
 * What a run has used of its budget: a fold over the reports of its turns.
 *
 * Owns: adding up reports of different scopes, what is left. Does not own: the reports (core/turn-report), refusing a start (runtime/request-task).
 *
 * Invariants: 1. Everything that a journal holds counts, whatever attempt, epoch or restart it belongs to. 2. A session's total counts once: what an
 * earlier turn of it has reported is taken off. 3. Never less than what was reported.
 */
import type { TurnBudget, TurnReport } from '../model/turn.ts';

/** What was used; `isEstimate` when a part of it was never reported. */
export interface Spent {
  readonly tokens: number;
  readonly usd: number;
  readonly isEstimate: boolean;
}

/** Nothing. */
export const NOTHING_SPENT: Spent = { tokens: 0, usd: 0, isEstimate: false };

/** The reports of those tasks that were turns of a coding agent, in their order. */
export function reportsIn(tasks: readonly { readonly turn: TurnReport | null }[]): readonly TurnReport[] {
  return tasks.flatMap(({ turn }) => (turn === null ? [] : [turn]));
}

/** What the runs other than `runId` have used; of a run that is named twice the last word counts. */
export function spentBesides(runId: string, runs: readonly { readonly runId: string; readonly spent: Spent }[]): Spent {
  const others = new Map(runs.filter((run) => run.runId !== runId).map((run) => [run.runId, run.spent]));
  return [...others.values()].reduce(add, NOTHING_SPENT);
}

/** What these turns have used, in the order in which they ran. */
export function spentBy(turns: readonly TurnReport[]): Spent {
  const totals = new Map<string, { tokens: number; usd: number }>();
  let spent = NOTHING_SPENT;
  for (const { usage, agent, session, askedSession } of turns) {
    if (usage === null) continue;
    const id = session ?? askedSession;
    const isTotal = usage.scope === 'session' && id !== null;
    const key = `${agent} ${id}`;
    const before = (isTotal ? totals.get(key) : undefined) ?? { tokens: 0, usd: 0 };
    if (isTotal) totals.set(key, { tokens: usage.tokens, usd: usage.usd ?? before.usd });
    spent = add(spent, {
      tokens: beyond(usage.tokens, before.tokens),
      usd: beyond(usage.usd ?? before.usd, before.usd),
      isEstimate: usage.scope === 'estimate',
    });
  }
  return spent;
}

/** What a total has grown by; one that is below the last is of a count that has begun anew. */
function beyond(total: number, before: number): number {
  return total >= before ? total - before : total;
}

/** What a session has reported as its total last. */
export function sessionTotal(
  turns: readonly TurnReport[],
  agent: string,
  session: string,
): { tokens: number; usd: number } {
  const last = turns
    .flatMap(({ agent: by, session: named, askedSession, usage }) =>
      by === agent && (named ?? askedSession) === session && usage?.scope === 'session' ? [usage] : [],
    )
    .at(-1);
  return { tokens: last?.tokens ?? 0, usd: last?.usd ?? 0 };
}

/** Both together. */
export function add(one: Spent, other: Spent): Spent {
  return {
    tokens: one.tokens + other.tokens,
    usd: one.usd + other.usd,
    isEstimate: one.isEstimate || other.isEstimate,
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
  return spent.isEstimate ? `${figures} (partly estimated: a turn was cut off before it could report)` : figures;
}
