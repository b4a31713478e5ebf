/**
 * What is known to stop a packet before any worker has started: the same rules for `validate`, for the intake, and for a run before its
 * first worker.
 *
 * Owns: those rules, each with its blocker. Does not own: asking git and the file system (ports), the rules on branches and worktrees as git
 * finds them (adapters/git), what a packet lacks (core/packet-fields).
 *
 * Invariants: 1. Nothing here changes anything. 2. What could be mended in the config never refuses an intake: its run waits instead.
 */
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
  return { agents: chosen.agents, blockers: blockers.map(bounded) };
}

/** As an event can hold it: what it is made from is as long as its writer liked. */
function bounded({ code, message, hint, evidence }: Blocker): Blocker {
  const short = (text: string): string => (text.length > BLOCKER_CHARS ? `${text.slice(0, BLOCKER_CHARS)}…` : text);
  return { code, message: short(message), hint: short(hint), evidence: evidence.map(short) };
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
    return {
      code: 'PAWL_REPOSITORY_MISMATCH',
      message: `The packet ${taskId} is for the repository ${repo}, but the origin of this one is ${here}.`,
      hint: `Use the clone of ${repo}, or correct scm_target.repo. If this clone is meant, as for a fork: {"scm": {"allowRepos": [${JSON.stringify(repo)}]}} in pawl.config.json.`,
      evidence: [repo, here],
    };
  }
  if (intendedBranch !== null && defaultBranches.some((name) => areSameBranch(name, intendedBranch))) {
    return {
      code: 'PAWL_WORKSPACE_BRANCH_PROTECTED',
      message: `The packet ${taskId} would work directly on ${intendedBranch}, the default branch of the repository.`,
      hint: 'Give the packet a branch of its own (scm_target.intended_branch).',
      evidence: [intendedBranch],
    };
  }
  return null;
}

/** One blocker for each sort of command of which any would not be run: it names all of them. */
function commandBlockers(packet: Packet, { verification, workspace }: PreflightPlace['config']): readonly Blocker[] {
  return [
    commandBlocker('setup', 'PAWL_SETUP_NOT_ALLOWED', workspace.setup, verification.allow),
    commandBlocker('verification', 'PAWL_VERIFICATION_NOT_ALLOWED', packet.verification.commands, verification.allow),
  ].filter((blocker) => blocker !== null);
}

/** The blocker of the first command that would not be run, with the others in its evidence; null when all would. */
export function commandBlocker(
  name: 'setup' | 'verification',
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
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const isShell = refused.every(({ kind }) => kind === 'needsShell');
  const where = name === 'setup' ? 'workspace.setup of pawl.config.json' : 'the packet';
  return {
    code,
    message: `The ${name} command "${first.text}" ${first.problem}${more}.`,
    hint: isShell
      ? `Put what needs a shell into a script of the repository, and name that in ${where}.`
      : 'Admit it in verification.allow of pawl.config.json (word by word; "*" as the last word: any further words).',
    evidence: refused.map(({ text }) => text).slice(0, EVIDENCE_MAX),
  };
}

const BLOCKER_CHARS = 1_500;
const COMMAND_CHARS = 300;
const EVIDENCE_MAX = 20;
