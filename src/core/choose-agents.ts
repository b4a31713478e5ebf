/**
 * Which agent plays which part in a run.
 *
 * Owns: the order in which they are chosen, and the blocker of a part that nobody can play. Does not own: finding agents (ports/agent).
 */
import { listed } from '../base/listed.ts';
import type { Blocker } from '../model/error.ts';
import { type Packet, ROLES, type Role } from '../model/packet.ts';
import type { AgentsPort } from '../ports/agent.ts';

/** What choosing needs of the configured agents. */
export type AgentsToChoose = Pick<AgentsPort, 'has' | 'names' | 'forRole' | 'installation' | 'installed' | 'problem'>;

/** The agent of every part that a packet needs; what stands in the way of any, once for each agent. */
export interface ChosenAgents {
  readonly agents: Readonly<Partial<Record<Role, string>>>;
  readonly blockers: readonly Blocker[];
}

/** `override`, else the packet's, else the role's, else the only one there is; a verifier is by default the reviewer. */
export function chooseAgents(packet: Packet, known: AgentsToChoose, override: string | null): ChosenAgents {
  const names = known.names();
  const only = names.length === 1 ? names[0] : undefined;
  const choose = (role: Role): string | null =>
    override ??
    packet.agent ??
    known.forRole(role) ??
    (role === 'verifier' ? known.forRole('reviewer') : null) ??
    only ??
    null;
  const agents: Partial<Record<Role, string>> = {};
  const blockers = new Map<string | null, Blocker>();
  const needed = ROLES.filter((role) => role !== 'verifier' || packet.verification.commands.length === 0);
  const without = needed.filter((role) => choose(role) === null);
  for (const role of needed) {
    const name = choose(role);
    if (blockers.has(name)) continue;
    const blocker = name === null || !known.has(name) ? agentMissing(known, role, name, without) : known.problem(name);
    if (blocker !== null) blockers.set(name, blocker);
    else if (name !== null) agents[role] = name;
  }
  return { agents, blockers: [...blockers.values()] };
}

function agentMissing(known: AgentsToChoose, role: Role, name: string | null, without: readonly Role[]): Blocker {
  const usable = usableAgents(known);
  const evidence = [role, ...usable.slice(0, AGENTS_NAMED)];
  const code = 'PAWL_AGENT_MISSING';
  if (name === null) {
    return {
      code,
      message: `No agent is configured for the ${role}.`,
      hint: hintForNone(known, usable, without),
      evidence,
    };
  }
  const installation = known.installation(name);
  if (installation === null) {
    return {
      code,
      message: `The agent "${name}", needed as ${role}, is not configured.`,
      hint: `${orNamed(usable, 'another one', 'Add')} it to pawl.config.json: ${programEntry(name)}`,
      evidence,
    };
  }
  return {
    code,
    message: `The agent "${name}", needed as ${role}, is not configured, and no program of that name was found on PATH.`,
    hint: `${orNamed(usable, 'another one', 'Install')} it (${installation}), or name its program in pawl.config.json: {"agents": {"${name}": {"kind": "${name}", "program": "<path>"}}}`,
    evidence,
  };
}

const AGENTS_NAMED = 6;

/** The agents that could be named as it is, without a word in the config, sorted; those that the config names first. */
function usableAgents(known: AgentsToChoose): readonly string[] {
  return [...new Set([...known.names(), ...known.installed()])].filter((name) => known.problem(name) === null);
}

/** What gives the roles an agent: the only agent of a config has every role, of several each role names its own. */
function hintForNone(known: AgentsToChoose, usable: readonly string[], without: readonly Role[]): string {
  const [agent = known.names()[0]] = usable;
  if (known.names().length === 0) {
    const entry = agent === undefined ? programEntry('NAME') : kindEntry(agent);
    return `${orNamed(usable, 'one', 'Add')} it to pawl.config.json: ${entry}`;
  }
  const roles = without.map((role) => `"${role}": "${agent}"`).join(', ');
  return `${orNamed(usable, 'one', 'Give')} the roles one in pawl.config.json: {"roles": {${roles}}}`;
}

function programEntry(name: string): string {
  return `{"agents": {"${name}": {"kind": "command", "argv": ["<program>", "{taskFile}"]}}}`;
}

function kindEntry(kind: string): string {
  return `{"agents": {"${kind}": {"kind": "${kind}"}}}`;
}

/** The beginning of a hint: which agents could be named as it is; else, or else, what is to be done. */
function orNamed(usable: readonly string[], which: 'one' | 'another one', todo: 'Install' | 'Add' | 'Give'): string {
  if (usable.length === 0) return todo;
  return `Name ${which} with --agent (${listed(usable, AGENTS_NAMED)}), or ${todo.toLowerCase()}`;
}
