/**
 * What a worktree holds at the moment a worker has ended, for the worker host.
 *
 * Owns: head commit and tree of a worktree, read synchronously. Does not own: comparing them (commit), committing (commit).
 * Free of zod and xstate: the worker host loads this file.
 *
 * Invariant: the repository asked is the one that the worktree's `.git` names, never one above it.
 */
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PawlError, systemCode } from '../../model/error.ts';
import { shown } from './git-environment.ts';
import { textOf } from './git-files.ts';
import { runGitSync } from './run-git.ts';
import { performPlanSync, treePlan } from './tree-plan.ts';
import { inWorktree, type Worktree } from './worktree.ts';

/** What a worktree held when it was looked at: its commit and the tree of its files. */
export interface TreeRecord {
  /** The commit checked out; null when there is none. */
  readonly head: string | null;
  /** The tree of all files that git does not ignore; null when it could not be made. */
  readonly tree: string | null;
  /** Why the tree is null. */
  readonly reason: string | null;
}

/** The worktree by its own word: a `.git` file, or a folder in a main worktree. */
function claimedWorktree(path: string): Worktree | null {
  const link = join(path, '.git');
  const stat = lstatSync(link, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return { path, adminDir: link };
  const claim = stat?.isFile() ? /^gitdir: (.+)$/.exec((textOf(link) ?? '').trim())?.[1] : undefined;
  if (claim === undefined || !existsSync(resolve(path, claim))) return null;
  return { path, adminDir: realpathSync(resolve(path, claim)) };
}

function headIn(worktree: Worktree, environment: NodeJS.ProcessEnv): string | null {
  const args = ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'];
  const output = runGitSync(inWorktree(worktree, args, { answers: [0, 1, 128], isRead: true }), environment);
  return output.exitCode === 0 ? output.text.trim() : null;
}

/** The commit checked out in `worktree`; null when there is none or it cannot be told. */
export function headOf(worktree: string, environment: NodeJS.ProcessEnv = process.env): string | null {
  try {
    const claimed = claimedWorktree(worktree);
    return claimed === null ? null : headIn(claimed, environment);
  } catch (error) {
    // Null is the answer for all that keeps the commit unknown; what it means is judged by whoever reads the outcome.
    if (error instanceof PawlError || systemCode(error) !== undefined) return null;
    throw error;
  }
}

/**
 * Head and tree of `worktree`, their objects written and synced, its own index untouched. Never throws for the state of the worktree or of git:
 * what cannot be recorded is null, with the reason.
 */
export function recordTree(worktree: string, environment: NodeJS.ProcessEnv = process.env): TreeRecord {
  let head: string | null = null;
  try {
    const claimed = claimedWorktree(worktree);
    if (claimed === null) return { head, tree: null, reason: 'the folder has no .git that leads to a repository' };
    head = headIn(claimed, environment);
    const found = performPlanSync(treePlan(claimed, 'strict'), (call) => runGitSync(call, environment));
    switch (found.kind) {
      case 'tree':
        return { head, tree: found.tree, reason: null };
      case 'unmerged':
        return { head, tree: null, reason: shown(`unresolved conflicts: ${found.paths.join(', ')}`) };
      case 'nested':
        return { head, tree: null, reason: shown(`git repositories inside of it: ${found.paths.join(', ')}`) };
      case 'failed':
        return { head, tree: null, reason: found.reason };
    }
  } catch (error) {
    return { head, tree: null, reason: shown(error instanceof Error ? error.message : String(error)) };
  }
}
