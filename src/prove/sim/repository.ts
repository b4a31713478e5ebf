/**
 * The repository of a simulated machine, which never forgets: what git has done stays done.
 *
 * Owns: commits, branches and settings, and what git answers of them. Does not own: what a story has git answer instead (sim/ports).
 *
 * Invariants: 1. The same work on the same files is the same commit, whatever key it is asked for under and by whichever attempt. 2. A copy shares nothing with its original.
 */
import { sha256 } from '../../base/sha256.ts';
import type { GitSettings } from '../../model/request.ts';
import type { GitPort } from '../../ports/git.ts';

const BASE = 'b'.repeat(40);

/** Where git keeps every worktree of a simulated machine. */
export const SIM_PLACE = { commonDir: '/repo/.git', adminDir: '/repo/.git/worktrees/sim' } as const;

/** One repository and its worktrees. */
export class SimRepository {
  /** Raised by every change that a process could notice: where a worktree is, is asked for again until it is recorded. */
  version = 0;
  settings: GitSettings = {};
  /** Commits by the key of the effect that they were made for. */
  readonly #commits = new Map<string, string>();
  /** The commit of every branch. */
  readonly #heads = new Map<string, string>();
  /** The branch of every worktree. */
  readonly #branches = new Map<string, string>();

  copy(): SimRepository {
    const copy = new SimRepository();
    copy.version = this.version;
    copy.settings = this.settings;
    for (const [key, commit] of this.#commits) copy.#commits.set(key, commit);
    for (const [branch, commit] of this.#heads) copy.#heads.set(branch, commit);
    for (const [worktree, branch] of this.#branches) copy.#branches.set(worktree, branch);
    return copy;
  }

  headOf(branch: string): string {
    return this.#heads.get(branch) ?? BASE;
  }

  /** What git does and says of it; `changedOn`: the paths that the work on a branch has changed since its base. */
  git(changedOn: (branch: string) => readonly string[]): GitPort {
    const branchIn = (worktree: string): string => this.#branches.get(worktree) ?? '';
    return {
      facts: async () => ({ origin: null, defaultBranches: ['main'] }),
      workspaceProblem: async () => null,
      prepareWorkspace: async ({ worktree, branch }) => {
        this.#branches.set(worktree, branch);
        return { kind: 'ready', baseBranch: 'main', baseCommit: BASE, headCommit: this.headOf(branch) };
      },
      commitWork: async ({ key, branch, parentCommit, taskId }) => {
        const work = [branch, parentCommit, withoutAttempt(taskId), ...changedOn(branch)].join(' ');
        const commit = this.#commit(key, branch, work);
        const files = { filesChanged: ['x'], fileCount: 1, leftOut: null };
        return { kind: 'committed', commit, patchHash: sha256(commit), ...files };
      },
      state: async (worktree) => {
        const branch = branchIn(worktree);
        const head = this.headOf(branch);
        return { head, branch, tree: treeOf(head), trackedChanges: [], untracked: [] };
      },
      settings: async () => ({ ...SIM_PLACE, settings: this.settings }),
      treeOf: async (commit) => treeOf(commit),
      storedContent: async (commit) => ({ kind: 'whole', tree: treeOf(commit) }),
      branchHead: async (branch) => this.headOf(branch),
      removeUntracked: async () => undefined,
      rescueAndReset: async ({ branch, commit }) => (this.#move(branch, commit) ? `refs/pawl/rescue/${branch}` : null),
      rescue: async () => null,
      releaseBranch: async () => undefined,
      releaseEnded: async () => undefined,
      commits: async (worktree) => [{ commit: this.headOf(branchIn(worktree)), subject: 'sim' }],
      filesChanged: async () => ({ files: ['x'], count: 1 }),
      diffStat: async () => ({
        files: [{ path: 'x', added: 1, deleted: 0, isBinary: false }],
        fileCount: 1,
        added: 1,
        deleted: 0,
      }),
      addedLines: async () => [],
      instructionChanges: async (_base, _head, patterns) => ({ patterns, paths: [], count: 0 }),
      eachPathChanged: async (_base, head, onPath) => {
        const branch = [...this.#heads].find(([, commit]) => commit === head)?.[0] ?? '';
        for (const path of changedOn(branch)) onPath(path);
      },
    };
  }

  /** The commit of the work is found again by its key. */
  #commit(key: string, branch: string, work: string): string {
    const commit = this.#commits.get(key) ?? sha256(work).slice(0, 40);
    if (!this.#commits.has(key)) this.version += 1;
    this.#commits.set(key, commit);
    this.#heads.set(branch, commit);
    return commit;
  }

  /** The branch is at the commit; whether it was not. */
  #move(branch: string, commit: string): boolean {
    if (this.headOf(branch) === commit) return false;
    this.#heads.set(branch, commit);
    this.version += 1;
    return true;
  }
}

function withoutAttempt(taskId: string): string {
  return taskId.replace(/-a\d+$/, '');
}

function treeOf(commit: string): string {
  return sha256(`tree of ${commit}`).slice(0, 40);
}
