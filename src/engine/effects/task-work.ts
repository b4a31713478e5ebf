/**
 * What a task runs: our own program with admitted commands, a program of the user's, or a turn of a coding agent.
 *
 * Owns: that choice, the allow-list. Does not own: preparing it (engine/effects/request-task), turns (engine/effects/request-turn).
 *
 * Invariant: a command that the allow-list does not admit is never run, and is named.
 */
import { unreachable } from '../../base/unreachable.ts';
import { blocker } from '../../model/blocker.ts';
import type { KeyedEffectOf } from '../../model/effect.ts';
import type { Blocker } from '../../model/error.ts';
import type { Purpose } from '../../model/limits.ts';
import { ROLES, type Role } from '../../model/packet.ts';
import type { RunContext } from '../../model/run-context.ts';
import { admitCommand } from '../../packets/allow-list.ts';
import { commandBlocker } from '../../packets/preflight.ts';
import type { AgentCommand, AgentPlaces, CodingAgent } from '../../ports/agent.ts';
import type { KeptPacket } from '../kept-packet.ts';
import type { LiveRun } from '../live-run.ts';

type PrepareTask = KeyedEffectOf<'prepareTask'>;

/** What a task runs, or why it runs nothing. */
export type Work =
  | {
      readonly kind: 'run';
      readonly agent: string;
      readonly command: AgentCommand;
      readonly commands: readonly string[][];
    }
  | { readonly kind: 'turn'; readonly agent: string; readonly role: Role; readonly coding: CodingAgent }
  | { readonly kind: 'refused'; readonly blocker: Blocker };

/** What the task will run. */
export function workOf(run: LiveRun, effect: PrepareTask, kept: KeptPacket, places: AgentPlaces): Work {
  const { world } = run;
  const { config } = world;
  switch (effect.purpose) {
    case 'setup':
      return ownCommands(run, config.workspace.setup, 'PAWL_SETUP_NOT_ALLOWED');
    case 'verification': {
      const { commands } = kept.packet.verification;
      if (commands.length > 0) return ownCommands(run, commands, 'PAWL_VERIFICATION_NOT_ALLOWED');
      return agentWork(run, ROLE_FOR.verification, places);
    }
    case 'implementation':
    case 'fix':
    case 'review':
      return agentWork(run, ROLE_FOR[effect.purpose], places);
    default:
      return unreachable(effect.purpose);
  }
}

/** The role whose work a purpose is; a setup belongs to no agent. */
const ROLE_FOR = {
  implementation: 'implementer',
  verification: 'verifier',
  review: 'reviewer',
  fix: 'fixer',
} as const satisfies Partial<Record<Purpose, Role>>;

/** The name of the agent for the run's purpose, even where our own program verifies; null before there is one. */
export function agentFor({ agents, purpose }: Pick<RunContext, 'agents' | 'purpose'>): string | null {
  if (purpose === null || purpose === 'setup') return null;
  return agents?.[ROLE_FOR[purpose]] ?? null;
}

/** Commands that our verification worker runs, each admitted by the allow-list; else refused, naming the command. */
function ownCommands(
  run: LiveRun,
  commands: readonly string[],
  code: 'PAWL_SETUP_NOT_ALLOWED' | 'PAWL_VERIFICATION_NOT_ALLOWED',
): Work {
  const { config, verificationWorker } = run.world;
  const refused = commandBlocker(code, commands, config.verification.allow);
  if (refused !== null) return { kind: 'refused', blocker: refused };
  const words = commands.flatMap((text) => {
    const admitted = admitCommand(text, config.verification.allow);
    return admitted.kind === 'admitted' ? [[...admitted.argv]] : [];
  });
  const command: AgentCommand = { argv: verificationWorker, envNames: [], env: {}, completion: 'file' };
  return { kind: 'run', agent: 'pawl', command, commands: words };
}

function agentWork(run: LiveRun, role: Role, places: AgentPlaces): Work {
  const agents = run.state.root.context.agents ?? {};
  const name = agents[role];
  if (name === undefined)
    throw new Error(`bug: ${run.runId} was admitted without an agent for ${role} of ${ROLES.join(', ')}`);
  const coding = run.world.agents.coding(name);
  if (coding !== null) return { kind: 'turn', agent: name, role, coding };
  if (run.world.agents.has(name)) {
    return { kind: 'run', agent: name, command: run.world.agents.command(name, places), commands: [] };
  }
  return { kind: 'refused', blocker: blocker('PAWL_AGENT_MISSING', { reason: 'removed', name, role }, [role]) };
}
