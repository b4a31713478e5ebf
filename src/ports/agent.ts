/**
 * What an agent adapter answers: how to start its worker for one task.
 *
 * Owns: the port. Does not own: finding the agent's name for a role (core/agents), starting (host).
 */
import type { Role } from '../model/packet.ts';
import type { CompletionSource } from '../model/request.ts';

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
}

/** The configured agents. */
export interface AgentsPort {
  /** True when an agent of that name is configured. */
  has(name: string): boolean;
  /** Names of the configured agents, sorted. */
  names(): readonly string[];
  /** The agent that the config gives a role, null when it names none. */
  forRole(role: Role): string | null;
  /** How to start a worker of that agent. Throws PAWL_AGENT_MISSING. */
  command(name: string, places: AgentPlaces): AgentCommand;
}
