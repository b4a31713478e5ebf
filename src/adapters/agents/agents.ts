/**
 * The agents that the config names, and those that Pawl knows by name, behind the port.
 *
 * Owns: finding an agent by name and role. Does not own: how one kind is started (a file for each kind), which role is asked for (packets/choose-agents, engine).
 */

import { blockerError } from '../../blockers/blocker-error.ts';
import { type NativeAgentConfig, nativeAgentSchema } from '../../model/agent-config.ts';
import { AGENT_VARIABLE } from '../../model/agent-name.ts';
import { blocker } from '../../model/blocker.ts';
import type { AgentConfig, Config } from '../../model/config.ts';
import type { PawlError } from '../../model/error.ts';
import { AGENT_KINDS } from '../../model/turn.ts';
import type { AgentCommand, AgentPlaces, AgentsPort } from '../../ports/agent.ts';
import { adapterOf } from './adapters.ts';
import { agentProblem } from './agent-problem.ts';
import { type CodingPlace, codingAgentOf, programOf, turnCommandOf } from './coding.ts';
import { commandOf } from './command.ts';
import { EVERY_INSTRUCTION_FILE, instructionFilesOf } from './instruction-files.ts';
import { scriptedCommandOf } from './scripted.ts';

/** What agents are started with, beyond the config. */
export interface AgentsPlace {
  /** Relative paths in the config belong to it. */
  readonly configFolder: string;
  readonly environment: CodingPlace['environment'];
  readonly mcpServer: CodingPlace['mcpServer'];
}

/** The agents of `config`. */
export function createAgents(config: Config, place: AgentsPlace): AgentsPort {
  const { configFolder } = place;
  const agents = new Map<string, AgentConfig>(Object.entries(config.agents));
  const names = [...agents.keys()].sort();
  const coding: CodingPlace = {
    ...place,
    allowedCommands: config.verification.allow,
  };
  const find = (name: string): AgentConfig | undefined => agents.get(name) ?? known(name, coding);
  return {
    has: (name) => find(name) !== undefined,
    names: () => names,
    forRole: (role) => config.roles[role] ?? null,
    ofEnvironment: () => place.environment[AGENT_VARIABLE] || null,
    installation: (name) => {
      const kind = knownKind(name);
      return kind === undefined ? null : adapterOf(kind).install;
    },
    installed: () => AGENT_KINDS.filter((kind) => known(kind, coding) !== undefined).sort(),
    problem: (name) => {
      const agent = find(name);
      return agent === undefined ? null : agentProblem(name, agent, coding);
    },
    coding: (name) => {
      const agent = find(name);
      return agent === undefined || !isCoding(agent) ? null : codingAgentOf(agent, coding);
    },
    instructionFiles: (name) => {
      const agent = name === null ? undefined : find(name);
      return agent === undefined ? EVERY_INSTRUCTION_FILE : instructionFilesOf(agent.kind);
    },
    command: (name: string, places: AgentPlaces): AgentCommand => {
      const agent = find(name);
      if (agent === undefined) throw missing(name, names);
      if (agent.kind === 'command') return commandOf(agent, configFolder, places);
      if (agent.kind === 'scripted') return scriptedCommandOf(agent, configFolder);
      throw new Error(`bug: ${name} is started by turns`);
    },
    turn: async (name, places, order) => {
      const agent = find(name);
      if (agent === undefined) throw missing(name, names);
      if (!isCoding(agent)) throw new Error(`bug: ${name} is no coding agent`);
      return await turnCommandOf(name, agent, coding, places, order);
    },
  };
}

type Coding = Exclude<AgentConfig, { kind: 'command' | 'scripted' }>;

function isCoding(agent: AgentConfig): agent is Coding {
  return agent.kind !== 'command' && agent.kind !== 'scripted';
}

/** An agent that nobody has configured and that is there under its own name: with its defaults. */
function known(name: string, place: CodingPlace): Coding | undefined {
  const kind = knownKind(name);
  if (kind === undefined) return undefined;
  const agent = nativeAgentSchema.parse({ kind });
  return programOf(agent, place) === null ? undefined : agent;
}

type NativeKind = NativeAgentConfig['kind'];

function knownKind(name: string): NativeKind | undefined {
  return AGENT_KINDS.find((kind): kind is NativeKind => kind === name && kind !== 'acp');
}

function missing(name: string, names: readonly string[]): PawlError {
  const found = blocker('PAWL_AGENT_MISSING', { reason: 'notNamed', name, names }, [name]);
  return blockerError(found, { subject: name, kind: 'needsHuman' });
}
