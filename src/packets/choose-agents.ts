/**
 * Which agent plays which part in a run.
 *
 * Owns: the order in which they are chosen, and the blocker of a part that nobody can play. Does not own: finding agents (ports/agent).
 */
import { AGENT_VARIABLE } from '../model/agent-name.ts';
import { blocker, firstOf } from '../model/blocker.ts';
import type { Blocker } from '../model/error.ts';
import { type Packet, ROLES, type Role } from '../model/packet.ts';
import type { AgentsPort } from '../ports/agent.ts';

/** What choosing needs of the configured agents. */
export type AgentsToChoose = Pick<
  AgentsPort,
  'has' | 'names' | 'forRole' | 'ofEnvironment' | 'installation' | 'installed' | 'problem'
>;

/** The agent of every part that a packet needs; what stands in the way of any, once for each agent. */
export interface ChosenAgents {
  readonly agents: Readonly<Partial<Record<Role, string>>>;
  readonly blockers: readonly Blocker[];
}

/** A name, and what it comes from. */
export interface Choice {
  readonly name: string;
  readonly source: 'named' | 'role' | 'onlyConfigured' | 'environment' | 'onlyInstalled';
}

/** `override`, else the packet's, else the default of each role. */
export function chooseAgents(packet: Packet, known: AgentsToChoose, override: string | null): ChosenAgents {
  const named = override ?? packet.agent;
  const choices = new Map<Role, Choice | null>(
    ROLES.filter((role) => role !== 'verifier' || packet.verification.commands.length === 0).map((role) => [
      role,
      named === null ? defaultAgent(role, known) : { name: named, source: 'named' },
    ]),
  );
  const without = [...choices].flatMap(([role, choice]) => (choice === null ? [role] : []));
  const agents: Partial<Record<Role, string>> = {};
  const blockers = new Map<string | null, Blocker>();
  for (const [role, choice] of choices) {
    const name = choice?.name ?? null;
    if (blockers.has(name)) continue;
    const blocker = choice === null ? noneForRole(known, role, without) : problemOf(known, role, choice);
    if (blocker !== null) blockers.set(name, blocker);
    else if (name !== null) agents[role] = name;
  }
  return { agents, blockers: [...blockers.values()] };
}

/**
 * The agent of a role that nobody has named one for: the role's in the config (a verifier's is by default the reviewer's), else the only one of the config, else
 * what `PAWL_AGENT` names, else, where the config names none, the only one installed. Null where there is none, or several that nothing tells apart.
 */
export function defaultAgent(role: Role, known: AgentsToChoose): Choice | null {
  const ofRole = known.forRole(role) ?? (role === 'verifier' ? known.forRole('reviewer') : null);
  if (ofRole !== null) return { name: ofRole, source: 'role' };
  const [configured, ...others] = known.names();
  if (configured !== undefined && others.length === 0) return { name: configured, source: 'onlyConfigured' };
  const named = known.ofEnvironment();
  if (named !== null) return { name: named, source: 'environment' };
  const [installed, ...more] = configured === undefined ? known.installed() : [];
  return installed === undefined || more.length > 0 ? null : { name: installed, source: 'onlyInstalled' };
}

/** Why the chosen agent cannot play that role, as far as that is known now; null when nothing prevents it. */
export function problemOf(known: AgentsToChoose, role: Role, { name, source }: Choice): Blocker | null {
  if (known.has(name)) return known.problem(name);
  const usable = firstOf(usableAgents(known), AGENTS_NAMED);
  const isOfEnvironment = source === 'environment';
  const evidence = [role, ...(isOfEnvironment ? [AGENT_VARIABLE] : []), ...usable.names];
  const params = {
    name: name.slice(0, NAME_CHARS),
    role: isOfEnvironment ? `${role} by ${AGENT_VARIABLE}` : role,
    usable,
  };
  const installation = known.installation(name);
  return installation === null
    ? blocker('PAWL_AGENT_MISSING', { reason: 'notConfigured', ...params }, evidence)
    : blocker('PAWL_AGENT_MISSING', { reason: 'notInstalled', ...params, installation }, evidence);
}

function noneForRole(known: AgentsToChoose, role: Role, without: readonly Role[]): Blocker {
  const names = usableAgents(known);
  const usable = firstOf(names, AGENTS_NAMED);
  const hasAgents = known.names().length > 0;
  const agent = names[0] ?? known.names()[0] ?? null;
  const params = { reason: 'noneForRole', role, hasAgents, agent, usable, without } as const;
  return blocker('PAWL_AGENT_MISSING', params, [role, ...usable.names]);
}

const AGENTS_NAMED = 6;
const NAME_CHARS = 500;

/** The agents that could be named as it is, without a word in the config, sorted; those that the config names first. */
function usableAgents(known: AgentsToChoose): readonly string[] {
  return [...new Set([...known.names(), ...known.installed()])].filter((name) => known.problem(name) === null);
}
