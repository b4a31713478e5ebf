/**
 * Preparing a turn of a coding agent: what is left of the budget, which session it resumes, what its prompt says.
 *
 * Owns: those, read from the run's own journal under the registry's lock. Does not own: starting (engine/effects/supervise), the agent's command line (adapters/agents), the rules
 * (turn/ledger, turn/session-choice).
 *
 * Invariants: 1. Nothing is asked for when a part of a budget is used up, or cannot be enforced for that agent. 2. The session is the one that the journal knows now, never a
 * caller's copy.
 */
import type { Json } from '../../base/canonical-json.ts';
import { sha256 } from '../../base/sha256.ts';
import { blocker } from '../../model/blocker.ts';
import type { Config } from '../../model/config.ts';
import type { KeyedEffectOf } from '../../model/effect.ts';
import { type Blocker, PawlError } from '../../model/error.ts';
import type { Limits } from '../../model/limits.ts';
import type { TurnBudget, TurnReport, TurnRequest, TurnSession } from '../../model/turn.ts';
import type { AgentCommand, AgentPlaces, CodingAgent } from '../../ports/agent.ts';
import type { RunState } from '../../run/system.ts';
import {
  add,
  besides,
  contextOf,
  isUsedUp,
  left,
  NOTHING_SPENT,
  priceOf,
  reportsIn,
  type Spent,
  sessionTotal,
  spentBy,
  tighter,
} from '../../turn/ledger.ts';
import { type EndedTask, type ResumedSession, sessionToResume, underPacket } from '../../turn/session-choice.ts';
import { answerSchema } from '../../turn/task-document.ts';
import { type PriorAttempt, turnPrompt } from '../../turn/turn-prompt.ts';
import type { KeptPacket } from '../kept-packet.ts';
import type { LiveRun } from '../live-run.ts';
import type { Work } from './task-work.ts';

/** What a turn may use and what was used before it. */
export interface TurnFunds {
  /** What is left for this turn. */
  readonly budget: TurnBudget;
  readonly blocker: Blocker | null;
}

/** What the run has used since that instant. */
function spentSince(state: RunState, sinceMs: number | null): Spent {
  const tasks = tasksOf(state);
  const reports = reportsIn(tasks);
  const all = spentBy(reports);
  if (sinceMs === null) return all;
  const old = reportsIn(tasks.filter(({ endedAtMs }) => endedAtMs !== null && endedAtMs <= sinceMs));
  return besides(all, spentBy(old, reports));
}

/** The run's tasks, in the order in which they were asked for. */
export function tasksOf(state: RunState): readonly EndedTask[] {
  return Object.values(state.children).map(({ context }) => ({
    taskId: context.taskId,
    purpose: context.purpose,
    epoch: context.epoch,
    attempt: context.attempt,
    result: context.settlement?.result ?? null,
    endedAtMs: context.endedAtMs,
    code: context.settlement?.code ?? null,
    turn: context.settlement?.turn ?? null,
  }));
}

/** What the next turn of a run may use; with a blocker when it may not begin. `others` tells what the other runs of the registry have used; called only where that is bounded. */
export function fundsOf(
  state: RunState,
  limits: Pick<Limits, 'budgetUsd' | 'tokens'>,
  registry: Config['budget'],
  others: () => Spent,
  agent: CodingAgent,
  name: string,
): TurnFunds {
  const own: TurnBudget = { usd: limits.budgetUsd, tokens: limits.tokens };
  const whole: TurnBudget = { usd: registry.usd ?? null, tokens: registry.tokens ?? null };
  const isBounded = whole.usd !== null || whole.tokens !== null;
  const total = add(spentBy(reportsIn(tasksOf(state))), isBounded ? others() : NOTHING_SPENT);
  const spent = spentSince(state, state.root.context.budgetSinceMs);
  const budget = tighter(left(own, spent), left(whole, total));
  const missing = unholdable(budget, agent);
  if (missing !== null) return { budget, blocker: cannotHold(missing, name, agent) };
  if (isUsedUp(left(own, spent))) return { budget, blocker: exceeded('run', spent, own) };
  if (isUsedUp(left(whole, total))) return { budget, blocker: exceeded('registry', total, whole) };
  return { budget, blocker: null };
}

function unholdable(budget: TurnBudget, { capabilities }: CodingAgent): 'usd' | 'tokens' | null {
  if (budget.usd !== null && capabilities.usage !== 'usd') return 'usd';
  return budget.tokens !== null && capabilities.usage === 'none' ? 'tokens' : null;
}

function cannotHold(unit: 'usd' | 'tokens', name: string, { title }: CodingAgent): Blocker {
  return blocker('PAWL_AGENT_CAPABILITY', { reason: 'budget', name, title, unit }, [name]);
}

function exceeded(whose: 'run' | 'registry', spent: Spent, { usd, tokens }: TurnBudget): Blocker {
  const { estimated = null } = spent;
  const params = {
    reason: 'usedUp',
    whose,
    spent: {
      usd: spent.usd,
      tokens: spent.tokens,
      isEstimate: spent.isEstimate,
      estimated: estimated === null ? null : { usd: estimated.usd, tokens: estimated.tokens },
    },
    budget: { usd, tokens },
  } as const;
  return blocker('PAWL_BUDGET_EXCEEDED', params, []);
}

/** The session to request: the resumed one, else a new one, with an id of ours if the agent accepts one. */
function sessionFor(resumed: ResumedSession | null, agent: CodingAgent, nonce: string): TurnSession {
  if (resumed !== null) return { id: resumed.id, isResume: true };
  return { id: agent.capabilities.session === 'assigned' ? uuidOf(nonce) : null, isResume: false };
}

/** What a resumed session had reported as used, else nothing. */
function usedBefore(state: RunState, resumed: ResumedSession | null, name: string): TurnRequest['usedBefore'] {
  if (resumed === null) return { tokens: 0, usd: 0 };
  const reports = reportsIn(tasksOf(state));
  const contextTokens = contextOf(reports, name, resumed.id);
  return { ...sessionTotal(reports, name, resumed.id), ...(contextTokens === null ? {} : { contextTokens }) };
}

/** A random UUID (RFC 9562, version 4) made from a nonce. */
function uuidOf(nonce: string): string {
  const hex = sha256(`session ${nonce}`);
  const variant = '89ab'[Number.parseInt(hex.slice(16, 17), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** What a task runs, planned before anything is touched. */
export type Plan =
  | Extract<Work, { kind: 'refused' }>
  | {
      readonly kind: 'program';
      readonly agent: string;
      readonly command: AgentCommand;
      readonly commands: readonly string[][];
      readonly resumed: null;
    }
  | {
      readonly kind: 'turn';
      readonly agent: string;
      readonly work: TurnWork;
      readonly commands: readonly string[][];
      readonly budget: TurnBudget;
      readonly resumed: ResumedSession | null;
      readonly firstEventMs: number;
      /** What a million fresh input tokens of that agent cost, as this run or another has reported; null: none has. */
      readonly usdPerMillion: number | null;
      readonly allowedTools: readonly string[];
    };

/** What is known about the registry's other runs, computed only where it matters. */
export interface UseByOthers {
  spent(): Spent;
  reports(): readonly TurnReport[];
}

type TurnWork = Extract<Work, { kind: 'turn' }>;
type PrepareTask = KeyedEffectOf<'prepareTask'>;

/** The plan; of a turn what is left for it and the session that it continues with, refused when nothing is left. */
export function planWork(run: LiveRun, effect: PrepareTask, work: Work, kept: KeptPacket, others: UseByOthers): Plan {
  if (work.kind === 'refused') return work;
  const { agent } = work;
  if (work.kind === 'run') {
    return { kind: 'program', agent, command: work.command, commands: work.commands, resumed: null };
  }
  const { budget, blocker: refused } = fundsOf(
    run.state,
    kept.limits,
    run.world.config.budget,
    others.spent,
    work.coding,
    agent,
  );
  if (refused !== null) return { kind: 'refused', blocker: refused };
  const lastBefore = run.state.root.context.replacement?.lastTask ?? null;
  const resumed = sessionToResume(underPacket(tasksOf(run.state), lastBefore), effect, agent, work.coding);
  const { firstEventMs } = kept.limits;
  const { allowedTools } = kept.packet;
  const usdPerMillion = priceOf(reportsIn(tasksOf(run.state)), agent, null) ?? priceOf(others.reports(), agent, null);
  return { kind: 'turn', agent, work, commands: [], budget, resumed, firstEventMs, usdPerMillion, allowedTools };
}

/** The inputs of a turn, once its worktree is in place. */
export interface TurnInputs {
  readonly priorAttempt: PriorAttempt;
  readonly document: Json;
  readonly places: AgentPlaces;
  readonly folder: string;
  readonly nonce: string;
  readonly mark: string;
}

/** How the turn is started, or the blocker of an agent that cannot be. */
export async function orderTurn(
  run: LiveRun,
  effect: PrepareTask,
  turn: Extract<Plan, { kind: 'turn' }>,
  inputs: TurnInputs,
): Promise<AgentCommand | { readonly blocker: Blocker }> {
  const { work, resumed } = turn;
  const { priorAttempt, document, places, folder, nonce, mark } = inputs;
  try {
    return await run.world.agents.turn(work.agent, places, {
      role: work.role,
      session: sessionFor(resumed, work.coding, nonce),
      prompt: turnPrompt(document, priorAttempt, work.coding.answer),
      answerSchema: answerSchema(effect.purpose),
      budget: turn.budget,
      usedBefore: usedBefore(run.state, resumed, work.agent),
      usdPerMillion: turn.usdPerMillion,
      firstEventMs: turn.firstEventMs,
      mayRemind: work.coding.resumes && work.coding.capabilities.canResume && resumed?.isUnanswered !== true,
      commits: { base: run.state.root.context.baseCommit ?? effect.commit, head: effect.commit },
      allowedTools: turn.allowedTools,
      taskFolder: folder,
      mark,
    });
  } catch (error) {
    if (!(error instanceof PawlError) || error.blocker === null || !error.code.startsWith('PAWL_AGENT_')) throw error;
    return { blocker: error.blocker };
  }
}
