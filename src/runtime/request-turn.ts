/**
 * Making a turn of a coding agent ready: what is left of the budget, which session it goes on with, what it is told.
 *
 * Owns: those, read from the run's own journal under the registry's lock. Does not own: starting (runtime/supervise), the agent's command line (adapters/agents), the rules
 * (core/ledger, core/session-choice).
 *
 * Invariants: 1. Nothing is asked for when a part of a budget is used up, or cannot be held by that agent. 2. The session is the one that the journal knows now, never a
 * caller's copy.
 */
import { sha256 } from '../base/sha256.ts';
import type { RunState } from '../core/decide.ts';
import {
  add,
  budgetWords,
  isUsedUp,
  left,
  NOTHING_SPENT,
  type Spent,
  sessionTotal,
  spentBy,
  tighter,
} from '../core/ledger.ts';
import { type EndedTask, type ResumedSession, sessionToResume } from '../core/session-choice.ts';
import type { Config } from '../model/config.ts';
import type { Blocker } from '../model/error.ts';
import type { Limits } from '../model/limits.ts';
import type { TurnBudget, TurnReport, TurnSession } from '../model/turn.ts';
import type { CodingAgent } from '../ports/agent.ts';

/** What a turn may use and what was used before it. */
export interface TurnFunds {
  /** What is left for this turn. */
  readonly budget: TurnBudget;
  readonly blocker: Blocker | null;
}

/** The reports of the run's turns, in the order in which they ended. */
export function turnsOf(state: RunState): readonly TurnReport[] {
  return tasksOf(state).flatMap(({ turn }) => (turn === null ? [] : [turn]));
}

/** The run's tasks, in the order in which they were asked for. */
export function tasksOf(state: RunState): readonly EndedTask[] {
  return Object.values(state.tasks).map(({ context }) => ({
    taskId: context.taskId,
    purpose: context.purpose,
    epoch: context.epoch,
    attempt: context.attempt,
    result: context.settlement?.result ?? null,
    turn: context.settlement?.turn ?? null,
  }));
}

/** What the next turn of a run may use; with a blocker when it may not begin. `others`: what the other runs of the registry have used. */
export function fundsOf(
  state: RunState,
  limits: Pick<Limits, 'budgetUsd' | 'tokens'>,
  registry: Config['budget'],
  others: Spent,
  agent: CodingAgent,
  name: string,
): TurnFunds {
  const grants = 1 + state.run.context.budgetGrants;
  const own: TurnBudget = {
    usd: limits.budgetUsd === null ? null : limits.budgetUsd * grants,
    tokens: limits.tokens === null ? null : limits.tokens * grants,
  };
  const whole: TurnBudget = { usd: registry.usd ?? null, tokens: registry.tokens ?? null };
  const spent = spentBy(turnsOf(state));
  const total = add(spent, others);
  const budget = tighter(left(own, spent), left(whole, total));
  const missing = unholdable(budget, agent);
  if (missing !== null) return { budget, blocker: cannotHold(missing, name, agent) };
  if (isUsedUp(left(own, spent))) return { budget, blocker: exceeded('this run', spent, own) };
  if (isUsedUp(left(whole, total))) return { budget, blocker: exceeded('all runs of this registry', total, whole) };
  return { budget, blocker: null };
}

function unholdable(budget: TurnBudget, { capabilities }: CodingAgent): string | null {
  if (budget.usd !== null && capabilities.usage !== 'usd') return 'US dollars';
  return budget.tokens !== null && capabilities.usage === 'none' ? 'tokens' : null;
}

function cannotHold(unit: string, name: string, { title }: CodingAgent): Blocker {
  return {
    code: 'PAWL_AGENT_CAPABILITY',
    message: `The budget is given in ${unit}, and ${title} ("${name}") does not report them: it could not be held.`,
    hint: 'Name another agent, or take the budget out of the limits (pawl doctor shows what each agent reports).',
    evidence: [name],
  };
}

function exceeded(whose: string, spent: Spent, budget: TurnBudget): Blocker {
  return {
    code: 'PAWL_BUDGET_EXCEEDED',
    message: `The budget of ${whose} is used up: ${budgetWords(spent, budget)}.`,
    hint:
      whose === 'this run'
        ? 'To grant the same budget once more: pawl resolve RUN_ID retry --reason TEXT.'
        : 'Raise "budget" in pawl.config.json, then: pawl resolve RUN_ID retry --reason TEXT.',
    evidence: [],
  };
}

/** What the runs together have used. */
export function spentByAll(states: readonly RunState[]): Spent {
  return states.map((state) => spentBy(turnsOf(state))).reduce(add, NOTHING_SPENT);
}

/** The session that the task at hand goes on with, null for a fresh one. */
export function resumedBy(
  state: RunState,
  next: Parameters<typeof sessionToResume>[1],
  name: string,
  agent: CodingAgent,
): ResumedSession | null {
  return sessionToResume(tasksOf(state), next, name, agent);
}

/** The session to ask for: the resumed one, else a new one, its id ours where the agent takes one. */
export function sessionFor(resumed: ResumedSession | null, agent: CodingAgent, nonce: string): TurnSession {
  if (resumed !== null) return { id: resumed.id, isResume: true };
  return { id: agent.capabilities.session === 'assigned' ? uuidOf(nonce) : null, isResume: false };
}

/** What a resumed session had reported as used, else nothing. */
export function usedBefore(
  state: RunState,
  resumed: ResumedSession | null,
  name: string,
): { tokens: number; usd: number } {
  return resumed === null ? { tokens: 0, usd: 0 } : sessionTotal(turnsOf(state), name, resumed.id);
}

/** A random UUID (RFC 9562, version 4) out of a nonce. */
function uuidOf(nonce: string): string {
  const hex = sha256(`session ${nonce}`);
  const variant = '89ab'[Number.parseInt(hex.slice(16, 17), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
