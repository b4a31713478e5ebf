/**
 * What is known to stop a packet before any worker has started: the same rules for `validate`, for the intake, and for a run before its
 * first worker.
 *
 * Owns: those rules, each with its blocker. Does not own: asking git and the file system (ports), the rules on branches and worktrees as git
 * finds them (adapters/git), what a packet lacks (packets/packet-fields).
 *
 * Invariants: 1. Nothing here changes anything. 2. What could be mended in the config never refuses an intake: its run waits instead.
 */

import { blocker } from '../model/blocker.ts';
import type { Config } from '../model/config.ts';
import type { Blocker } from '../model/error.ts';
import type { Packet, Role } from '../model/packet.ts';
import type { RepositoryFacts } from '../ports/git.ts';
import { admitCommand } from './allow-list.ts';
import { areSameBranch } from './branch-name.ts';
import { type AgentsToChoose, chooseAgents } from './choose-agents.ts';
import { isRepository, otherRepositoryAt } from './forge-repository.ts';

/** Where a packet is to run. */
export interface PreflightPlace {
  readonly config: Pick<Config, 'verification' | 'workspace' | 'scm'>;
  readonly agents: AgentsToChoose;
  readonly repository: RepositoryFacts;
  /** `--agent`: it outranks packet and config. */
  readonly agentOverride: string | null;
}

/** The agents of a run, and what keeps it from starting a worker; all of it, in the order in which it would be met. */
export interface Preflight {
  readonly agents: Readonly<Partial<Record<Role, string>>>;
  readonly blockers: readonly Blocker[];
}

/** What keeps the packet's run from starting its first worker. */
export function preflight(packet: Packet, place: PreflightPlace): Preflight {
  const chosen = chooseAgents(packet, place.agents, place.agentOverride);
  const target = targetBlocker(packet, place.config, place.repository);
  const blockers = [...(target === null ? [] : [target]), ...chosen.blockers, ...commandBlockers(packet, place.config)];
  return { agents: chosen.agents, blockers };
}

/** As an event can hold it: what its writer named is as long as its writer liked. */
function short(text: string): string {
  return text.length > NAME_CHARS ? `${text.slice(0, NAME_CHARS)}…` : text;
}

/** Why the packet can never be a run of this repository as it is; null when it can. */
export function targetBlocker(
  { taskId, scm }: Packet,
  config: Pick<Config, 'scm'>,
  { origin, defaultBranches }: RepositoryFacts,
): Blocker | null {
  const { repo, intendedBranch } = scm;
  const here = repo === null || origin === null ? null : otherRepositoryAt(origin, repo);
  if (repo !== null && here !== null && !config.scm.allowRepos.some((allowed) => isRepository(repo, allowed))) {
    const names = { repo: short(repo), here: short(here) };
    return blocker('PAWL_REPOSITORY_MISMATCH', { taskId: short(taskId), ...names }, [names.repo, names.here]);
  }
  if (intendedBranch !== null && defaultBranches.some((name) => areSameBranch(name, intendedBranch))) {
    const branch = short(intendedBranch);
    return blocker('PAWL_WORKSPACE_BRANCH_PROTECTED', { reason: 'packet', taskId: short(taskId), branch }, [branch]);
  }
  return null;
}

/** One blocker for each sort of command of which any would not be run: it names all of them. */
function commandBlockers(packet: Packet, { verification, workspace }: PreflightPlace['config']): readonly Blocker[] {
  return [
    commandBlocker('PAWL_SETUP_NOT_ALLOWED', workspace.setup, verification.allow),
    commandBlocker('PAWL_VERIFICATION_NOT_ALLOWED', packet.verification.commands, verification.allow),
  ].filter((blocker) => blocker !== null);
}

/** The blocker of the first command that would not be run, with the others in its evidence; null when all would. */
export function commandBlocker(
  code: 'PAWL_SETUP_NOT_ALLOWED' | 'PAWL_VERIFICATION_NOT_ALLOWED',
  commands: readonly string[],
  patterns: readonly string[],
): Blocker | null {
  const refused = commands.flatMap((text) => {
    const admitted = admitCommand(text, patterns);
    return admitted.kind === 'admitted' ? [] : [{ text: text.slice(0, COMMAND_CHARS), ...admitted }];
  });
  const [first, ...others] = refused;
  if (first === undefined) return null;
  const params = {
    command: first.text,
    needsShell: first.kind === 'needsShell' ? short(first.why) : null,
    others: others.length,
    areAllForShell: refused.every(({ kind }) => kind === 'needsShell'),
  };
  return blocker(code, params, refused.map(({ text }) => text).slice(0, EVIDENCE_MAX));
}

const NAME_CHARS = 1_500;
const COMMAND_CHARS = 300;
const EVIDENCE_MAX = 20;
