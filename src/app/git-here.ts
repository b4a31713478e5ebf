/**
 * Git in the repository that the options mean, with this process's environment and this machine's file system.
 *
 * Owns: constructing git. Does not own: calling it (adapters/git).
 */
import { syncDisks } from '../adapters/disk-sync.ts';
import type { GitOptions } from '../adapters/git/git.ts';
import type { Places } from './options.ts';

/** Git; `helperFd` is the lock's descriptor, null for a process that holds none. */
export function gitHere({ repository }: Pick<Places, 'repository'>, helperFd: number | null): GitOptions {
  return { repository: repository.mainWorktree, helperFd, environment: process.env, syncDisks };
}
