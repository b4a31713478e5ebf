/**
 * Files of a worktree written as a commit holds them, and its index made to say so.
 *
 * Owns: putting files and index at a commit, settling the index alone. Does not own: HEAD and branches (workspace, rescue).
 *
 * Invariant: every file has the very bytes of its object, whatever attributes and settings say, so that an untouched worktree makes the
 * commit's tree. Plain git, which would convert them, takes them for unchanged by their recorded times.
 */
import { giveIndex, inOwn, takeCommit, takeEntries, withOwnGit } from './own-git.ts';
import type { GitContext, Worktree } from './worktree.ts';

/** Tracked files and index are as `commit` has them; files that are in neither stay. */
export function checkOut(git: GitContext, worktree: Worktree, commit: string): Promise<void> {
  return withOwnGit(git.run, worktree, commit, async (own) => {
    // An index that git cannot read names nothing that would have to be removed.
    const { isRead } = await takeEntries(own);
    if (isRead) await refresh(own);
    await own.run(inOwn(own, ['reset', '--hard', '--quiet']));
    giveIndex(own);
  });
}

/** The worktree's index says what `commit` says; no file is touched. */
export function settleIndex(git: GitContext, worktree: Worktree, commit: string): Promise<void> {
  return withOwnGit(git.run, worktree, commit, async (own) => {
    await takeCommit(own, commit);
    await refresh(own);
    giveIndex(own);
  });
}

/** Files that are as the index says are known to be so: they are not written again. */
async function refresh(own: Parameters<typeof inOwn>[0]): Promise<void> {
  await own.run(inOwn(own, ['update-index', '-q', '--refresh'], { answers: [0, 1] }));
}
