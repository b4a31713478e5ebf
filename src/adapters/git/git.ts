/**
 * Git, as Pawl asks for it: the port made real for one repository.
 *
 * Owns: putting the parts together behind GitPort. Does not own: any of the commands (workspace, commit, rescue, inspection).
 *
 * Invariant: `git worktree` runs once at a time: one that lists worktrees fails on a registration that another is still making.
 */
import type { GitPort } from '../../ports/git.ts';
import { commitWork } from './commit.ts';
import { addedBetween, commitsBetween, filesBetween, worktreeState } from './inspection.ts';
import { locateRepository } from './locate.ts';
import { repositoryFacts } from './repository-facts.ts';
import { removeUntracked, rescue, rescueAndReset } from './rescue.ts';
import { createGitRun, type GitCall, type GitOutput, type GitRun } from './run-git.ts';
import { removeStaleLocks } from './stale-locks.ts';
import { prepareWorkspace, workspaceProblem } from './workspace.ts';
import { commitOf, detach, findWorktree, type GitContext, openWorktree } from './worktree.ts';

/** What git is called with in one repository. */
export interface GitOptions {
  /** Absolute path of the repository's main worktree. */
  readonly repository: string;
  /** The registry's `lock.alive`, inherited by every git as descriptor 3; null where the system has no such lock. */
  readonly helperFd: number | null;
  /** What git's environment is made from. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** The port for one repository. Throws PAWL_REPOSITORY_MISSING when there is none. */
export function createGit(options: GitOptions): GitPort {
  const environment = options.environment ?? process.env;
  const { mainWorktree, commonDir } = locateRepository(options.repository, environment);
  const run = worktreesInTurn(createGitRun({ helperFd: options.helperFd, environment }));
  const git: GitContext = { repository: mainWorktree, commonDir, run };
  return {
    facts: () => repositoryFacts(git),
    workspaceProblem: (spec) => workspaceProblem(git, spec),
    prepareWorkspace: (spec) => prepareWorkspace(git, spec),
    commitWork: (spec) => commitWork(git, spec),
    state: async (worktree) => worktreeState(git, openWorktree(git, worktree)),
    branchHead: (branch) => commitOf(git, `refs/heads/${branch}`),
    removeUntracked: async (path) => {
      const worktree = openWorktree(git, path);
      await removeStaleLocks(git, worktree, null);
      await removeUntracked(git, worktree);
    },
    rescueAndReset: (spec) => rescueAndReset(git, spec),
    rescue: (spec) => rescue(git, spec),
    releaseBranch: async (path) => {
      const worktree = findWorktree(commonDir, path);
      if (worktree === null) return;
      await removeStaleLocks(git, worktree, null);
      await detach(git, worktree);
    },
    commits: (_worktree, base, head) => commitsBetween(git, base, head),
    addedLines: (_worktree, base, head) => addedBetween(git, base, head),
    filesChanged: (_worktree, base, head) => filesBetween(git, base, head),
  };
}

/** Calls of `git worktree` wait for the one before; all others run at once. */
function worktreesInTurn(run: GitRun): GitRun {
  let last: Promise<unknown> = Promise.resolve();
  return (call: GitCall): Promise<GitOutput> => {
    if (call.args[0] !== 'worktree') return run(call);
    const turn = last.then(() => run(call));
    last = turn.catch(() => undefined); // told to whoever called it; the next one only waits for its end
    return turn;
  };
}
