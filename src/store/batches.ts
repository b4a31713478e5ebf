/**
 * What one intake was given, kept before any of its runs exists: a killed intake is finished by the next start.
 *
 * Owns: the batch files. Does not own: their entries (packets/packets), making runs of them (engine/intake).
 *
 * Invariant: an intake that was acknowledged, or killed after its batch was written, loses no packet.
 */
import type { Json } from '../base/canonical-json.ts';
import { PawlError, systemCode } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import type { Files } from './files.ts';
import { isOrdinal, jsonBytes, parseJsonObject } from './json-file.ts';
import { linkRegister, readRegister } from './register.ts';
import { isSafeName, type RegistryPaths } from './registry-paths.ts';
import { storeFailure } from './store-errors.ts';

/** The packets that one intake was given. */
export interface Batch {
  readonly batchId: string;
  readonly atMs: number;
  readonly entries: readonly unknown[];
  /** The decision on each packet of the command that the batch is for; null when it is for no command. */
  readonly outcomes: readonly unknown[] | null;
}

/** The decision on a command that holds packets. */
export interface BatchDecision {
  readonly commandId: string;
  readonly outcomes: readonly Json[];
}

/** What the folder of batches holds. */
export interface BatchesReading {
  /** Oldest first. */
  readonly batches: readonly Batch[];
  /** Names of files that are not batches. */
  readonly unreadable: readonly string[];
}

const TIME_DIGITS = 15;

/** The batch is kept, durably; for a command there is only one: the first. Returns its id. */
export async function writeBatch(
  files: Files,
  paths: RegistryPaths,
  entries: readonly Json[],
  decision: BatchDecision | null = null,
): Promise<string> {
  const atMs = files.clock.nowMs();
  const batchId = decision === null ? newBatchId(files, atMs) : batchIdOf(decision.commandId);
  await files.ensureFolders([paths.batches]);
  const bytes = jsonBytes({
    v: 1,
    batchId,
    atMs,
    entries,
    ...(decision === null ? {} : { outcomes: decision.outcomes }),
  });
  if (!(await linkRegister(files, paths.batch(batchId), bytes, BOUNDS.batchBytes)).isWinner) {
    throw new Error(`bug: the batch id ${batchId} came twice`);
  }
  return batchId;
}

function newBatchId(files: Files, atMs: number): string {
  const time = String(Math.max(0, Math.trunc(atMs))).padStart(TIME_DIGITS, '0');
  return `batch_${time}_${files.clock.nonce()}`;
}

/** The id of the batch of that command. */
export function batchIdOf(commandId: string): string {
  return commandId.replace(/^cmd_/, 'batch_');
}

/** The batch that was kept for the command, durable; null when there is none. Throws PAWL_REGISTRY_INVALID when it cannot be read. */
export async function readBatchOf(files: Files, paths: RegistryPaths, commandId: string): Promise<Batch | null> {
  const batchId = batchIdOf(commandId);
  if (!files.exists(paths.batch(batchId))) return null;
  const batch = readBatch(files, paths, batchId);
  if (batch === null) {
    throw new PawlError({
      code: 'PAWL_REGISTRY_INVALID',
      message: `The batch ${batchId} cannot be read.`,
      subject: batchId,
      hint: 'Look at what changed this file.',
    });
  }
  await files.syncFolder(paths.batches);
  return batch;
}

/** The batches that are not marked done, durable. */
export async function listUnfinishedBatches(files: Files, paths: RegistryPaths): Promise<BatchesReading> {
  const names = new Set(files.listNames(paths.batches));
  const batches: Batch[] = [];
  const unreadable: string[] = [];
  for (const name of names) {
    if (!name.endsWith('.json') || names.has(name.replace(/\.json$/, '.done'))) continue;
    const batch = readBatch(files, paths, name.slice(0, -'.json'.length));
    if (batch === null) unreadable.push(name);
    else batches.push(batch);
  }
  if (batches.length > 0) await files.syncFolder(paths.batches);
  return { batches, unreadable };
}

/** The batch need not be read again. Only a cache, so nothing is synced: if it is lost, its runs are found to exist. */
export function markBatchDone(files: Files, paths: RegistryPaths, batchId: string): void {
  const path = paths.batchDone(batchId);
  try {
    files.fs.close(files.fs.open(path, 'wx+'));
  } catch (error) {
    // Already marked: nothing to do.
    if (systemCode(error) !== 'EEXIST') throw storeFailure('create', path, error);
  }
}

function readBatch(files: Files, paths: RegistryPaths, batchId: string): Batch | null {
  if (!isSafeName(batchId)) return null;
  const bytes = readRegister(files, paths.batch(batchId), BOUNDS.batchBytes);
  const value = bytes === null ? null : parseJsonObject(bytes);
  if (value === null || value.v !== 1 || value.batchId !== batchId) return null;
  if (!isOrdinal(value.atMs) || !Array.isArray(value.entries)) return null;
  const outcomes = Array.isArray(value.outcomes) ? value.outcomes : null;
  return { batchId, atMs: value.atMs, entries: value.entries, outcomes };
}
