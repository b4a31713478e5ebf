/**
 * Which agent plays which part in a run.
 *
 * Owns: the order in which they are chosen, and the blocker of a part that nobody can play. Does not own: finding agents (ports/agent).
 */
import { blocker, firstOf } from '../model/blocker.ts';
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
  const names = usableAgents(known);
  const usable = firstOf(names, AGENTS_NAMED);
  const evidence = [role, ...usable.names];
  const code = 'PAWL_AGENT_MISSING';
  if (name === null) {
    const hasAgents = known.names().length > 0;
    const agent = names[0] ?? known.names()[0] ?? null;
    return blocker(code, { reason: 'noneForRole', role, hasAgents, agent, usable, without }, evidence);
  }
  const given = name.slice(0, NAME_CHARS);
  const installation = known.installation(name);
  return installation === null
    ? blocker(code, { reason: 'notConfigured', name: given, role, usable }, evidence)
    : blocker(code, { reason: 'notInstalled', name: given, role, installation, usable }, evidence);
}

const AGENTS_NAMED = 6;
const NAME_CHARS = 500;

/** The agents that could be named as it is, without a word in the config, sorted; those that the config names first. */
function usableAgents(known: AgentsToChoose): readonly string[] {
  return [...new Set([...known.names(), ...known.installed()])].filter((name) => known.problem(name) === null);
}
