/**
 * Git, as Pawl asks for it: the port made real for one repository.
 *
 * Owns: putting the parts together behind GitPort. Does not own: any of the commands (workspace, commit, rescue, inspection).
 *
 * Invariants: 1. `git worktree` runs once at a time: one that lists worktrees fails on a registration that another is still making.
 * 2. L1: what a call has changed is durable before the call returns, for then it is recorded. git itself syncs neither what `worktree add` writes
 * nor the files of a checkout, nor the folders of its objects and refs. A call that finds everything done already syncs as well: whoever did it
 * may have been killed before it was on the disk.
 */
import { joinedCalls } from '../../base/joined-calls.ts';
import { SerialQueue } from '../../base/serial-queue.ts';
import type { GitPort } from '../../ports/git.ts';
import { commitWork } from './commit.ts';
import { compareCommits } from './comparison.ts';
import { removeEmptyObjects } from './damaged-objects.ts';
import { addedBetween, commitsBetween, eachPathBetween, filesBetween, worktreeState } from './inspection.ts';
import { instructionChanges } from './instruction-changes.ts';
import { locateRepository } from './locate.ts';
import { repositoryFacts } from './repository-facts.ts';
import { removeUntracked, rescue, rescueAndReset } from './rescue.ts';
import { createGitRun, type GitCall, type GitOutput, type GitRun } from './run-git.ts';
import { readSettings } from './settings.ts';
import { removeStaleLocks } from './stale-locks.ts';
import { checkContent } from './stored-content.ts';
import { prepareWorkspace, workspaceProblem } from './workspace.ts';
import { commitOf, detach, findWorktree, type GitContext, holdingBranches, openWorktree, treeOf } from './worktree.ts';

/** What git is called with in one repository. */
export interface GitOptions {
  /** Absolute path of the repository's main worktree. */
  readonly repository: string;
  /** The registry's `lock.alive`, inherited by every git as descriptor 3; null where the system has no such lock. */
  readonly helperFd: number | null;
  /** What git's environment is made from. */
  readonly environment: NodeJS.ProcessEnv;
  /** Answers that change nothing are remembered: for a short look at many branches of a repository that halts meanwhile. */
  readonly isOneLook?: boolean;
  /** Makes what lies on the disks of some paths durable. */
  readonly syncDisks: (paths: readonly string[]) => Promise<void>;
}

/** The repository and the guarded way to call git in it. Throws PAWL_REPOSITORY_MISSING when there is none. */
export function openGit(options: GitOptions): GitContext {
  const { environment, syncDisks } = options;
  const { mainWorktree, commonDir } = locateRepository(options.repository, environment);
  const inTurn = worktreesInTurn(createGitRun({ helperFd: options.helperFd, environment }));
  const run = options.isOneLook === true ? remembering(inTurn) : inTurn;
  return { repository: mainWorktree, commonDir, run, syncDisks };
}

/** The port for one repository. Throws PAWL_REPOSITORY_MISSING when there is none. */
export function createGit(options: GitOptions): GitPort {
  const git = openGit(options);
  const lasting = async <T>(worktree: string, call: Promise<T>): Promise<T> => {
    const result = await call;
    await git.syncDisks([worktree, git.commonDir]);
    return result;
  };
  let isSwept = false;
  /** Once for a process: a power cut ends it. */
  const sweepObjects = (): void => {
    if (!isSwept) removeEmptyObjects(git.commonDir);
    isSwept = true;
  };
  return {
    // Runs that are to be admitted ask all at once.
    facts: joinedCalls(() => repositoryFacts(git)),
    workspaceProblem: (spec) => workspaceProblem(git, spec),
    prepareWorkspace: (spec) => lasting(spec.worktree, prepareWorkspace(git, spec)),
    commitWork: (spec) => lasting(spec.worktree, commitWork(git, spec)),
    state: async (worktree) => worktreeState(git, openWorktree(git, worktree)),
    settings: async (path) => {
      const worktree = openWorktree(git, path);
      const settings = await readSettings(git.run, worktree);
      return { commonDir: git.commonDir, adminDir: worktree.adminDir, settings };
    },
    treeOf: (commit) => treeOf(git, commit),
    storedContent: (commit, base) => checkContent(git, commit, base),
    branchHead: (branch) => commitOf(git, `refs/heads/${branch}`),
    removeUntracked: async (path) => {
      const worktree = openWorktree(git, path);
      await removeStaleLocks(git, worktree, null);
      await removeUntracked(git, worktree);
    },
    rescueAndReset: async (spec) => {
      sweepObjects();
      return lasting(spec.worktree, rescueAndReset(git, spec));
    },
    rescue: (spec) => lasting(spec.worktree, rescue(git, spec)),
    releaseBranch: (path) => lasting(path, releaseBranch(git, path)),
    releaseEnded: (paths) => releaseEnded(git, paths),
    commits: (_worktree, base, head) => commitsBetween(git, base, head),
    addedLines: async (path, base, head) => addedBetween(git, openWorktree(git, path), base, head),
    filesChanged: (_worktree, base, head) => filesBetween(git, base, head),
    instructionChanges: (base, head, patterns) => instructionChanges(git, base, head, patterns),
    diffStat: async (base, head) => {
      const { files, fileCount, added, deleted } = await compareCommits(git, base, head, 0);
      return { files, fileCount, added, deleted };
    },
    eachPathChanged: (base, head, onPath) => eachPathBetween(git, base, head, onPath),
  };
}

async function releaseBranch(git: GitContext, path: string): Promise<void> {
  const worktree = findWorktree(git.commonDir, path);
  if (worktree === null) return;
  await removeStaleLocks(git, worktree, null);
  await detach(git, worktree);
}

async function releaseEnded(git: GitContext, paths: readonly string[]): Promise<void> {
  const holders = holdingBranches(git, paths);
  for (const worktree of holders) {
    await removeStaleLocks(git, worktree, null);
    await detach(git, worktree);
  }
  if (holders.length > 0) await git.syncDisks([git.commonDir]);
}

/** Calls of `git worktree` wait for the one before; all others run at once. */
function worktreesInTurn(run: GitRun): GitRun {
  const worktrees = new SerialQueue();
  const inTurn = (call: GitCall): Promise<GitOutput> =>
    call.args[0] === 'worktree' ? worktrees.add(() => run(call)) : run(call);
  return Object.assign(inTurn, { environment: run.environment });
}

/** The same question is asked once. */
function remembering(run: GitRun): GitRun {
  const answers = new Map<string, Promise<GitOutput>>();
  const remembered = (call: GitCall): Promise<GitOutput> => {
    const { args, cwd, gitDir, workTree, env, input, onBytes } = call;
    if (call.isRead !== true || onBytes !== undefined || input !== undefined) return run(call);
    const key = JSON.stringify([args, cwd, gitDir, workTree, env, call.answers]);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = run(call);
    answers.set(key, answer);
    return answer;
  };
  return Object.assign(remembered, { environment: run.environment });
}
