/**
 * Lock files that a killed agent or helper left behind.
 *
 * Owns: which locks may be removed, and when. Does not own: proving that nobody of ours lives (callers do, design 5 rules 8, 9, 11).
 *
 * Invariants: 1. Only locks of this worktree, of this run's branch and of its rescue refs are ever removed (L8).
 * 2. The lock of a ref may be the user's own git at work: it is removed only if it is the same file after BOUNDS.gitRefLockMs.
 */
import { lstatSync, readdirSync, rmSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { systemCode } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import { OWN_GIT } from './own-git.ts';
import type { GitContext, Worktree } from './worktree.ts';

const POLL_MS = 50;
const LOOKS_MAX = 400;

/** Names inside of a worktree's administration that stand for something of ours that is under way, or of a killed one. */
const OURS = [OWN_GIT, 'pawl-index-'];

/** No stale lock of the worktree, nor of `branch` (null: of no branch), stands in the way of git. */
export async function removeStaleLocks(git: GitContext, worktree: Worktree, branch: string | null): Promise<void> {
  for (const name of adminNames(worktree.adminDir)) {
    const isStale =
      name === 'index.lock' ||
      name === 'HEAD.lock' ||
      OURS.some((begin) => name.startsWith(begin)) ||
      /^pawl-.*\.tmp$/.test(name);
    if (isStale) rmSync(join(worktree.adminDir, name), { recursive: true, force: true });
  }
  if (branch !== null) await removeStaleRefLock(git, `refs/heads/${branch}`);
}

function adminNames(adminDir: string): string[] {
  try {
    return readdirSync(adminDir);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function lockStat(lock: string): Stats | undefined {
  try {
    return lstatSync(lock, { throwIfNoEntry: false });
  } catch (error) {
    // A part of the branch's name is a branch itself.
    if (systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** No stale lock stands on `ref`: the run's branch, or a ref that only Pawl makes. */
export async function removeStaleRefLock(git: GitContext, ref: string): Promise<void> {
  const lock = join(git.commonDir, `${ref}.lock`);
  let seen = '';
  let looksAtSame = 0;
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const stat = lockStat(lock);
    if (stat === undefined || !stat.isFile()) return;
    const now = `${stat.ino} ${stat.ctimeMs}`;
    looksAtSame = now === seen ? looksAtSame + 1 : 0;
    seen = now;
    if (looksAtSame * POLL_MS >= BOUNDS.gitRefLockMs) return rmSync(lock, { force: true });
    await wait(POLL_MS);
  }
}
