/**
 * The worktree of a run: made once, on the run's branch, whatever was half-done before.
 *
 * Owns: finding what is there, the base, and the steps of making it.
 * Does not own: the rules on when it may be made (workspace-refusals), its content afterwards (commit, rescue), the registry's folder (store).
 *
 * Invariants: 1. A refusal changes nothing, but that what a power cut has left without content in our own administration is mended. 2. Killed at any step and called again it ends in the same place: a note inside the worktree's own
 * administration says from which commit it is being made, and its last step renames that note to say that it is whole.
 * 3. The user's checkout and other worktrees are never touched, but for worktrees of ended runs, which let go of the branch (L8).
 */
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { blocker } from '../../model/blocker.ts';
import type { Blocker } from '../../model/error.ts';
import type { WorkspaceResult, WorkspaceSpec } from '../../ports/git.ts';
import { refuseLongPaths, refuseProtected } from './branch-refusals.ts';
import { checkOut } from './checkout.ts';
import { clearBranchPlace, mendBranch } from './damaged-refs.ts';
import {
  findOwnWorktree,
  isLinkLeftOver,
  mendCommonDirs,
  mendRegistration,
  removeOrphans,
} from './damaged-worktree.ts';
import { shown } from './git-environment.ts';
import { swapFile } from './git-files.ts';
import { refusal } from './refusal.ts';
import { symbolicTarget } from './repository-facts.ts';
import { refuseFilters } from './repository-filters.ts';
import { removeStaleLocks } from './stale-locks.ts';
import {
  type Found,
  isBehind,
  isVacant,
  type Refused,
  refuseDirty,
  refuseHeld,
  refuseHistory,
} from './workspace-refusals.ts';
import {
  branchHolders,
  commitOf,
  detach,
  findWorktree,
  type GitContext,
  headRef,
  inAdministration,
  inRepository,
  keptBeside,
  lookAtFolder,
  mendLink,
  straysIn,
  type Worktree,
} from './worktree.ts';
import { type Base, MAKING_MARK, markOf, READY_MARK, readMark } from './worktree-marks.ts';

/** What was found before anything is done, all of it in order. */
interface Seen {
  readonly found: Found;
  readonly base: Base;
  readonly branchHead: string | null;
  /** The commit that the branch is to be at. */
  readonly start: string;
  /** Worktrees of ended runs that still hold the branch. */
  readonly holders: readonly string[];
}

/** The run's worktree is there, clean, on its branch, or a blocker says why it cannot be. */
export async function prepareWorkspace(git: GitContext, spec: WorkspaceSpec): Promise<WorkspaceResult> {
  await mendOwn(git, spec);
  const seen = await examine(git, spec);
  if ('kind' in seen) return seen;
  for (const holder of seen.holders) await releaseBranch(git, holder);
  return make(git, spec, seen);
}

/** The blocker that `prepareWorkspace` would answer with now; null when it would make the worktree. Changes nothing. */
export async function workspaceProblem(git: GitContext, spec: WorkspaceSpec): Promise<Blocker | null> {
  const seen = await examine(git, spec);
  return 'kind' in seen ? seen.blocker : null;
}

/** What a power cut has left of this run's own worktree and branch can be read by git again. */
async function mendOwn(git: GitContext, { worktree: path, branch, runId }: WorkspaceSpec): Promise<void> {
  mendCommonDirs(git.commonDir);
  const worktree = findOwnWorktree(git.commonDir, path, runId);
  const mark = worktree && markOf(worktree);
  if (mark !== null && mark.runId !== runId) return;
  const base = mark?.base?.commit ?? null;
  const kept = straysIn(keptBeside(path));
  if (worktree !== null && readMark(worktree, READY_MARK) !== null) await clearBranchPlace(git, branch, kept);
  await mendBranch(git, branch, base);
  if (worktree === null) return;
  // Without a mark there is no file in it yet: it is made anew.
  const head = mark === null ? null : ((await commitOf(git, `refs/heads/${branch}`)) ?? base);
  await mendRegistration(git, worktree, head, kept);
}

async function examine(git: GitContext, spec: WorkspaceSpec): Promise<Seen | Refused> {
  const tooLong = refuseLongPaths(git, spec);
  if (tooLong !== null) return tooLong;
  const found = look(git, spec);
  const mark = found.ready ?? found.making;
  const isLeftOver = isLinkLeftOver(git.commonDir, spec.worktree, found.folder);
  const isForeign = found.folder === 'other' || (found.worktree === null && !isVacant(found.folder) && !isLeftOver);
  if (isForeign || (mark !== null && mark.runId !== spec.runId)) {
    const params = { reason: 'taken', path: shown(spec.worktree) } as const;
    return refusal(blocker('PAWL_WORKSPACE_FOREIGN', params, [spec.worktree]));
  }
  const base = mark?.base ?? (await resolveBase(git, spec.baseBranch));
  if ('kind' in base) return base;
  const branchHead = await commitOf(git, `refs/heads/${spec.branch}`);
  const holders = await branchHolders(git, spec.branch, spec.worktree);
  // A branch without a commit of its own, of an earlier run that came to nothing, say, begins anew where its base is now.
  const isForwarded = branchHead !== null && found.ready === null && (await isBehind(git, base, branchHead));
  const start = branchHead === null || isForwarded ? base.commit : branchHead;
  const refused =
    (await refuseProtected(git, spec, spec.baseBranch ?? mark?.base?.branch ?? null)) ??
    refuseHeld(spec, holders) ??
    (isForwarded ? null : await refuseHistory(git, spec, base, branchHead)) ??
    (await refuseFilters(git, start)) ??
    (await refuseDirty(git, spec, found, start));
  return refused ?? { found, base, branchHead, start, holders };
}

function look(git: GitContext, { worktree: path, runId }: WorkspaceSpec): Found {
  const worktree = findOwnWorktree(git.commonDir, path, runId);
  return {
    folder: lookAtFolder(path),
    worktree,
    ready: worktree && readMark(worktree, READY_MARK),
    making: worktree && readMark(worktree, MAKING_MARK),
  };
}

/** The base branch and its commit: as named, else the remote's default branch, else what the main worktree has checked out. */
async function resolveBase(git: GitContext, named: string | null): Promise<Base | Refused> {
  const names =
    named !== null
      ? [named]
      : [await symbolicTarget(git, 'refs/remotes/origin/HEAD'), await symbolicTarget(git, 'HEAD')];
  for (const branch of names) {
    if (branch === null) continue;
    const commit =
      (await commitOf(git, `refs/heads/${branch}`)) ?? (await commitOf(git, `refs/remotes/origin/${branch}`));
    if (commit !== null) return { branch, commit };
  }
  const branch = named === null ? null : shown(named);
  const tried = names.filter((name) => name !== null);
  return refusal(blocker('PAWL_WORKSPACE_BASE_MISSING', { branch }, tried));
}

/** Detaches an ended run's worktree from its branch; its files stay. */
async function releaseBranch(git: GitContext, holder: string): Promise<void> {
  const worktree = findWorktree(git.commonDir, holder);
  if (worktree === null) return;
  await removeStaleLocks(git, worktree, null);
  await detach(git, worktree);
}

/** Every step does nothing when it is done already. */
async function make(
  git: GitContext,
  spec: WorkspaceSpec,
  { found, base, branchHead, start }: Seen,
): Promise<WorkspaceResult> {
  const ref = `refs/heads/${spec.branch}`;
  const ready: WorkspaceResult = {
    kind: 'ready',
    baseBranch: base.branch,
    baseCommit: base.commit,
    headCommit: start,
  };
  const isUntouched = found.ready === null && found.making === null && found.folder !== 'full';
  const worktree =
    isUntouched || found.worktree === null ? await addWorktree(git, spec.worktree, start) : found.worktree;
  await removeStaleLocks(git, worktree, spec.branch);
  if (found.ready !== null && !isVacant(found.folder)) {
    mendLink(worktree, keptBeside(spec.worktree));
    if ((await headRef(git, worktree)) === null)
      await git.run(inAdministration(git, worktree, ['symbolic-ref', 'HEAD', ref]));
    return ready;
  }
  const text = `${spec.runId}\n${base.branch}\n${base.commit}\n`;
  const making = join(worktree.adminDir, MAKING_MARK);
  // Its entry is durable with the disks, before the first file: without one a worktree is made anew.
  swapFile(making, text, 0o600);
  if (branchHead !== start) {
    await git.run(inRepository(git, ['update-ref', '-m', 'pawl: branch of a run', ref, start, branchHead ?? '']));
  }
  mendLink(worktree, keptBeside(spec.worktree));
  await git.run(inAdministration(git, worktree, ['symbolic-ref', 'HEAD', ref]));
  // So that files found here after a power cut always lie in a worktree that can be told to be this run's.
  await git.syncDisks([spec.worktree, git.commonDir]);
  await checkOut(git, worktree, start);
  // So that a worktree which says that it is whole has all of its content after a power cut.
  await git.syncDisks([spec.worktree, git.commonDir]);
  renameSync(making, join(worktree.adminDir, READY_MARK));
  return ready;
}

/**
 * A registered worktree without files at `path`, detached at `commit`.
 * Twice forced: the registration of a killed `worktree add` says that it is locked, and its folder may be gone.
 */
export async function addWorktree(git: GitContext, path: string, commit: string): Promise<Worktree> {
  removeOrphans(git.commonDir, path);
  if (lookAtFolder(path) === 'linkOnly') rmSync(join(path, '.git'));
  const args = ['worktree', 'add', '--force', '--force', '--quiet', '--no-checkout', '--detach', path, commit];
  await git.run(inRepository(git, args));
  const worktree = findWorktree(git.commonDir, path);
  if (worktree === null) throw new Error(`bug: git made no worktree at ${path}`);
  return worktree;
}
