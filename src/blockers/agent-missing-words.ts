/**
 * What is said of an agent that is missing, and what gives a run one.
 *
 * Owns: those words. Does not own: choosing agents (packets/choose-agents), finding programs (adapters/agents).
 */
import { unreachable } from '../base/unreachable.ts';
import { AGENT_NAME, AGENT_NAME_RULE } from '../model/agent-name.ts';
import type { BlockerParams, SomeNames } from '../model/blocker.ts';
import { type Entry, someOf } from './words.ts';

type Missing = BlockerParams['PAWL_AGENT_MISSING'];

/** Of every way in which an agent can be missing. */
export const agentMissing: Entry<Missing> = {
  hint: 'Install the agent, or name its program under "agents" in pawl.config.json.',
  words: (params) => {
    switch (params.reason) {
      case 'noneForRole':
        return { message: `No agent is configured for the ${params.role}.`, hint: hintForNone(params) };
      case 'notConfigured':
        return {
          message: `The agent "${params.name}", needed as ${params.role}, is not configured.`,
          hint: AGENT_NAME.test(params.name)
            ? `${orNamed(params.usable, 'another one', 'Add')} it to pawl.config.json: ${programEntry(params.name)}`
            : `${orNamed(params.usable, 'another one', 'Correct')} it: it ${AGENT_NAME_RULE}.`,
        };
      case 'notInstalled': {
        const { name, role, installation, usable } = params;
        return {
          message: `The agent "${name}", needed as ${role}, is not configured, and no program of that name was found on PATH.`,
          hint: `${orNamed(usable, 'another one', 'Install')} it (${installation}), or name its program in pawl.config.json: {"agents": {"${name}": {"kind": "${name}", "program": "<path>"}}}`,
        };
      }
      case 'programMissing': {
        const { name, program, installation } = params;
        const install = installation === null ? 'Install it' : `Install it (${installation})`;
        return {
          message: `Agent not installed: the program of "${name}", ${program}, was not found${program.includes('/') ? '' : ' on PATH'}.`,
          hint: `${install}, or name another program for "${name}" in pawl.config.json.`,
        };
      }
      case 'notFound':
        return {
          message: `Agent "${params.name}" not installed: ${params.program} was not found.`,
          hint: `Install it (${params.installation}), or name its program in pawl.config.json.`,
        };
      case 'notNamed': {
        const { name, names } = params;
        return {
          message: `The config has no agent "${name}": ${names.length === 0 ? 'it names none' : `it names ${names.join(', ')}`}.`,
          hint: `Add "agents": ${programOf(name)} to pawl.config.json, or name another agent.`,
        };
      }
      case 'removed':
        return {
          message: `The agent "${params.name}" (${params.role}) is no longer configured.`,
          hint: 'Put it back under "agents" in pawl.config.json, then retry.',
        };
      default:
        return unreachable(params);
    }
  },
};

/** What gives the roles an agent: the only agent of a config has every role, of several each role names its own. */
function hintForNone({ hasAgents, agent, usable, without }: Extract<Missing, { reason: 'noneForRole' }>): string {
  if (!hasAgents) {
    const entry = agent === null ? programEntry('NAME') : `{"agents": {"${agent}": {"kind": "${agent}"}}}`;
    return `${orNamed(usable, 'one', 'Add')} it to pawl.config.json: ${entry}`;
  }
  const roles = without.map((role) => `"${role}": "${agent}"`).join(', ');
  return `${orNamed(usable, 'one', 'Give')} the roles one in pawl.config.json: {"roles": {${roles}}}`;
}

function programEntry(name: string): string {
  return `{"agents": ${programOf(name)}}`;
}

function programOf(name: string): string {
  return `{"${name}": {"kind": "command", "argv": ["<program>", "{taskFile}"]}}`;
}

/** The beginning of a hint: which agents could be named as it is; else, or else, what is to be done. */
function orNamed(
  usable: SomeNames,
  which: 'one' | 'another one',
  todo: 'Install' | 'Add' | 'Give' | 'Correct',
): string {
  if (usable.count === 0) return todo;
  return `Name ${which} with --agent (${someOf(usable)}), or ${todo.toLowerCase()}`;
}
