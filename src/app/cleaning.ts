/**
 * Removes, or only measures, what ended runs have left on disk: the tools for it, and the runs concerned.
 *
 * Owns: which runs are cleaned, and that a failure holds up no other run. Does not own: the steps for one run (engine/clean-run), git, the disk, what is
 * shown (cli/commands/clean).
 *
 * Invariants: 1. A run that moves, waits for a person or is set aside is never touched. 2. Nothing is changed without the registry lock.
 */
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { openGit } from '../adapters/git/git.ts';
import { createWorktreeRemover } from '../adapters/git/removal.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createTrash } from '../adapters/trash.ts';
import {
  type CleanRequest,
  type CleanResult,
  type CleanTools,
  cleanRun,
  hasLeftovers,
  lookAtLeftovers,
} from '../engine/clean-run.ts';
import { lookAtRun } from '../engine/run-look.ts';
import { PawlError } from '../model/error.ts';
import { type CleanLimits, isChosen, isCleanable } from '../run/clean-choice.ts';
import type { RunView } from '../run/run-view.ts';
import { listRuns } from '../store/registry.ts';
import { gitHere } from './git-here.ts';
import type { Places } from './options.ts';
import { type LineLog, withIdleDriver } from './session.ts';

/** What to remove, and of which ended runs. */
export interface CleanOrder {
  readonly limits: CleanLimits;
  readonly removesFolders: boolean;
  readonly keepsBranches: boolean;
}

/** The result for one run. */
export interface CleanedRun extends CleanResult {
  /** Why it was not cleaned completely; null when it was. */
  readonly error: PawlError | null;
}

/** The result for all of them. */
export interface Cleaned {
  readonly runs: readonly CleanedRun[];
  /** Bytes that were deleted, or would be. */
  readonly bytes: number;
}

const NOTHING: Cleaned = { runs: [], bytes: 0 };

/** What would be removed: no lock, no change. */
export async function lookWhatToClean(places: Places, order: CleanOrder): Promise<Cleaned> {
  if (!existsSync(places.paths.runs)) return NOTHING;
  const tools = toolsFor(places, null);
  const views: RunView[] = [];
  for (const runId of listRuns(places.files, places.paths)) {
    const view = await lookAtRun(places, runId);
    if (view !== null) views.push(view);
  }
  const wish = wishOf(order, views);
  const runs: CleanedRun[] = [];
  for (const view of chosen(tools, views, wish, order.limits)) {
    const result = await lookAtLeftovers(tools, view, wish);
    if (hasLeftovers(result)) runs.push({ ...result, error: null });
  }
  return { runs, bytes: runs.reduce((sum, run) => sum + bytesOf(run), 0) };
}

/** Removes it. Throws PAWL_REGISTRY_LOCKED while another process holds the registry. */
export async function cleanRuns(output: LineLog, places: Places, order: CleanOrder): Promise<Cleaned> {
  if (!existsSync(places.paths.runs)) return NOTHING;
  return withIdleDriver(output, places, async (driver) => {
    const tools = toolsFor(places, driver.world.helperFd);
    const views = driver.views();
    const wish = wishOf(order, views);
    // What the driver still holds has something under way in this process, or failed its settling: it does not count as ended.
    const ended = views.filter((view) => driver.find(view.runId) === undefined);
    const runs: CleanedRun[] = [];
    for (const view of chosen(tools, ended, wish, order.limits)) {
      const run = await cleanOne(tools, view, wish);
      if (run.error !== null || hasLeftovers(run)) runs.push(run);
    }
    return { runs, bytes: tools.trash.empty() };
  });
}

async function cleanOne(tools: CleanTools, view: RunView, wish: CleanRequest): Promise<CleanedRun> {
  try {
    return { ...(await cleanRun(tools, view, wish)), error: null };
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    return { ...(await lookAtLeftovers(tools, view, wish)), error };
  }
}

function toolsFor(places: Places, helperFd: number | null): CleanTools {
  const { files, paths } = places;
  const git = openGit(gitHere(places, helperFd));
  return {
    files,
    paths,
    clock: systemClock,
    git: createWorktreeRemover(git),
    trash: createTrash(
      paths.trash,
      () => systemClock.nonce(),
      (path) => files.syncFolder(path),
    ),
    by: userInfo().username,
  };
}

function wishOf({ removesFolders, keepsBranches }: CleanOrder, views: readonly RunView[]): CleanRequest {
  const stillGoing = views.filter((view) => !isCleanable(view));
  return { removesFolders, keepsBranches, liveBranches: new Set(stillGoing.map((view) => view.branch)) };
}

function chosen(
  { trash, paths, clock }: CleanTools,
  views: readonly RunView[],
  wish: CleanRequest,
  limits: CleanLimits,
): readonly RunView[] {
  const nowMs = clock.nowMs();
  return views.filter((view) => {
    if (!isCleanable(view)) return false;
    const bytes = (): number =>
      trash.bytesOf(paths.worktree(view.runId)) + (wish.removesFolders ? trash.bytesOf(paths.run(view.runId)) : 0);
    return isChosen({ endedAtMs: view.updatedAtMs ?? nowMs, bytes }, limits, nowMs);
  });
}

function bytesOf(run: CleanResult): number {
  const worktree = run.worktree === 'ours' ? run.worktreeBytes : 0;
  return worktree + (run.removesFolder ? run.folderBytes : 0);
}
