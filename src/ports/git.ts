/**
 * What Pawl asks of git. Every call is idempotent: killed half-way and called again, it has the same result.
 *
 * Owns: the port and its values. Does not own: the commands (adapters/git).
 */
import type { Blocker } from '../model/error.ts';
import type { LeftOut } from '../model/event.ts';
import type { GitPlace, InstructionFiles, TaskRequest } from '../model/request.ts';

/** The worktree that a run asks for. */
export interface WorkspaceSpec {
  readonly runId: string;
  /** Absolute path of the worktree. */
  readonly worktree: string;
  readonly branch: string;
  /** Null: the repository's default branch. */
  readonly baseBranch: string | null;
  /** Worktrees of ours whose runs have ended: their hold on a branch may be dropped. */
  readonly endedWorktrees: readonly string[];
}

/** What a repository says about itself. */
export interface RepositoryFacts {
  /** The address of the remote `origin`, as git would use it; null when there is none. */
  readonly origin: string | null;
  /** Short names of the branches that count as the default one: no run works on them. */
  readonly defaultBranches: readonly string[];
}

/** A worktree that is ready, or why there is none. */
export type WorkspaceResult =
  | { readonly kind: 'ready'; readonly baseBranch: string; readonly baseCommit: string; readonly headCommit: string }
  | { readonly kind: 'refused'; readonly blocker: Blocker };

/** The commit that a worker's changes become. */
export interface CommitSpec {
  readonly worktree: string;
  readonly branch: string;
  /** The effect's key: a commit that already carries it is found again, not made twice. */
  readonly key: string;
  readonly runId: string;
  readonly taskId: string;
  readonly subject: string;
  /** The branch's commit before the worker started. */
  readonly parentCommit: string;
  /** The tree that the outcome recorded; null when it recorded none. */
  readonly tree: string | null;
}

/** What changed in one file. */
export interface FileChange {
  /** As git names it; quoted as in C where git quotes it. */
  readonly path: string;
  readonly added: number;
  readonly deleted: number;
  readonly isBinary: boolean;
}

/** What changed between two commits, in figures. */
export interface DiffStat {
  /** The first BOUNDS.filesListed of them. */
  readonly files: readonly FileChange[];
  readonly fileCount: number;
  readonly added: number;
  readonly deleted: number;
}

/** The commit that holds the work, that there was no change, or why there is none. */
export type CommitResult =
  | {
      readonly kind: 'committed';
      readonly commit: string;
      readonly filesChanged: readonly string[];
      readonly fileCount: number;
      /** SHA-256 of `git diff --binary parent..commit`. */
      readonly patchHash: string;
      /** What the commit does not hold of the worktree because of its submodules; null where there is nothing of that kind. */
      readonly leftOut: LeftOut | null;
    }
  /** Neither the worker nor Pawl has changed anything since `parentCommit`. */
  | { readonly kind: 'empty'; readonly commit: string; readonly leftOut: LeftOut | null }
  | { readonly kind: 'refused'; readonly blocker: Blocker };

/** The state of a worktree, read without changing it. */
export interface WorktreeState {
  /** The commit checked out. */
  readonly head: string;
  /** The short name of the branch checked out; null when detached. */
  readonly branch: string | null;
  /** The commit's tree when the tracked files on disk match it byte for byte; null when they differ. */
  readonly tree: string | null;
  /** Paths of tracked files that differ from the commit, sorted. */
  readonly trackedChanges: readonly string[];
  /** Paths that git neither tracks nor ignores, sorted. */
  readonly untracked: readonly string[];
}

/** What the object store holds for a commit: its tree, or the first object that is missing or does not match its name. */
export type StoredContent =
  | { readonly kind: 'whole'; readonly tree: string }
  | { readonly kind: 'damaged'; readonly object: string }
  /** A commit graph tells git something else about the commit. */
  | { readonly kind: 'misread'; readonly commit: string };

/** Lines that a commit has added to a file, the first and the last of them counted from 1. */
export interface AddedLines {
  readonly file: string;
  readonly first: number;
  readonly last: number;
}

/** One commit of a branch. */
export interface CommitRecord {
  readonly commit: string;
  readonly subject: string;
}

/** What a change does to the files that instruct agents. */
export interface InstructionChanges {
  /** Every pattern of such files: those asked for, and what the base's own files refer to. */
  readonly patterns: readonly string[];
  /** Paths that differ, in git's order, at most BOUNDS.filesListed, and their number. */
  readonly paths: readonly string[];
  readonly count: number;
}

/** A worktree whose change is judged, and the files that must not instruct its judge. */
export interface JudgedWorktree {
  readonly worktree: string;
  readonly place: GitPlace;
  readonly files: InstructionFiles;
  /** The task's folder, where files are kept meanwhile. */
  readonly folder: string;
}

/** What Pawl asks of git; each call is idempotent. */
export interface GitPort {
  facts(): Promise<RepositoryFacts>;
  /** The blocker that `prepareWorkspace` would return now, or null. Changes nothing. */
  workspaceProblem(spec: WorkspaceSpec): Promise<Blocker | null>;
  prepareWorkspace(spec: WorkspaceSpec): Promise<WorkspaceResult>;
  commitWork(spec: CommitSpec): Promise<CommitResult>;
  state(worktree: string): Promise<WorktreeState>;
  /** Where git keeps the worktree, and every setting that decides how git works there. */
  settings(worktree: string): Promise<NonNullable<TaskRequest['git']>>;
  /** The tree of a commit. */
  treeOf(commit: string): Promise<string>;
  /** Reads and hashes everything that a commit and its base hold, and says whether every object matches its name. */
  storedContent(commit: string, base: string): Promise<StoredContent>;
  /** The commit that a branch of the repository is at, or null when there is no such branch. */
  branchHead(branch: string): Promise<string | null>;
  /** Removes untracked, not ignored files. Nothing tracked is touched. */
  removeUntracked(worktree: string): Promise<void>;
  /**
   * Keeps all that differs from `commit` (tracked, untracked and commits of its own) under `refs/pawl/rescue/<runId>/<name>`,
   * created only if absent, then puts the worktree back to `commit` on `branch`. Returns the ref, or null when nothing differed.
   */
  rescueAndReset(spec: {
    readonly worktree: string;
    readonly branch: string;
    readonly commit: string;
    readonly runId: string;
    readonly name: string;
  }): Promise<string | null>;
  /** Like the first half of `rescueAndReset`: keeps the content, and does not change the worktree. */
  rescue(spec: {
    readonly worktree: string;
    readonly commit: string;
    readonly runId: string;
    readonly name: string;
  }): Promise<string | null>;
  /** Releases the branch (detaches at its commit), so that the user can check it out. */
  releaseBranch(worktree: string): Promise<void>;
  /** Detaches those of these worktrees that still hold a branch; costs nothing where none does. */
  releaseEnded(worktrees: readonly string[]): Promise<void>;
  /** Commits from `base` (excluded) to `head`, oldest first, at most 200. */
  commits(worktree: string, base: string, head: string): Promise<readonly CommitRecord[]>;
  /** Paths that differ between two commits, sorted, at most 200, and their number. */
  filesChanged(
    worktree: string,
    base: string,
    head: string,
  ): Promise<{ readonly files: readonly string[]; readonly count: number }>;
  /** What changed between two commits, by file. Throws PAWL_GIT_FAILED for a commit that is gone. */
  diffStat(base: string, head: string): Promise<DiffStat>;
  /** Calls `onPath` for every path that differs between two commits, however many there are: for a rename both paths, for a submodule its own. */
  eachPathChanged(base: string, head: string, onPath: (path: string) => void): Promise<void>;
  /** Which files that instruct agents differ between two commits; `patterns` as turn/instruction-files has them. */
  instructionChanges(base: string, head: string, patterns: readonly string[]): Promise<InstructionChanges>;
  /** Lines that `head` has and `base` has not, by file, at most BOUNDS.filesListed pieces. */
  addedLines(worktree: string, base: string, head: string): Promise<readonly AddedLines[]>;
}
