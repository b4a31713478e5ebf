/**
 * Removes, or only measures, what ended runs have left on disk: the tools for it, and the runs concerned.
 *
 * Owns: which runs are cleaned, and that a failure holds up no other run. Does not own: the steps for one run (engine/clean-run), git, the disk, what is
 * shown (cli/commands/clean).
 *
 * Invariants: 1. A run that moves, waits for a person or is set aside is never touched, nor is one that the driver still holds. 2. Nothing is changed without
 * the registry lock. 3. While a run is cleaned it cannot continue, and no run is made that would need its branch.
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
import type { Driver } from '../engine/driver.ts';
import { lookAtAll } from '../engine/run-look.ts';
import { PawlError } from '../model/error.ts';
import { type CleanLimits, isChosen, isCleanable } from '../run/clean-choice.ts';
import type { RunView } from '../run/run-view.ts';
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

/** How much is done at a time: after so many runs, or so long, the rest is left for the next part. */
export interface CleanPart {
  /** The run after which to begin, in the order of ids; empty: at the first one. */
  readonly after: string;
  readonly runsMax: number;
  readonly msMax: number;
  /** Nothing more is to be begun. */
  readonly isOver: () => boolean;
}

/** The result of one part. */
export interface CleanedPart extends Cleaned {
  /** The last run that was looked at, where others are left; null where none is. */
  readonly next: string | null;
}

/** Where runs are cleaned. */
interface Site {
  readonly tools: CleanTools;
  /** Every run, as it is now. */
  readonly views: () => readonly RunView[];
  /** What `body` gives while the run cannot continue; null where it has not ended. */
  readonly whileEnded: <T>(runId: string, body: () => Promise<T>) => Promise<T | null>;
  readonly clean: (tools: CleanTools, view: RunView, wish: CleanRequest) => Promise<CleanedRun>;
}

const WHOLE: CleanPart = {
  after: '',
  runsMax: Number.POSITIVE_INFINITY,
  msMax: Number.POSITIVE_INFINITY,
  isOver: () => false,
};
const NOTHING: Cleaned = { runs: [], bytes: 0 };

/** What would be removed: no lock, no change. */
export async function lookWhatToClean(places: Places, order: CleanOrder): Promise<Cleaned> {
  if (!existsSync(places.paths.runs)) return NOTHING;
  const views = (await lookAtAll(places)).map(({ view }) => view);
  return lookAtPart(places, views, order, WHOLE);
}

/** The same for a part of these runs. */
export async function lookAtPart(
  places: Places,
  views: readonly RunView[],
  order: CleanOrder,
  part: CleanPart,
): Promise<CleanedPart> {
  const site: Site = {
    tools: toolsFor(places, null),
    views: () => views,
    whileEnded: (_runId, body) => body(),
    clean: async (...of) => ({ ...(await lookAtLeftovers(...of)), error: null }),
  };
  const { runs, next } = await eachChosen(site, order, part);
  return { runs, bytes: runs.reduce((sum, run) => sum + bytesOf(run), 0), next };
}

/** Removes it. Throws PAWL_REGISTRY_LOCKED while another process holds the registry. */
export async function cleanRuns(output: LineLog, places: Places, order: CleanOrder): Promise<Cleaned> {
  if (!existsSync(places.paths.runs)) return NOTHING;
  return withIdleDriver(output, places, (driver) => cleanPart(places, driver, () => driver.views(), order, WHOLE));
}

/** Removes a part of it, in the process whose driver holds the registry; `views`: its runs. */
export async function cleanPart(
  places: Places,
  driver: Driver,
  views: () => readonly RunView[],
  order: CleanOrder,
  part: CleanPart,
): Promise<CleanedPart> {
  const tools = toolsFor(places, driver.world.helperFd);
  const whileEnded: Site['whileEnded'] = (runId, body) => driver.whileEnded(runId, body);
  const { runs, next } = await eachChosen({ tools, views, whileEnded, clean: cleanOne }, order, part);
  return { runs, bytes: await tools.trash.empty(), next };
}

async function eachChosen(
  site: Site,
  order: CleanOrder,
  { after, runsMax, msMax, isOver }: CleanPart,
): Promise<Pick<CleanedPart, 'runs' | 'next'>> {
  const endMs = systemClock.monotonicMs() + msMax;
  const runs: CleanedRun[] = [];
  let last = after;
  for (const runId of idsAfter(after, site.views())) {
    // At least one, so that whoever asks again and again gets to the end.
    const isFull = last !== after && (runs.length >= runsMax || systemClock.monotonicMs() > endMs);
    if (isFull || isOver()) return { runs, next: last };
    const run = await site.whileEnded(runId, () => cleanChosen(site, runId, order));
    if (run !== null && (run.error !== null || hasLeftovers(run))) runs.push(run);
    last = runId;
  }
  return { runs, next: null };
}

/** Null where the run is not one that was asked for. */
async function cleanChosen(
  { tools, views, clean }: Site,
  runId: string,
  order: CleanOrder,
): Promise<CleanedRun | null> {
  const all = views();
  const view = all.find((each) => each.runId === runId);
  if (view === undefined || !(await isMeant(tools, view, order))) return null;
  return clean(tools, view, wishOf(order, all));
}

function idsAfter(after: string, views: readonly RunView[]): readonly string[] {
  return views
    .filter((view) => view.runId > after && isCleanable(view))
    .map(({ runId }) => runId)
    .sort();
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

async function isMeant(
  { trash, paths, clock }: CleanTools,
  view: RunView,
  { limits, removesFolders }: CleanOrder,
): Promise<boolean> {
  if (!isCleanable(view)) return false;
  const nowMs = clock.nowMs();
  const bytes = async (): Promise<number> =>
    (await trash.bytesOf(paths.worktree(view.runId))) +
    (removesFolders ? await trash.bytesOf(paths.run(view.runId)) : 0);
  return isChosen({ endedAtMs: view.updatedAtMs ?? nowMs, bytes }, limits, nowMs);
}

function bytesOf(run: CleanResult): number {
  const worktree = run.worktree === 'ours' ? run.worktreeBytes : 0;
  return worktree + (run.removesFolder ? run.folderBytes : 0);
}
