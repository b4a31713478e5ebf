/**
 * `pawl clean`: what ended runs have left on the disk is removed, after a rescue of what is nowhere else.
 *
 * Owns: which runs are meant, its output. Does not own: the steps for one run (engine/clean-run), git, the disk.
 *
 * Invariants: 1. A run that moves, waits for a person or is set aside is never touched. 2. Nothing is changed without the registry lock, nor with
 * --dry-run. 3. What fails for one run is told and keeps no other from being cleaned.
 */
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { openGit } from '../../adapters/git/git.ts';
import { createWorktreeRemover } from '../../adapters/git/removal.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { createTrash } from '../../adapters/trash.ts';
import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { withDriver } from '../../app/session.ts';
import { quote } from '../../base/sanitise.ts';
import {
  type CleanRequest,
  type CleanResult,
  type CleanTools,
  cleanRun,
  hasLeftovers,
  lookAtLeftovers,
} from '../../engine/clean-run.ts';
import { lookAtRun } from '../../engine/run-look.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { ageOf, type CleanLimits, isChosen, isCleanable, sizeOf } from '../../run/clean-choice.ts';
import type { RunView } from '../../run/run-view.ts';
import { listRuns } from '../../store/registry.ts';
import { type CleanedRun, cleanLines } from '../clean-lines.ts';
import { errorReport, exitCodeOfError, type Output } from '../output.ts';
import { usageError } from '../usage-error.ts';

/** Options of `pawl clean`. */
export interface CleanOptions extends CommonOptions {
  readonly olderThan?: string;
  readonly largerThan?: string;
  readonly folders?: boolean;
  readonly keepBranches?: boolean;
  readonly dryRun?: boolean;
}

interface Report {
  readonly runs: readonly CleanedRun[];
  readonly errors: readonly unknown[];
  /** Bytes that were deleted, or would be. */
  readonly bytes: number;
}

const NOTHING: Report = { runs: [], errors: [], bytes: 0 };

/** Cleans, and says what was removed and how many bytes that was. */
export async function clean(
  output: Output,
  options: CleanOptions,
  _args: readonly string[] = [],
  cwd: string = process.cwd(),
): Promise<number> {
  const limits = limitsOf(options);
  const places = placesOf(options, cwd);
  const isDry = options.dryRun === true;
  const report = !existsSync(places.paths.runs)
    ? NOTHING
    : isDry
      ? await look(places, options, limits)
      : await remove(output, places, options, limits);
  const { runs, bytes, errors } = report;
  output.json({ dryRun: isDry, runs, bytes });
  for (const line of cleanLines(output, runs, bytes, isDry)) output.line(line);
  return errors.length === 0 ? EXIT.done : exitCodeOfError(errors[0]);
}

/** What would be removed: no lock, no change. */
async function look(places: Places, options: CleanOptions, limits: CleanLimits): Promise<Report> {
  const tools = toolsFor(places, null);
  const views: RunView[] = [];
  for (const runId of listRuns(places.files, places.paths)) {
    const view = await lookAtRun(places, runId);
    if (view !== null) views.push(view);
  }
  const wish = wishOf(options, views);
  const runs: CleanedRun[] = [];
  for (const view of chosen(tools, views, wish, limits)) {
    const result = await lookAtLeftovers(tools, view, wish);
    if (hasLeftovers(result)) runs.push({ ...result, problem: null });
  }
  return { runs, errors: [], bytes: runs.reduce((sum, run) => sum + bytesOf(run), 0) };
}

async function remove(output: Output, places: Places, options: CleanOptions, limits: CleanLimits): Promise<Report> {
  const request = { places, log: (line: string) => output.log(line) };
  return withDriver(request, { maxParallel: 1, agentOverride: null }, async (driver) => {
    const tools = toolsFor(places, driver.world.helperFd);
    const views = driver.views();
    const wish = wishOf(options, views);
    // What the driver still holds has something under way in this process, or failed its settling: it is not looked at as ended.
    const ended = views.filter((view) => driver.find(view.runId) === undefined);
    const runs: CleanedRun[] = [];
    const errors: unknown[] = [];
    for (const view of chosen(tools, ended, wish, limits)) {
      try {
        const result = await cleanRun(tools, view, wish);
        if (hasLeftovers(result)) runs.push({ ...result, problem: null });
      } catch (error) {
        if (!(error instanceof PawlError)) throw error;
        errors.push(error);
        runs.push({ ...(await lookAtLeftovers(tools, view, wish)), problem: errorReport(error, output.options) });
      }
    }
    return { runs, errors, bytes: tools.trash.empty() };
  });
}

function toolsFor({ files, paths, repository }: Places, helperFd: number | null): CleanTools {
  const git = openGit({ repository: repository.mainWorktree, helperFd });
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

function wishOf(options: CleanOptions, views: readonly RunView[]): CleanRequest {
  return {
    removesFolders: options.folders === true,
    keepsBranches: options.keepBranches === true,
    liveBranches: new Set(views.filter((view) => !isCleanable(view)).map((view) => view.branch)),
  };
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

function limitsOf({ olderThan, largerThan, folders }: CleanOptions): CleanLimits {
  const olderThanMs = olderThan === undefined ? null : ageOf(olderThan);
  if (olderThan !== undefined && olderThanMs === null)
    throw refused(`--older-than must be an age like 12h, 7d or 2w, not ${quote(olderThan)}.`);
  const largerThanBytes = largerThan === undefined ? null : sizeOf(largerThan);
  if (largerThan !== undefined && largerThanBytes === null)
    throw refused(`--larger-than must be a size like 200m or 1g, not ${quote(largerThan)}.`);
  if (folders === true && olderThanMs === null && largerThanBytes === null)
    throw refused('--folders removes the evidence too; choose the runs with --older-than or --larger-than.');
  return { olderThanMs, largerThanBytes };
}

function refused(message: string): PawlError {
  return usageError('clean', message, {
    subject: 'clean',
    hint: 'Nothing was removed. --dry-run shows what would be removed.',
  });
}
