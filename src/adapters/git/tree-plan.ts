/**
 * Which tree holds all the files of a worktree that git does not ignore: the one answer that host and runner must give alike.
 *
 * Owns: the calls, in order, and what they mean. Does not own: running them (run-git).
 * Free of zod and xstate: the worker host loads this file.
 *
 * Invariants: 1. The worktree's own index is read and never written. 2. Whoever asks, the same files give the same tree.
 */

import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../model/error.ts';
import { ANSWER_FOLDER } from '../../model/request.ts';
import { type GitCall, type GitOutput, pathStream } from './run-git.ts';
import { TEMPORARY_INDEX } from './stale-locks.ts';
import { inWorktree, type Worktree } from './worktree.ts';

/** The tree of a worktree's files, or why there is none. */
export type TreeFinding =
  | { readonly kind: 'tree'; readonly tree: string; readonly nested: readonly string[] }
  /** Conflicts that nobody has resolved. */
  | { readonly kind: 'unmerged'; readonly paths: readonly string[] }
  /** Git repositories inside of the worktree, which a commit cannot hold. */
  | { readonly kind: 'nested'; readonly paths: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** `strict` refuses what a commit cannot hold; `rescue` keeps what can be kept, conflict marks included, whatever the state. */
export type TreeMode = 'strict' | 'rescue';

const PATHS_LISTED = 20;

/**
 * The calls that find the tree, each waiting for the last one's output.
 * Leaves unreferenced objects behind and nothing else.
 */
export function* treePlan(worktree: Worktree, mode: TreeMode): Generator<GitCall, TreeFinding, GitOutput> {
  const index = join(worktree.adminDir, `${TEMPORARY_INDEX}${randomBytes(6).toString('hex')}`);
  const env = { GIT_INDEX_FILE: index };
  try {
    const hasIndex = copyIndex(join(worktree.adminDir, 'index'), index);
    const unmerged = new Set<string>();
    const onBytes = pathStream((entry) => unmerged.add(entry.slice(entry.indexOf('\t') + 1)));
    const look = yield inWorktree(worktree, ['ls-files', '-u', '-z'], { env, answers: [0, 128], onBytes });
    if (look.exitCode !== 0 && mode === 'strict') return { kind: 'failed', reason: look.problem };
    if (mode === 'strict' && unmerged.size > 0)
      return { kind: 'unmerged', paths: [...unmerged].slice(0, PATHS_LISTED) };
    if (look.exitCode !== 0 || !hasIndex) {
      rmSync(index, { force: true });
      // Without a commit checked out the index starts empty, which is right as well.
      yield inWorktree(worktree, ['read-tree', 'HEAD'], { env, answers: [0, 128] });
    }
    const nested = yield* nestedPlan(worktree, env);
    if (mode === 'strict' && nested.length > 0) return { kind: 'nested', paths: nested.slice(0, PATHS_LISTED) };
    const skipped = [ANSWER_FOLDER, ...nested].map((path) => `:(top,exclude,literal)${path.replace(/\/$/, '')}`);
    const add = ['add', '-A', '--', ':/', ...skipped];
    const added = yield inWorktree(worktree, add, { env, answers: [0, 1, 128] });
    // Exit 1 says that an excluded path is ignored besides; a file that could not be read is fatal and ends with 128.
    const isAdded =
      added.exitCode === 0 || (added.exitCode === 1 && added.problem.startsWith('The following paths are ignored'));
    if (!isAdded) return { kind: 'failed', reason: added.problem };
    const written = yield inWorktree(worktree, ['write-tree'], { env, answers: [0, 128] });
    if (written.exitCode !== 0) return { kind: 'failed', reason: written.problem };
    return { kind: 'tree', tree: written.text.trim(), nested };
  } finally {
    rmSync(index, { force: true });
    rmSync(`${index}.lock`, { force: true });
  }
}

/** Untracked git repositories inside of a worktree, each with a slash at its end. */
export function* nestedPlan(
  worktree: Worktree,
  env: Readonly<Record<string, string>> = {},
): Generator<GitCall, string[], GitOutput> {
  const nested: string[] = [];
  // One by one, untracked files never end in a slash: what does is a repository that git will not look into.
  const onBytes = pathStream((path) => {
    if (path.endsWith('/')) nested.push(path);
  });
  const list = ['ls-files', '--others', '--exclude-standard', '-z'];
  yield inWorktree(worktree, list, { env, answers: [0, 128], isRead: true, onBytes });
  return nested;
}

/**
 * Copies an index for its remembered file times. The copy must not look younger than the original: git trusts an entry as unchanged
 * only if it is older than the index, and a younger copy would hide a change made in the same clock tick.
 */
function copyIndex(from: string, to: string): boolean {
  if (!existsSync(from)) return false;
  try {
    copyFileSync(from, to);
    const seconds = (Math.floor(statSync(from).mtimeMs) - 1) / 1_000;
    utimesSync(to, seconds, seconds);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Runs a plan: each of its calls is answered by `run`. */
export async function performPlan<T>(
  plan: Generator<GitCall, T, GitOutput>,
  run: (call: GitCall) => Promise<GitOutput>,
): Promise<T> {
  let step = plan.next();
  while (!step.done) {
    let output: GitOutput;
    try {
      output = await run(step.value);
    } catch (error) {
      step = plan.throw(error);
      continue;
    }
    step = plan.next(output);
  }
  return step.value;
}
