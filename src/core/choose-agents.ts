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
  for (const role of ROLES) {
    if (role === 'verifier' && packet.verification.commands.length > 0) continue;
    const name = choose(role);
    if (blockers.has(name)) continue;
    const blocker = name === null || !known.has(name) ? agentMissing(known, role, name) : known.problem(name);
    if (blocker !== null) blockers.set(name, blocker);
    else if (name !== null) agents[role] = name;
  }
  return { agents, blockers: [...blockers.values()] };
}

function agentMissing(known: AgentsToChoose, role: Role, name: string | null): Blocker {
  const installation = name === null ? null : known.installation(name);
  if (installation !== null) {
    return {
      code: 'PAWL_AGENT_MISSING',
      message: `The agent "${name}", needed as ${role}, is not configured, and no program of that name was found on PATH.`,
      hint: `${orNamed(known, name, 'Install')} it (${installation}), or name its program in pawl.config.json: {"agents": {"${name}": {"kind": "${name}", "program": "<path>"}}}`,
      evidence: [role],
    };
  }
  return {
    code: 'PAWL_AGENT_MISSING',
    message:
      name === null
        ? `No agent is configured for the ${role}.`
        : `The agent "${name}", needed as ${role}, is not configured.`,
    hint: `${orNamed(known, name, 'Add')} it to pawl.config.json: {"agents": {"${name ?? 'NAME'}": {"kind": "command", "argv": ["<program>", "{taskFile}"]}}}`,
    evidence: [role],
  };
}

const AGENTS_NAMED = 6;

/** The beginning of a hint: which agents could be named as it is, without a word in the config; else what is to be done. */
function orNamed(known: AgentsToChoose, name: string | null, todo: 'Install' | 'Add'): string {
  const usable = [...new Set([...known.names(), ...known.installed()])];
  if (usable.length === 0) return todo;
  const one = name === null ? 'one' : 'another one';
  return `Name ${one} with --agent (${listed(usable, AGENTS_NAMED)}), or ${todo.toLowerCase()}`;
}
