/**
 * Agents of kind `scripted`: the built-in deterministic agent, for the demo, trials and tests.
 *
 * Owns: how its program is started. Does not own: the program itself (scripted-worker), the script's form (script).
 */
import { resolve } from 'node:path';
import type { ScriptedAgentConfig } from '../../model/config.ts';
import { SCRIPT_VARIABLE } from '../../model/script.ts';
import type { AgentCommand } from '../../ports/agent.ts';
import { builtPath } from '../built-path.ts';

/** How to start the scripted worker: with its script file, or with the inline script in the environment. */
export function scriptedCommandOf(agent: ScriptedAgentConfig, configFolder: string): AgentCommand {
  const argv = [process.execPath, builtPath('adapters/agents/scripted-worker.js')];
  return {
    argv: agent.script === undefined ? argv : [...argv, resolve(configFolder, agent.script)],
    envNames: [],
    env: agent.steps === undefined ? {} : { [SCRIPT_VARIABLE]: JSON.stringify(agent.steps) },
    completion: 'file',
  };
}
