/**
 * The agents that the config names, behind the port.
 *
 * Owns: finding an agent by name and role. Does not own: how one kind is started (a file for each kind), which role is asked for (core, runtime).
 */

import type { AgentConfig, Config } from '../../model/config.ts';
import { PawlError } from '../../model/error.ts';
import type { AgentCommand, AgentPlaces, AgentsPort } from '../../ports/agent.ts';
import { commandOf } from './command.ts';
import { scriptedCommandOf, scriptedWorkerPath } from './scripted.ts';

/**
 * The agents of `config`; relative paths in it belong to `configFolder`.
 * `scriptedWorker` is the program of the built-in scripted agent.
 */
export function createAgents(
  config: Config,
  configFolder: string,
  scriptedWorker: string = scriptedWorkerPath(),
): AgentsPort {
  const agents = new Map<string, AgentConfig>(Object.entries(config.agents));
  const names = [...agents.keys()].sort();
  return {
    has: (name) => agents.has(name),
    names: () => names,
    forRole: (role) => config.roles[role] ?? null,
    command: (name: string, places: AgentPlaces): AgentCommand => {
      const agent = agents.get(name);
      if (agent === undefined) throw missing(name, names);
      if (agent.kind === 'command') return commandOf(agent, configFolder, places);
      return scriptedCommandOf(agent, configFolder, scriptedWorker);
    },
  };
}

function missing(name: string, names: readonly string[]): PawlError {
  const known = names.length === 0 ? 'it names none' : `it names ${names.join(', ')}`;
  return new PawlError({
    code: 'PAWL_AGENT_MISSING',
    kind: 'needsHuman',
    message: `The config has no agent "${name}": ${known}.`,
    subject: name,
    hint: `Add "agents": {"${name}": {"kind": "command", "argv": ["<program>", "{taskFile}"]}} to pawl.config.json, or name another agent.`,
  });
}
