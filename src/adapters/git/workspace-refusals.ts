/**
 * When a run's worktree may not be made, finished or reused.
 *
 * Owns: the rules on what was found, each with its blocker. Does not own: finding it, and making the worktree (workspace).
 *
 * Invariant: nothing here changes anything.
 */

import { type BlockerParams, blocker } from '../../model/blocker.ts';
import { ANSWER_FOLDER } from '../../model/request.ts';
import type { WorkspaceResult, WorkspaceSpec } from '../../ports/git.ts';
import { branchesInWay, branchInWay } from './damaged-refs.ts';
import { shown } from './git-environment.ts';
import { worktreeState } from './inspection.ts';
import { inOwn, takeCommit, withOwnGit } from './own-git.ts';
import { refusal } from './refusal.ts';
import { pathStream } from './run-git.ts';
import { canonicalPath, type FolderLook, type GitContext, headRef, isDescended, type Worktree } from './worktree.ts';
import type { Base, Mark } from './worktree-marks.ts';

/** The workspace cannot be prepared; nothing was changed. */
export type Refused = Extract<WorkspaceResult, { kind: 'refused' }>;

/** What is there before anything is done. */
export interface Found {
  readonly folder: FolderLook;
  readonly worktree: Worktree | null;
  readonly ready: Mark | null;
  readonly making: Mark | null;
}

/** True when nothing stands in the worktree's place, or an empty folder. */
export function isVacant(folder: FolderLook): boolean {
  return folder === 'absent' || folder === 'empty';
}

/** Only a worktree of an ended run may be made to release the branch. */
export function refuseHeld(spec: WorkspaceSpec, holders: readonly string[]): Refused | null {
  const ended = new Set(spec.endedWorktrees.map(canonicalPath));
  const holder = holders.find((path) => !ended.has(canonicalPath(path)));
  if (holder === undefined) return null;
  const names = { branch: shown(spec.branch), path: shown(holder) };
  return refusal(blocker('PAWL_WORKSPACE_BRANCH_ELSEWHERE', names, [holder]));
}

/** True when the base has all that the branch has, and more: moved there, the branch loses nothing. */
export async function isBehind(git: GitContext, base: Base, branchHead: string): Promise<boolean> {
  return branchHead !== base.commit && (await isDescended(git, branchHead, base.commit));
}

/** An existing branch must descend from the base; a new one must have a name that is free. */
export async function refuseHistory(
  git: GitContext,
  spec: WorkspaceSpec,
  base: Base,
  branchHead: string | null,
): Promise<Refused | null> {
  if (branchHead === null) return refuseName(git, spec);
  if (await isDescended(git, base.commit, branchHead)) return null;
  const names = { branch: shown(spec.branch), base: shown(base.branch) };
  return refusal(blocker('PAWL_WORKSPACE_DIVERGED', { reason: 'fromBase', ...names }, [branchHead, base.commit]));
}

/** Git keeps branches as files: `a` and `a/b` cannot both be. */
async function refuseName(git: GitContext, spec: WorkspaceSpec): Promise<Refused | null> {
  const inWay = await branchesInWay(git, spec.branch);
  if (inWay.length === 0) return null;
  return refusal(branchInWay(spec.branch, inWay));
}

/** What lies in the folder may be overwritten only if it is what a killed checkout of `start` leaves. */
export async function refuseDirty(
  git: GitContext,
  spec: WorkspaceSpec,
  found: Found,
  start: string,
): Promise<Refused | null> {
  const { worktree, folder } = found;
  if (worktree === null || isVacant(folder)) return null;
  const dirty = (params: BlockerParams['PAWL_WORKSPACE_DIRTY'], evidence: readonly string[]): Refused =>
    refusal(blocker('PAWL_WORKSPACE_DIRTY', params, evidence));
  const path = shown(spec.worktree);
  const branch = shown(spec.branch);
  const ref = await headRef(git, worktree);
  if (found.ready !== null) {
    const state = await worktreeState(git, worktree);
    const isOnBranch = state.branch === spec.branch || (state.branch === null && state.head === start);
    const at = shown(state.branch ?? state.head);
    if (!isOnBranch) return dirty({ reason: 'elsewhere', path, at, branch }, [state.head]);
    const changes = [...state.trackedChanges, ...state.untracked];
    return changes.length === 0 ? null : dirty({ reason: 'changes', path }, changes);
  }
  if (folder === 'linkOnly') return null;
  if (ref !== `refs/heads/${spec.branch}` && !(ref === null && found.making !== null)) {
    return dirty({ reason: 'halfMade', path, ref: ref === null ? null : shown(ref), branch }, []);
  }
  const strangers = await strangersIn(git, worktree, start);
  return strangers.length === 0 ? null : dirty({ reason: 'strangers', path }, strangers);
}

/** Files that neither `commit` has nor git ignores: judged by the commit, for a killed checkout leaves files before their index. */
async function strangersIn(git: GitContext, worktree: Worktree, commit: string): Promise<string[]> {
  const strangers: string[] = [];
  const onBytes = pathStream((path) => {
    if (strangers.length < 20 && !path.startsWith(`${ANSWER_FOLDER}/`)) strangers.push(path);
  });
  await withOwnGit(git.run, worktree, commit, async (own) => {
    await takeCommit(own, commit);
    const list = ['ls-files', '--others', '--exclude-standard', '-z'];
    await git.run(inOwn(own, list, { isRead: true, onBytes }));
  });
  return strangers;
}
