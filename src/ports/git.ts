/**
 * What Pawl asks of git. Every call is idempotent: killed half-way and called again, it ends in the same place.
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
  /** The address of the remote that is called origin, as git would use it; null when there is none. */
  readonly origin: string | null;
  /** Short names of the branches that stand for the default one: no run works on them. */
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
  /** The effect's key: a commit that carries it already is found again, not made twice. */
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
  /** As git names it; one that needs quoting is quoted as in C. */
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
      /** What of the worktree the commit does not hold because of its submodules; null where there is nothing of that kind. */
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
  /** The tree that the tracked files make, byte by byte as they lie there: the commit's; null when they differ from it. */
  readonly tree: string | null;
  /** Paths of tracked files that differ from the commit, sorted. */
  readonly trackedChanges: readonly string[];
  /** Paths that git neither tracks nor ignores, sorted. */
  readonly untracked: readonly string[];
}

/** What the object store holds for a commit: its tree, or the first object that is missing or is not what its name says. */
export type StoredContent =
  | { readonly kind: 'whole'; readonly tree: string }
  | { readonly kind: 'damaged'; readonly object: string }
  /** Git is told by a commit graph that the commit says something else. */
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
  /** Every pattern of such files: those asked for, and what the base's own files read in their turn. */
  readonly patterns: readonly string[];
  /** Paths that differ, in git's order, at most BOUNDS.filesListed, and their number. */
  readonly paths: readonly string[];
  readonly count: number;
}

/** A worktree whose change is judged, and what its judge is not to be instructed by. */
export interface JudgedWorktree {
  readonly worktree: string;
  readonly place: GitPlace;
  readonly files: InstructionFiles;
  /** Of the task: files wait there meanwhile. */
  readonly folder: string;
}

/** What Pawl asks of git; each call is idempotent. */
export interface GitPort {
  facts(): Promise<RepositoryFacts>;
  /** The blocker that `prepareWorkspace` would answer with now, or null. Changes nothing. */
  workspaceProblem(spec: WorkspaceSpec): Promise<Blocker | null>;
  prepareWorkspace(spec: WorkspaceSpec): Promise<WorkspaceResult>;
  commitWork(spec: CommitSpec): Promise<CommitResult>;
  state(worktree: string): Promise<WorktreeState>;
  /** Where git keeps the worktree, and every setting that decides how git works there. */
  settings(worktree: string): Promise<NonNullable<TaskRequest['git']>>;
  /** The tree of a commit. */
  treeOf(commit: string): Promise<string>;
  /** Reads and hashes all that a commit and its base hold: what is stored is what the names of the objects say, or is not. */
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
  /** Like the first half of `rescueAndReset`: keeps, and leaves the worktree as it is. */
  rescue(spec: {
    readonly worktree: string;
    readonly commit: string;
    readonly runId: string;
    readonly name: string;
  }): Promise<string | null>;
  /** Lets go of the branch (detached at its commit), so that the user can check it out. */
  releaseBranch(worktree: string): Promise<void>;
  /** Those of these worktrees that still hold a branch let go of it; it costs nothing where none does. */
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
  /** Tells `onPath` of every path that differs between two commits, however many they are: of a rename both, of a submodule its own. */
  eachPathChanged(base: string, head: string, onPath: (path: string) => void): Promise<void>;
  /** Which files that instruct agents differ between two commits; `patterns` as turn/instruction-files has them. */
  instructionChanges(base: string, head: string, patterns: readonly string[]): Promise<InstructionChanges>;
  /** Lines that `head` has and `base` has not, by file, at most BOUNDS.filesListed pieces. */
  addedLines(worktree: string, base: string, head: string): Promise<readonly AddedLines[]>;
}
