/**
 * When a run may not have its branch or its place at all, whatever the worktree's state.
 *
 * Owns: branches that nobody works on directly, paths that the system cannot hold. Does not own: the rules on what was found in
 * the worktree's place (workspace-refusals).
 *
 * Invariant: nothing here changes anything.
 */
import { join } from 'node:path';
import { type BlockerParams, blocker } from '../../model/blocker.ts';
import { areSameBranch, branchFault } from '../../packets/branch-name.ts';
import type { WorkspaceSpec } from '../../ports/git.ts';
import { shown } from './git-environment.ts';
import { refusal } from './refusal.ts';
import { defaultBranchesOf } from './repository-facts.ts';
import type { Refused } from './workspace-refusals.ts';
import type { GitContext } from './worktree.ts';

/** The longest path that the system takes, the NUL at its end included. */
const PATH_BYTES_MAX = process.platform === 'linux' ? 4_096 : 1_024;
/** What a worktree of ours must have room for below its own path: our answer folder, and files of an ordinary depth. */
const WORKTREE_ROOM_BYTES = 256;
const SHOWN_CHARS = 300;

/** `base`, where it is known already, and the repository's default branch are what work starts from and ends up in: no run moves them. */
export async function refuseProtected(
  git: GitContext,
  spec: WorkspaceSpec,
  base: string | null,
): Promise<Refused | null> {
  const isBase = base !== null && areSameBranch(spec.branch, base);
  const isDefault = (await defaultBranchesOf(git)).some((name) => areSameBranch(spec.branch, name));
  if (!isBase && !isDefault) return null;
  const params = { reason: isBase ? 'base' : 'default', branch: shown(spec.branch) } as const;
  return refusal(blocker('PAWL_WORKSPACE_BRANCH_PROTECTED', params, [spec.branch]));
}

/** A branch whose ref or lock, or a worktree whose files, would have a longer path than the system takes. */
export function refuseLongPaths(git: GitContext, spec: WorkspaceSpec): Refused | null {
  const branch = shown(spec.branch.slice(0, SHOWN_CHARS));
  const tooLong = (params: BlockerParams['PAWL_WORKSPACE_PATH_TOO_LONG'], path: string): Refused =>
    refusal(blocker('PAWL_WORKSPACE_PATH_TOO_LONG', params, [path]));
  const fault = branchFault(spec.branch);
  if (fault !== null) return tooLong({ ...fault, branch }, branch);
  const ref = join(git.commonDir, 'logs', 'refs', 'heads', `${spec.branch}.lock`);
  if (Buffer.byteLength(ref) >= PATH_BYTES_MAX) {
    return tooLong({ reason: 'noRoom', branch, folder: shown(git.commonDir) }, branch);
  }
  const bytes = Buffer.byteLength(spec.worktree);
  if (bytes + WORKTREE_ROOM_BYTES < PATH_BYTES_MAX) return null;
  return tooLong({ reason: 'worktree', bytes }, spec.worktree.slice(0, SHOWN_CHARS));
}
