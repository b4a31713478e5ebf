/**
 * Which agent a packet would get that names none.
 *
 * Owns: that check. Does not own: the choice (packets/choose-agents).
 */
import { createAgents } from '../../adapters/agents/agents.ts';
import { shownBlocker } from '../../blockers/shown-blocker.ts';
import type { Config } from '../../model/config.ts';
import { ROLES, type Role } from '../../model/packet.ts';
import { type AgentsToChoose, type Choice, defaultAgent, problemOf } from '../../packets/choose-agents.ts';
import type { AgentPlace } from './agent-checks.ts';
import type { Check } from './doctor-report.ts';

const SOURCES: Readonly<Record<Choice['source'], string>> = {
  named: 'named',
  role: 'by its role in the config',
  onlyConfigured: 'the only one of the config',
  environment: 'by PAWL_AGENT',
  onlyInstalled: 'the only one installed',
};

/** What the roles come to without `--agent` and without a packet's agent; nothing where no config can be read. */
export function defaultAgentChecks(config: Config | null, place: AgentPlace): readonly Check[] {
  if (config === null) return [];
  const known = createAgents(config, { ...place, mcpServer: null });
  const choices = ROLES.map((role) => ({ role, choice: defaultAgent(role, known) }));
  return [problemCheck(choices, known) ?? { ...BASE, status: 'ok', found: wordsOf(choices), hint: null }];
}

type Choices = readonly { readonly role: Role; readonly choice: Choice | null }[];

const BASE = { name: 'defaultAgent' } as const;

/** A run can still be given one: no failure. */
function problemCheck(choices: Choices, known: AgentsToChoose): Check | null {
  for (const { role, choice } of choices) {
    if (choice === null) {
      const several = known.names().length > 0 ? known.names() : known.installed();
      const found = several.length === 0 ? `none for the ${role}` : `none for the ${role}: ${several.join(', ')}`;
      const hint = 'Name one with --agent, in the packet, in "roles" of pawl.config.json, or by PAWL_AGENT.';
      return { ...BASE, status: 'warning', found, hint };
    }
    const problem = problemOf(known, role, choice);
    if (problem === null) continue;
    const { message, hint } = shownBlocker(problem);
    return { ...BASE, status: 'warning', found: message, hint };
  }
  return null;
}

function wordsOf(choices: Choices): string {
  const told = choices.flatMap(({ role, choice }) => (choice === null ? [] : [{ role, ...choice }]));
  const [first] = told;
  const isOne = told.every(({ name, source }) => name === first?.name && source === first.source);
  if (first !== undefined && isOne) return `${first.name}, ${SOURCES[first.source]}`;
  return told.map(({ role, name }) => `${role} ${name}`).join(', ');
}
