/**
 * What an agent adapter answers: how to start its worker for one task.
 *
 * Owns: the port. Does not own: finding the agent's name for a role (packets/choose-agents), starting (host).
 */
import type { Json } from '../base/canonical-json.ts';
import type { Blocker } from '../model/error.ts';
import type { Role } from '../model/packet.ts';
import type { CompletionSource } from '../model/request.ts';
import type { AgentKind, TurnBudget, TurnRequest, TurnSession } from '../model/turn.ts';
import type { AgentCapabilities, AnswerWay } from './agent-adapter.ts';

/** The paths that an agent's command may name. */
export interface AgentPlaces {
  readonly taskFile: string;
  readonly completionFile: string;
  readonly worktree: string;
}

/** How a worker is started. */
export interface AgentCommand {
  readonly argv: readonly string[];
  /** Names of variables taken over from the runner's environment, beyond the allow-list. */
  readonly envNames: readonly string[];
  /** Variables set by the adapter; never secrets, they are stored. */
  readonly env: Readonly<Record<string, string>>;
  readonly completion: CompletionSource;
  /** Present where the worker is a coding agent whose output Pawl reads. */
  readonly turn?: TurnRequest;
}

/** A coding agent as the runner knows it before a start. */
export interface CodingAgent {
  readonly kind: AgentKind;
  readonly title: string;
  readonly capabilities: AgentCapabilities;
  /** An interrupted session is resumed. */
  readonly resumes: boolean;
  readonly fixResumesImplementer: boolean;
  /** It is given Pawl's MCP server. */
  readonly givesMcp: boolean;
  /** The one way in which its prompt asks for the answer. */
  readonly answer: AnswerWay;
}

/** A turn as the runner requests it. */
export interface TurnOrder {
  readonly role: Role;
  readonly session: TurnSession;
  readonly prompt: string;
  readonly answerSchema: Json;
  readonly budget: TurnBudget;
  readonly usedBefore: TurnRequest['usedBefore'];
  /** US dollars for a million fresh input tokens, as implied by earlier reports of the agent; null: no report had both. */
  readonly usdPerMillion: number | null;
  readonly firstEventMs: number;
  /** The agent is reminded if it ends without an answer. */
  readonly mayRemind: boolean;
  /** The range of the work: the commit at which the branch began, and its current one. */
  readonly commits: { readonly base: string; readonly head: string };
  /** What the packet allows beyond the config, as the agent names its tools. */
  readonly allowedTools: readonly string[];
  readonly taskFolder: string;
  readonly mark: string;
}

/** The configured agents, and those that Pawl knows by name. */
export interface AgentsPort {
  /** True when an agent of that name is configured, or is one that Pawl knows and finds. */
  has(name: string): boolean;
  /** Names of the configured agents, sorted. */
  names(): readonly string[];
  /** The agent that the config gives a role, null when it names none. */
  forRole(role: Role): string | null;
  /** What `PAWL_AGENT` holds, whether it is a name or not; null when it is unset or empty. */
  ofEnvironment(): string | null;
  /** How an agent that Pawl knows by that name is installed; null for any other name. */
  installation(name: string): string | null;
  /** The agents that Pawl knows by name and finds here, sorted: each can be named without being configured. */
  installed(): readonly string[];
  /** Why no worker of that agent could be started now, as far as that is known without starting it; null when nothing prevents it. */
  problem(name: string): Blocker | null;
  /** What is known of that agent if Pawl reads its output; null for any other program. */
  coding(name: string): CodingAgent | null;
  /** The files of a repository that this agent reads as instructions or settings (turn/instruction-files); null: any agent. */
  instructionFiles(name: string | null): readonly string[];
  /** How to start a worker of an agent that is not a coding agent. Throws PAWL_AGENT_MISSING. */
  command(name: string, places: AgentPlaces): AgentCommand;
  /**
   * How to start a turn of that coding agent, its program found and queried for its version and flags.
   * Throws PAWL_AGENT_MISSING, PAWL_AGENT_UNUSABLE, PAWL_AGENT_FLAG_UNKNOWN, PAWL_AGENT_CAPABILITY.
   */
  turn(name: string, places: AgentPlaces, order: TurnOrder): Promise<AgentCommand>;
}
