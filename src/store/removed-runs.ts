/**
 * What is left of an ended run once its folder is removed: that it existed, and how it ended.
 *
 * Owns: that register, and the note beside a run whose worktree was removed. Does not own: when something is removed (engine/clean-run).
 *
 * Invariants: 1. The register is durable before the folder goes, so that a packet whose run was removed never runs again unnoticed. 2. What the run
 * has used stays known: cleaning does not refill a budget.
 */
import { isObject } from '../base/canonical-json.ts';
import type { Files } from './files.ts';
import { isOrdinal, jsonBytes, parseJsonObject } from './json-file.ts';
import { linkRegister, readRegister } from './register.ts';
import { isSafeName, type RegistryPaths } from './registry-paths.ts';

/** How a run ended whose folder was removed. */
export interface RemovedRun {
  readonly v: 1;
  readonly runId: string;
  readonly taskId: string;
  readonly state: string;
  readonly branch: string;
  readonly baseCommit: string | null;
  readonly headCommit: string | null;
  readonly spent: {
    readonly tokens: number;
    readonly usd: number;
    readonly isEstimate: boolean;
    readonly estimated?: { readonly tokens: number; readonly usd: number };
  };
  readonly endedAtMs: number;
  readonly removedAtMs: number;
  readonly by: string;
}

/** What was done about a run's worktree. */
export interface CleanedNote {
  readonly v: 1;
  readonly atMs: number;
  readonly by: string;
  /** Where work is kept that existed nowhere else; null when there was none. */
  readonly rescueRef: string | null;
}

const SUFFIX = '.json';

/** The run counts as removed, durably; its folder may be removed now. The first register stands. */
export async function recordRemoval(files: Files, paths: RegistryPaths, run: Omit<RemovedRun, 'v'>): Promise<void> {
  await files.ensureFolders([paths.removed]);
  await linkRegister(files, paths.removal(run.runId), jsonBytes({ ...run, v: 1 }));
}

/** How the run of that id ended, null when none of that id was removed. */
export function readRemoval(files: Files, paths: RegistryPaths, runId: string): RemovedRun | null {
  if (!isSafeName(runId)) return null;
  const bytes = readRegister(files, paths.removal(runId));
  return bytes === null ? null : parseRemoval(bytes, runId);
}

/** All removed runs, sorted by their ids. */
export function listRemovals(files: Files, paths: RegistryPaths): readonly RemovedRun[] {
  return files
    .listNames(paths.removed)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => readRemoval(files, paths, name.slice(0, -SUFFIX.length)))
    .filter((run) => run !== null);
}

/** The note is beside the run, durably. The first one stands. */
export async function noteCleaned(
  files: Files,
  paths: RegistryPaths,
  runId: string,
  note: Omit<CleanedNote, 'v'>,
): Promise<void> {
  await linkRegister(files, paths.cleaned(runId), jsonBytes({ ...note, v: 1 }));
}

/** What was done about the run's worktree, null when nothing was. */
export function readCleaned(files: Files, paths: RegistryPaths, runId: string): CleanedNote | null {
  const bytes = readRegister(files, paths.cleaned(runId));
  const value = bytes === null ? null : parseJsonObject(bytes);
  if (value === null || value.v !== 1 || !isOrdinal(value.atMs) || typeof value.by !== 'string') return null;
  const { atMs, by, rescueRef } = value;
  return { v: 1, atMs, by, rescueRef: typeof rescueRef === 'string' ? rescueRef : null };
}

/** A register that cannot be read still says that the run was removed: its packet does not run again by itself. */
function parseRemoval(bytes: Uint8Array, runId: string): RemovedRun {
  const value = parseJsonObject(bytes) ?? {};
  const text = (name: string): string | null => (typeof value[name] === 'string' ? value[name] : null);
  const time = (name: string): number => (isOrdinal(value[name]) ? value[name] : 0);
  const spent = isObject(value.spent) ? value.spent : {};
  const amount = (given: unknown): number => (typeof given === 'number' && given >= 0 ? given : 0);
  return {
    v: 1,
    runId,
    taskId: text('taskId') ?? runId,
    state: text('state') ?? 'cancelled',
    branch: text('branch') ?? '',
    baseCommit: text('baseCommit'),
    headCommit: text('headCommit'),
    spent: {
      tokens: amount(spent.tokens),
      usd: amount(spent.usd),
      isEstimate: spent.isEstimate === true,
      ...(isObject(spent.estimated)
        ? { estimated: { tokens: amount(spent.estimated.tokens), usd: amount(spent.estimated.usd) } }
        : {}),
    },
    endedAtMs: time('endedAtMs'),
    removedAtMs: time('removedAtMs'),
    by: text('by') ?? '',
  };
}
