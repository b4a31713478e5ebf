/**
 * What a worktree holds at the moment a worker has ended, and how git is set up there, for the worker host.
 *
 * Owns: head commit, tree and settings of a worktree, and that it is on the disk. Does not own: comparing them (commit), committing (commit).
 * Free of zod and xstate: the worker host loads this file.
 *
 * Invariants: 1. The repository asked is the one that the request names, else (in requests of older versions) the one that the worktree's `.git`
 * names, never one above it. 2. Git runs beside the process that asks:
 * a git that takes its time silences no heartbeat.
 */
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf } from '../../base/error-text.ts';
import { PawlError, systemCode } from '../../model/error.ts';
import type { GitPlace, GitSettings } from '../../model/request.ts';
import { syncDisks } from '../disk-sync.ts';
import { shown } from './git-environment.ts';
import { linkIn, pathIn } from './git-files.ts';
import { createGitRun, type GitRun } from './run-git.ts';
import { readSettings } from './settings.ts';
import { inWorktree, type Worktree } from './worktree.ts';
import { findTree } from './worktree-tree.ts';

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
  if (stat?.isDirectory()) return { path, adminDir: link, commonDir: link };
  const claim = stat?.isFile() ? linkIn(link) : null;
  if (claim === null || !existsSync(resolve(path, claim))) return null;
  const adminDir = realpathSync(resolve(path, claim));
  return { path, adminDir, commonDir: resolve(adminDir, pathIn(join(adminDir, 'commondir')) ?? '.') };
}

/** The worktree by the word of who asked for the task, where that is known. */
function worktreeAt(path: string, place: GitPlace | undefined): Worktree | null {
  return place === undefined ? claimedWorktree(path) : { path, adminDir: place.adminDir, commonDir: place.commonDir };
}

/** How git is called: its environment, and the lock that a runner's helpers inherit (none for a worker host). */
export interface TreeGit {
  readonly environment: NodeJS.ProcessEnv;
  readonly helperFd: number | null;
}

/** Of a worker host, which holds no lock for its helpers. */
export const OF_A_HOST: TreeGit = { environment: process.env, helperFd: null };

async function headIn(worktree: Worktree, run: GitRun): Promise<string | null> {
  const args = ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'];
  const output = await run(inWorktree(worktree, args, { answers: [0, 1, 128], isRead: true }));
  return output.exitCode === 0 ? output.text.trim() : null;
}

/** The commit checked out in `worktree`; null when there is none or it cannot be told. */
export async function headOf(worktree: string, git: TreeGit = OF_A_HOST, place?: GitPlace): Promise<string | null> {
  try {
    const claimed = worktreeAt(worktree, place);
    return claimed === null ? null : await headIn(claimed, createGitRun(git));
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
export async function recordTree(worktree: string, git: TreeGit = OF_A_HOST, place?: GitPlace): Promise<TreeRecord> {
  const run = createGitRun(git);
  let head: string | null = null;
  try {
    const claimed = worktreeAt(worktree, place);
    if (claimed === null) return { head, tree: null, reason: 'the folder has no .git that leads to a repository' };
    head = await headIn(claimed, run);
    const found = await findTree(run, claimed, head, 'strict');
    switch (found.kind) {
      case 'tree':
        return { head, tree: found.tree, reason: null };
      case 'unmerged':
        return { head, tree: null, reason: shown(`unresolved conflicts: ${found.paths.join(', ')}`) };
      case 'nested':
        return { head, tree: null, reason: shown(`git repositories inside it: ${found.paths.join(', ')}`) };
      case 'failed':
        return { head, tree: null, reason: found.reason };
    }
  } catch (error) {
    return { head, tree: null, reason: shown(messageOf(error)) };
  }
}

/** The settings of git for the worktree at `place`; null where they cannot be told. */
export async function settingsOf(worktree: string, git: TreeGit, place: GitPlace): Promise<GitSettings | null> {
  try {
    return await readSettings(createGitRun(git), { path: worktree, ...place });
  } catch (error) {
    if (error instanceof PawlError || systemCode(error) !== undefined) return null;
    throw error;
  }
}

/**
 * The worktree's files, and what git keeps of it in its repository (at `place`, where that is known), are durable, whatever a worker has made of
 * the worktree's link. Throws PAWL_STORE_SYNC_FAILED.
 */
export async function makeDurable(worktree: string, place?: GitPlace): Promise<void> {
  const claimed = worktreeAt(worktree, place);
  await syncDisks(claimed === null ? [worktree] : [worktree, claimed.adminDir]);
}
