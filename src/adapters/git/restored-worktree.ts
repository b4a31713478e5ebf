/**
 * A worktree that a run had is there again, whatever has become of its folder, its administration or its branch.
 *
 * Owns: the order in which they are mended, and when they are not. Does not own: what is wrong with each (damaged-worktree, damaged-refs), its
 * content (rescue).
 *
 * Invariants: 1. Nothing of somebody else is touched: a repository or a worktree in its place, a worktree that holds its branch, a branch in the
 * way. 2. A refusal changes nothing but the run's own registration. 3. What has content is moved to `keptFolder`, never removed.
 */
import { existsSync, lstatSync } from 'node:fs';
import { basename, join } from 'node:path';
import { blockerError } from '../../blockers/blocker-error.ts';
import { blocker } from '../../model/blocker.ts';
import type { GitPort } from '../../ports/git.ts';
import { branchesInWay, branchInWay, clearBranchPlace, mendBranch } from './damaged-refs.ts';
import {
  findOwnWorktree,
  findUnregistered,
  isLinkLeftOver,
  mendCommonDirs,
  mendRegistration,
} from './damaged-worktree.ts';
import { shown } from './git-environment.ts';
import { addWorktree } from './workspace.ts';
import { isVacant } from './workspace-refusals.ts';
import {
  branchHolders,
  commitOf,
  type GitContext,
  keptBeside,
  lookAtFolder,
  mendLink,
  moveAside,
  openWorktree,
  straysIn,
  type Worktree,
} from './worktree.ts';

/** The worktree to put back, and to which commit. */
export type ResetSpec = Parameters<GitPort['rescueAndReset']>[0];

/** Where that is kept which is found in the way, or which a commit cannot hold, such as repositories made by an agent. */
export function keptFolder(spec: ResetSpec): string {
  return join(keptBeside(spec.worktree), spec.name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^\.+/, '-'));
}

/**
 * The worktree, its folder, registration and link made again if an agent has removed them. Once the run's worktree was made in this place, files
 * there that nothing registers are what is left of it; another's repository or link there is refused.
 */
export async function restoredWorktree(git: GitContext, spec: ResetSpec): Promise<Worktree> {
  mendCommonDirs(git.commonDir);
  const folder = lookAtFolder(spec.worktree);
  const strays = straysIn(keptFolder(spec));
  const find = (): Worktree | null =>
    findOwnWorktree(git.commonDir, spec.worktree, spec.runId) ??
    findUnregistered(git.commonDir, spec.worktree, spec.runId);
  const found = find();
  const isLinked = found !== null && lstatSync(found.adminDir, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  // Git would look for everything beside the place that the link leads to.
  if (isLinked) moveAside(found.adminDir, strays, basename(found.adminDir));
  const known = isLinked ? find() : found;
  // First: a registration that leads elsewhere would hold the branch there.
  if (known !== null && existsSync(known.adminDir)) await mendRegistration(git, known, spec.commit, strays);
  const [holder] = await branchHolders(git, spec.branch, spec.worktree);
  if (holder !== undefined) {
    const names = { branch: shown(spec.branch), path: shown(holder) };
    const found = blocker('PAWL_WORKSPACE_BRANCH_ELSEWHERE', names, [holder]);
    throw blockerError(found, { subject: holder, kind: 'needsHuman' });
  }
  await clearBranchPlace(git, spec.branch, strays);
  await mendBranch(git, spec.branch, spec.commit);
  await refuseInWay(git, spec.branch);
  const isNothing = isVacant(folder) || isLinkLeftOver(git.commonDir, spec.worktree, folder);
  if (known === null && isNothing) return addWorktree(git, spec.worktree, spec.commit);
  const worktree = known ?? openWorktree(git, spec.worktree);
  await mendRegistration(git, worktree, spec.commit, strays);
  mendLink(worktree, keptFolder(spec));
  return worktree;
}

/** The branch can be made, as far as others are concerned. Throws PAWL_WORKSPACE_BRANCH_IN_WAY. */
async function refuseInWay(git: GitContext, branch: string): Promise<void> {
  if ((await commitOf(git, `refs/heads/${branch}`)) !== null) return;
  const inWay = await branchesInWay(git, branch);
  if (inWay.length === 0) return;
  throw blockerError(branchInWay(branch, inWay), { subject: branch, kind: 'needsHuman' });
}
