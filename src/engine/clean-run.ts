/**
 * Removing what an ended run has left on disk.
 *
 * Owns: the order of the steps for one run. Does not own: git (adapters/git/removal), deleting (adapters/trash), which runs are cleaned (app/cleaning).
 *
 * Invariants: 1. Made only with the registry lock held, for a run that has ended; a run that is set aside is never touched. 2. What exists only in the
 * worktree is kept under a ref, durably, before the worktree goes. 3. A record that the run existed, and how it ended, is durable before its folder
 * goes: its packet never runs again unnoticed. 4. Killed at any step and started again, it has the same result.
 */
import type { ClockPort } from '../ports/clock.ts';
import type { TrashPort } from '../ports/trash.ts';
import type { BranchFate, WorktreeLook, WorktreeRemover } from '../ports/worktree-remover.ts';
import { isCleanable } from '../run/clean-choice.ts';
import { storyOf } from '../run/run-story.ts';
import type { RunView } from '../run/run-view.ts';
import type { Files } from '../store/files.ts';
import type { RegistryPaths } from '../store/registry-paths.ts';
import { noteCleaned, readCleaned, recordRemoval } from '../store/removed-runs.ts';
import { recordsOf } from './run-look.ts';

/** The tools that clean a run. */
export interface CleanTools {
  readonly files: Files;
  readonly paths: RegistryPaths;
  readonly clock: ClockPort;
  readonly git: WorktreeRemover;
  readonly trash: TrashPort;
  /** Who asked for it. */
  readonly by: string;
}

/** What to remove of a run. */
export interface CleanRequest {
  /** The whole folder of the run, evidence included, and not only its worktree. */
  readonly removesFolders: boolean;
  readonly keepsBranches: boolean;
  /** Branches of runs that have not ended: they stay. */
  readonly liveBranches: ReadonlySet<string>;
}

/** What was removed, or would be. */
export interface CleanResult {
  readonly runId: string;
  readonly taskId: string;
  readonly state: string;
  readonly endedAtMs: number;
  readonly worktree: WorktreeLook;
  readonly worktreeBytes: number;
  readonly rescueRef: string | null;
  /** The folder of what was in the worktree and no commit can hold; null when there was nothing of that kind. */
  readonly keptFolder: string | null;
  readonly removesFolder: boolean;
  readonly folderBytes: number;
  /** Null where removing the branch was not requested. */
  readonly branch: { readonly name: string; readonly fate: BranchFate } | null;
}

/** What there is to remove of the run; nothing is changed. */
export async function lookAtLeftovers(tools: CleanTools, view: RunView, wish: CleanRequest): Promise<CleanResult> {
  const { paths, git, trash } = tools;
  const worktree = await git.look(paths.worktree(view.runId));
  const removesFolder = wish.removesFolders && mayGo(worktree);
  const spec = branchSpec(tools, view, wish);
  return {
    ...headOf(view),
    worktree,
    worktreeBytes: await trash.bytesOf(paths.worktree(view.runId)),
    rescueRef: readCleaned(tools.files, paths, view.runId)?.rescueRef ?? null,
    keptFolder: keptFolder(tools, view),
    removesFolder,
    folderBytes: await trash.bytesOf(paths.run(view.runId)),
    branch: spec === null ? null : { name: spec.branch, fate: await git.branchFate(spec) },
  };
}

/** True when something of the run was or would be removed, or must stay although its removal was requested. */
export function hasLeftovers({ worktree, removesFolder, branch }: CleanResult): boolean {
  return worktree !== 'absent' || removesFolder || branch?.fate === 'merged';
}

/** Cleans the run. Throws where git or the disk refuses: what was done until then stands, and a second call continues from there. */
export async function cleanRun(tools: CleanTools, view: RunView, wish: CleanRequest): Promise<CleanResult> {
  if (!isCleanable(view)) throw new Error(`bug: ${view.runId} is ${view.state} and was to be cleaned`);
  const { paths, git, trash } = tools;
  const found = await lookAtLeftovers(tools, view, wish);
  const rescueRef = found.worktree === 'ours' ? await removeWorktree(tools, view) : found.rescueRef;
  const spec = branchSpec(tools, view, wish);
  // Before the folder: only the folder says what the branch was based on.
  const branch = spec === null ? null : { name: spec.branch, fate: await git.dropBranch(spec) };
  if (found.removesFolder) {
    await recordRemoval(tools.files, paths, { ...removalOf(view), removedAtMs: tools.clock.nowMs(), by: tools.by });
    await trash.take(paths.run(view.runId));
  }
  return { ...found, rescueRef, keptFolder: keptFolder(tools, view), branch };
}

function keptFolder({ files, paths }: CleanTools, { runId }: RunView): string | null {
  const folder = paths.keptByClean(runId);
  return files.exists(folder) ? folder : null;
}

async function removeWorktree(tools: CleanTools, view: RunView): Promise<string | null> {
  const { files, paths, clock, git, trash, by } = tools;
  const worktree = paths.worktree(view.runId);
  const rescueRef = await git.keep({ runId: view.runId, worktree, commit: view.headCommit ?? view.baseCommit });
  await noteCleaned(files, paths, view.runId, { atMs: clock.nowMs(), by, rescueRef });
  await trash.take(worktree);
  await git.forget(worktree);
  return readCleaned(files, paths, view.runId)?.rescueRef ?? rescueRef;
}

/** A run whose worktree must stay keeps its folder, which says whose worktree it is. */
function mayGo(worktree: WorktreeLook): boolean {
  return worktree === 'ours' || worktree === 'absent';
}

function branchSpec(
  { files, paths }: CleanTools,
  view: RunView,
  wish: CleanRequest,
): Parameters<WorktreeRemover['dropBranch']>[0] | null {
  const { branch, runId } = view;
  if (wish.keepsBranches || branch === '' || wish.liveBranches.has(branch)) return null;
  const { baseBranch, headCommit } = storyOf(recordsOf({ files, paths }, runId));
  if (baseBranch === null) return null;
  return { branch, baseBranch, commit: headCommit, worktree: paths.worktree(runId) };
}

function headOf(view: RunView): Pick<CleanResult, 'runId' | 'taskId' | 'state' | 'endedAtMs'> {
  const { runId, taskId, state, updatedAtMs } = view;
  return { runId, taskId, state, endedAtMs: updatedAtMs ?? 0 };
}

function removalOf(view: RunView) {
  const { branch, baseCommit, headCommit, spent } = view;
  return { ...headOf(view), branch, baseCommit, headCommit, spent };
}
