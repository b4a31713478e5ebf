/**
 * Agents of kind `command`: any program that follows the worker contract (docs/agents.md).
 *
 * Owns: the placeholders, and where a relative program lies. Does not own: starting it, its environment's allow-list (engine, host).
 *
 * Invariant: 1. No shell: an argument stays one argument, whatever is put in.
 */
import { isAbsolute, resolve } from 'node:path';
import type { CommandAgentConfig } from '../../model/config.ts';
import type { AgentCommand, AgentPlaces } from '../../ports/agent.ts';

/** How to start the agent's program, placeholders filled in once; a relative program with a slash lies in the config's folder. */
export function commandOf(agent: CommandAgentConfig, configFolder: string, places: AgentPlaces): AgentCommand {
  const [program, ...rest] = agent.argv.map((argument) => filled(argument, places));
  if (program === undefined) throw new Error('bug: an agent without a program has passed the config schema');
  const isOwnPath = program.includes('/') && !isAbsolute(program);
  return {
    argv: [isOwnPath ? resolve(configFolder, program) : program, ...rest],
    envNames: agent.env,
    env: {},
    completion: agent.completion,
  };
}

function filled(argument: string, places: AgentPlaces): string {
  return argument.replace(/\{(taskFile|completionFile|worktree)\}/g, (_, name: keyof AgentPlaces) => places[name]);
}
