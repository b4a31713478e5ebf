/**
 * What one intake was given, kept before any of its runs exists: a killed intake is finished by the next start.
 *
 * Owns: the batch files. Does not own: their entries (core/packets), making runs of them (runtime/intake).
 *
 * Invariant: an intake that was acknowledged, or killed after its batch was written, loses no packet.
 */
import type { Json } from '../base/canonical-json.ts';
import { systemCode } from '../model/error.ts';
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
}

/** What the folder of batches holds. */
export interface BatchesReading {
  /** Oldest first. */
  readonly batches: readonly Batch[];
  /** Names of files that are no batch. */
  readonly unreadable: readonly string[];
}

const TIME_DIGITS = 15;

/** The batch is kept, durably. Returns its id. */
export function writeBatch(files: Files, paths: RegistryPaths, entries: readonly Json[]): string {
  const atMs = files.clock.nowMs();
  const time = String(Math.max(0, Math.trunc(atMs))).padStart(TIME_DIGITS, '0');
  const batchId = `batch_${time}_${files.clock.nonce()}`;
  files.ensureFolders([paths.batches]);
  const bytes = jsonBytes({ v: 1, batchId, atMs, entries });
  if (!linkRegister(files, paths.batch(batchId), bytes, BOUNDS.batchBytes).isWinner) {
    throw new Error(`bug: the batch id ${batchId} came twice`);
  }
  return batchId;
}

/** The batches that are not marked done, durable. */
export function listUnfinishedBatches(files: Files, paths: RegistryPaths): BatchesReading {
  const names = new Set(files.listNames(paths.batches));
  const batches: Batch[] = [];
  const unreadable: string[] = [];
  for (const name of names) {
    if (!name.endsWith('.json') || names.has(name.replace(/\.json$/, '.done'))) continue;
    const batch = readBatch(files, paths, name.slice(0, -'.json'.length));
    if (batch === null) unreadable.push(name);
    else batches.push(batch);
  }
  if (batches.length > 0) files.syncFolder(paths.batches);
  return { batches, unreadable };
}

/** The batch need not be looked at again. Only a cache, so nothing is synced: lost, its runs are found to exist. */
export function markBatchDone(files: Files, paths: RegistryPaths, batchId: string): void {
  const path = paths.batchDone(batchId);
  try {
    files.fs.close(files.fs.open(path, 'wx+'));
  } catch (error) {
    // Marked before: nothing to do.
    if (systemCode(error) !== 'EEXIST') throw storeFailure('create', path, error);
  }
}

function readBatch(files: Files, paths: RegistryPaths, batchId: string): Batch | null {
  if (!isSafeName(batchId)) return null;
  const bytes = readRegister(files, paths.batch(batchId), BOUNDS.batchBytes);
  const value = bytes === null ? null : parseJsonObject(bytes);
  if (value === null || value.v !== 1 || value.batchId !== batchId) return null;
  if (!isOrdinal(value.atMs) || !Array.isArray(value.entries)) return null;
  return { batchId, atMs: value.atMs, entries: value.entries };
}
