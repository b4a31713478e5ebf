/**
 * When a run may not have its branch or its place at all, whatever the worktree's state.
 *
 * Owns: branches that nobody works on directly, paths that the system cannot hold. Does not own: the rules on what was found in
 * the worktree's place (workspace-refusals).
 *
 * Invariant: nothing here changes anything.
 */
import { join } from 'node:path';
import { areSameBranch, branchProblem } from '../../core/branch-name.ts';
import type { WorkspaceSpec } from '../../ports/git.ts';
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
  return refusal(
    'PAWL_WORKSPACE_BRANCH_PROTECTED',
    `The branch ${spec.branch} is the ${isBase ? 'base of the work' : 'default branch of the repository'}: a run works on a branch of its own.`,
    'Give the packet a branch of its own and submit it again (a changed packet is a new run), and abandon this run.',
    [spec.branch],
  );
}

/** A branch whose ref or lock, or a worktree whose files, would have a longer path than the system takes. */
export function refuseLongPaths(git: GitContext, spec: WorkspaceSpec): Refused | null {
  const branch = spec.branch.slice(0, SHOWN_CHARS);
  const ref = join(git.commonDir, 'logs', 'refs', 'heads', `${spec.branch}.lock`);
  const problem =
    branchProblem(spec.branch) ?? (Buffer.byteLength(ref) < PATH_BYTES_MAX ? null : `is too long for ${git.commonDir}`);
  if (problem !== null) {
    return refusal(
      'PAWL_WORKSPACE_PATH_TOO_LONG',
      `The branch ${branch} ${problem}.`,
      'Give the packet a shorter branch name and submit it again (a changed packet is a new run), and abandon this run.',
      [branch],
    );
  }
  if (Buffer.byteLength(spec.worktree) + WORKTREE_ROOM_BYTES < PATH_BYTES_MAX) return null;
  return refusal(
    'PAWL_WORKSPACE_PATH_TOO_LONG',
    `The path of the worktree leaves no room for files below it: it has ${Buffer.byteLength(spec.worktree)} bytes.`,
    'Keep the registry in a folder with a shorter path (--registry DIR), submit the packet there, and abandon this run.',
    [spec.worktree.slice(0, SHOWN_CHARS)],
  );
}
