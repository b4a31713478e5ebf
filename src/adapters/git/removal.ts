/**
 * The end of a run's worktree: nothing that is only there is lost, and git forgets that it was there.
 *
 * Owns: finding it, the rescue before it goes, its administration, a branch that adds nothing. Does not own: its folder (adapters/trash), when it
 * may go (engine/clean-run).
 *
 * Invariants: 1. Only a worktree that the repository's own administration has at that path is touched (L8). 2. What no commit of a ref holds is
 * under a rescue ref, durably, before anything goes; the ref is created, never moved. 3. Killed at any step and called again it ends in the same place.
 */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../model/error.ts';
import type { BranchFate, WorktreeLook, WorktreeRemover } from '../../ports/worktree-remover.ts';
import { textOf } from './git-files.ts';
import { createRef, moveNested, ownCommits, rescueRef } from './rescue.ts';
import { gitFailure } from './run-git.ts';
import { removeStaleLocks } from './stale-locks.ts';
import { filledSubmodules } from './submodules.ts';
import {
  branchHolders,
  commitOf,
  findWorktree,
  type GitContext,
  inRepository,
  isDescended,
  keptBeside,
  lookAtFolder,
  mendLink,
  moveAside,
  treeOf,
  type Worktree,
} from './worktree.ts';
import { findTree, type TreeFinding } from './worktree-tree.ts';

type KeepSpec = Parameters<WorktreeRemover['keep']>[0];
type BranchSpec = Parameters<WorktreeRemover['dropBranch']>[0];

/** What cleaning has kept goes by this name. */
const CLEAN = 'clean';
/** Rescues of one worktree: a second one is only made when somebody has worked in it after the first. */
const RESCUES_MAX = 100;

/** The remover for one repository. */
export function createWorktreeRemover(git: GitContext): WorktreeRemover {
  return {
    look: (path) => look(git, path),
    keep: (spec) => keep(git, spec),
    async forget(path) {
      const worktree = findWorktree(git.commonDir, path);
      if (worktree !== null && lookAtFolder(path) === 'absent') removeAdministration(worktree);
    },
    dropBranch: (spec) => dropBranch(git, spec),
    branchFate: (spec) => branchFate(git, spec),
  };
}

async function look(git: GitContext, path: string): Promise<WorktreeLook> {
  const folder = lookAtFolder(path);
  const worktree = findWorktree(git.commonDir, path);
  if (worktree === null) return folder === 'absent' ? 'absent' : 'foreign';
  if (folder === 'other') return 'foreign';
  // A killed `worktree add` leaves a lock of git's own.
  const lock = textOf(join(worktree.adminDir, 'locked'));
  if (lock !== null && lock.trim() !== 'initializing') return 'locked';
  return existsSync(join(worktree.adminDir, 'modules')) ? 'submodules' : 'ours';
}

async function keep(git: GitContext, spec: KeepSpec): Promise<string | null> {
  const worktree = findWorktree(git.commonDir, spec.worktree);
  if (worktree === null) return null;
  const kept = keptBeside(spec.worktree);
  const hasFolder = lookAtFolder(spec.worktree) !== 'absent';
  if (hasFolder) mendLink(worktree, kept);
  await removeStaleLocks(git, worktree, null);
  const ref = await keepWork(git, worktree, spec, hasFolder);
  // A repository inside of it, or what lies below a submodule, cannot be part of a commit: it moves out whole.
  if (hasFolder) {
    await moveNested(git, worktree, join(kept, CLEAN));
    for (const path of await filledSubmodules(git, worktree))
      moveAside(join(worktree.path, path), join(kept, CLEAN), path);
  }
  await git.syncDisks([git.commonDir, spec.worktree]);
  return ref;
}

async function keepWork(
  git: GitContext,
  worktree: Worktree,
  spec: KeepSpec,
  hasFolder: boolean,
): Promise<string | null> {
  const head = (await commitOf(git, 'HEAD', worktree)) ?? spec.commit;
  const parents = head === null ? [] : await ownCommits(git, worktree, head, null);
  const [first] = parents;
  const headTree = first === undefined ? null : await treeOf(git, first);
  const tree = hasFolder ? treeIn(worktree, await findTree(git.run, worktree, head, 'rescue')) : headTree;
  if (tree === null) return null;
  for (let n = 1; n <= RESCUES_MAX; n += 1) {
    const ref = rescueRef(spec.runId, n === 1 ? CLEAN : `${CLEAN}-${n}`);
    if ((await commitOf(git, ref)) === null) {
      if (tree === headTree && (await areAllHeld(git, parents))) return null;
      await createRef(git, ref, tree, parents, 'Rescue of what was left in the worktree\n');
    }
    if (await holds(git, ref, tree, parents)) return ref;
  }
  throw gitFailure(['update-ref'], worktree.path, `${RESCUES_MAX} rescue refs hold something else`);
}

function treeIn(worktree: Worktree, found: TreeFinding): string {
  if (found.kind === 'tree') return found.tree;
  throw gitFailure(['add', '-A'], worktree.path, found.kind === 'failed' ? found.reason : found.kind);
}

async function holds(git: GitContext, ref: string, tree: string, parents: readonly string[]): Promise<boolean> {
  if ((await treeOf(git, ref)) !== tree) return false;
  for (const parent of parents) if (!(await isDescended(git, parent, ref))) return false;
  return true;
}

/** True when some ref leads to each of the commits: then they stay when HEAD of the worktree is gone. */
async function areAllHeld(git: GitContext, commits: readonly string[]): Promise<boolean> {
  for (const commit of commits) {
    const args = ['for-each-ref', '--count=1', '--format=%(refname)', `--contains=${commit}`];
    if ((await git.run(inRepository(git, args, { isRead: true }))).text.trim() === '') return false;
  }
  return true;
}

/** Git knows the worktree no more. What it is found by goes last: killed half-way, it is found again. */
function removeAdministration({ adminDir }: Worktree): void {
  const last = ['commondir', 'HEAD', 'gitdir'];
  for (const name of readdirSync(adminDir)) {
    if (!last.includes(name)) rmSync(join(adminDir, name), { recursive: true, force: true });
  }
  for (const name of last) rmSync(join(adminDir, name), { force: true });
  try {
    rmdirSync(adminDir);
  } catch (error) {
    // Something of the user's, made this instant: git itself prunes what is left.
    if (!['ENOENT', 'ENOTEMPTY'].includes(systemCode(error) ?? '')) throw error;
  }
}

/** What would become of the branch. */
async function branchFate(git: GitContext, { branch, baseBranch, commit, worktree }: BranchSpec): Promise<BranchFate> {
  const ref = `refs/heads/${branch}`;
  const head = await commitOf(git, ref);
  if (head === null) return 'absent';
  if (head !== commit) return 'moved';
  const config = ['config', '--get', `branch.${branch}.remote`];
  if ((await git.run(inRepository(git, config, { answers: [0, 1], isRead: true }))).exitCode === 0) return 'tracked';
  if ((await branchHolders(git, branch, worktree)).length > 0) return 'checkedOut';
  for (const base of [`refs/heads/${baseBranch}`, `refs/remotes/origin/${baseBranch}`]) {
    const at = base === ref ? null : await commitOf(git, base);
    if (at !== null && (await isDescended(git, head, at))) return 'merged';
  }
  return 'unmerged';
}

async function dropBranch(git: GitContext, spec: BranchSpec): Promise<BranchFate> {
  const fate = await branchFate(git, spec);
  if (fate !== 'merged' || spec.commit === null) return fate;
  // With the commit that it must be at: somebody who has moved it meanwhile keeps it.
  const args = ['update-ref', '-m', 'pawl: merged', '-d', `refs/heads/${spec.branch}`, spec.commit];
  const done = await git.run(inRepository(git, args, { answers: [0, 1, 128] }));
  return done.exitCode === 0 ? 'merged' : 'moved';
}
