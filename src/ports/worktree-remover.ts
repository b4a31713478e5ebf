/**
 * What cleaning asks of git. Every call is idempotent: killed half-way and called again, it has the same result.
 *
 * Owns: the port and its values. Does not own: the commands (adapters/git/removal).
 */

/**
 * What is at a path: a worktree of the repository that may be removed; one that the user has locked; one with submodules, whose own commits no ref of
 * the repository can keep; something that is none; or nothing.
 */
export type WorktreeLook = 'ours' | 'locked' | 'submodules' | 'foreign' | 'absent';

/** Whether a branch adds anything: only a branch that is merged, or has no commit of its own, is deleted. */
export type BranchFate = 'merged' | 'unmerged' | 'absent' | 'moved' | 'tracked' | 'checkedOut';

interface BranchSpec {
  readonly branch: string;
  readonly baseBranch: string;
  /** The last commit that was recorded on it. */
  readonly commit: string | null;
  /** The run's own worktree, which may have it checked out. */
  readonly worktree: string;
}

/** What cleaning asks of git. */
export interface WorktreeRemover {
  look(path: string): Promise<WorktreeLook>;
  /**
   * Whatever of the worktree no ref holds (changes, untracked files, commits) is under a new ref, durably. Returns the ref, null when there was
   * nothing. Repositories inside it, and folders of submodules with files in them, are moved to `<worktree>.kept/clean`.
   */
  keep(spec: {
    readonly runId: string;
    readonly worktree: string;
    /** The last recorded commit, for a worktree whose HEAD is unreadable. */
    readonly commit: string | null;
  }): Promise<string | null>;
  /** Unregisters the worktree at the path, provided that its folder is gone. */
  forget(path: string): Promise<void>;
  branchFate(spec: BranchSpec): Promise<BranchFate>;
  /** The branch is gone if it is merged and still at its commit. Returns what was found. */
  dropBranch(spec: BranchSpec): Promise<BranchFate>;
}
