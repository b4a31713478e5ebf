/**
 * Which tree holds all the files of a worktree that git does not ignore: the one answer that host and runner must give alike.
 *
 * Owns: the steps to it, and what they mean. Does not own: the folder that they work in (own-git), running git (run-git).
 * Free of zod and xstate: the worker host loads this file.
 *
 * Invariants: 1. The worktree's own index is read and never written. 2. Whoever asks, the same files give the same tree: that of their bytes
 * as they lie there. 3. The folder for workers' answers is in no tree, whoever has added or committed it: no gate looks into it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ANSWER_FOLDER } from '../../model/request.ts';
import { inOwn, type OwnGit, takeCommit, takeEntries, withOwnGit } from './own-git.ts';
import { type GitRun, pathStream } from './run-git.ts';
import type { Worktree } from './worktree.ts';

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

/** The tree that the files of `worktree` make. `head`: the commit checked out, null when there is none. Leaves unreferenced objects behind and nothing else. */
export function findTree(run: GitRun, worktree: Worktree, head: string | null, mode: TreeMode): Promise<TreeFinding> {
  return withOwnGit(run, worktree, head, async (own): Promise<TreeFinding> => {
    const entries = await takeEntries(own, ANSWER_FOLDER);
    if (!entries.isRead && mode === 'strict') return { kind: 'failed', reason: entries.reason };
    if (mode === 'strict' && entries.isRead && entries.unmerged.length > 0)
      return { kind: 'unmerged', paths: entries.unmerged.slice(0, PATHS_LISTED) };
    const hasIndex = entries.isRead && existsSync(join(worktree.adminDir, 'index'));
    // Without a commit checked out the index starts empty, which is right as well.
    if (!hasIndex && head !== null) {
      await takeCommit(own, head);
      await run(
        inOwn(own, ['rm', '-r', '--cached', '--quiet', '--ignore-unmatch', '--', `:(top,literal)${ANSWER_FOLDER}`]),
      );
    }
    const nested = await findNested(own);
    if (mode === 'strict' && nested.length > 0) return { kind: 'nested', paths: nested.slice(0, PATHS_LISTED) };
    const skipped = [ANSWER_FOLDER, ...nested].map((path) => `:(top,exclude,literal)${path.replace(/\/$/, '')}`);
    const add = ['add', '-A', '--', ':/', ...skipped];
    const added = await run(inOwn(own, add, { answers: [0, 1, 128] }));
    // Exit 1 says that an excluded path is ignored besides; a file that could not be read is fatal and ends with 128.
    const isAdded =
      added.exitCode === 0 || (added.exitCode === 1 && added.problem.startsWith('The following paths are ignored'));
    if (!isAdded) return { kind: 'failed', reason: added.problem };
    const written = await run(inOwn(own, ['write-tree'], { answers: [0, 128] }));
    if (written.exitCode !== 0) return { kind: 'failed', reason: written.problem };
    return { kind: 'tree', tree: written.text.trim(), nested };
  });
}

/** Untracked git repositories inside of a worktree, each with a slash at its end. */
export async function findNested(own: OwnGit): Promise<string[]> {
  const nested: string[] = [];
  // One by one, untracked files never end in a slash: what does is a repository that git will not look into.
  const onBytes = pathStream((path) => {
    if (path.endsWith('/')) nested.push(path);
  });
  const list = ['ls-files', '--others', '--exclude-standard', '-z'];
  await own.run(inOwn(own, list, { answers: [0, 128], isRead: true, onBytes }));
  return nested;
}
