/**
 * A run set aside: why, and the operator's decision that ends it.
 *
 * Owns: the registers `quarantined` and `quarantine-resolved`. Does not own: what is ambiguous (run/recovery), ending hosts
 * and trees before (engine/recovery/rehydrate).
 *
 * Invariants (L5): 1. Nothing is moved or removed. 2. A run whose reason cannot be read is still quarantined; a
 * resolution that cannot be read resolves nothing.
 */
import { isObject } from '../base/canonical-json.ts';
import type { Files } from './files.ts';
import { isOrdinal, jsonBytes, parseJsonObject } from './json-file.ts';
import { linkRegister, readRegister } from './register.ts';
import type { RegistryPaths } from './registry-paths.ts';

/** One contradiction that was found, and what was done about it. */
export interface QuarantineFinding {
  readonly class: string;
  readonly detail: string;
  readonly action: string;
}

/** The content of `quarantined`. */
export interface QuarantineRecord {
  readonly v: 1;
  readonly code: string;
  readonly detail: string;
  readonly findings: readonly QuarantineFinding[];
  /** The leases that stay taken. */
  readonly surfaces: readonly string[];
  readonly atMs: number;
}

/** The content of `quarantine-resolved`. */
export interface QuarantineResolution {
  readonly v: 1;
  readonly decision: 'abandon';
  readonly reason: string;
  readonly by: string;
  readonly atMs: number;
  /** The command that asked for it; absent in registries of the first release. */
  readonly commandId?: string;
}

/** A quarantine, and whether it is resolved. */
export interface Quarantine {
  readonly record: QuarantineRecord;
  /** Null while the run's id and leases stay taken. */
  readonly resolved: QuarantineResolution | null;
}

/** The run is set aside, durably. Returns the record that stands: the first one. */
export async function quarantineRun(
  files: Files,
  paths: RegistryPaths,
  runId: string,
  why: Omit<QuarantineRecord, 'v'>,
): Promise<QuarantineRecord> {
  await files.ensureFolders([paths.run(runId)]);
  const result = await linkRegister(files, paths.quarantined(runId), jsonBytes({ ...why, v: 1 }));
  return parseRecord(result.bytes);
}

/** Why the run is set aside and whether that is resolved; null when it is not set aside. Says nothing about durability. */
export function readQuarantine(files: Files, paths: RegistryPaths, runId: string): Quarantine | null {
  const bytes = readRegister(files, paths.quarantined(runId));
  if (bytes === null) return null;
  const resolution = readRegister(files, paths.quarantineResolved(runId));
  return { record: parseRecord(bytes), resolved: resolution === null ? null : parseResolution(resolution) };
}

/** What `readQuarantine` says, durable, so that it may be acted upon. */
export async function readSettledQuarantine(
  files: Files,
  paths: RegistryPaths,
  runId: string,
): Promise<Quarantine | null> {
  const quarantine = readQuarantine(files, paths, runId);
  if (quarantine !== null) await files.syncFolder(paths.run(runId));
  return quarantine;
}

/** The operator's decision is beside the quarantine, durably. Returns the one that stands (the first), null if unreadable. */
export async function resolveQuarantine(
  files: Files,
  paths: RegistryPaths,
  runId: string,
  decision: Omit<QuarantineResolution, 'v'>,
): Promise<QuarantineResolution | null> {
  const result = await linkRegister(files, paths.quarantineResolved(runId), jsonBytes({ ...decision, v: 1 }));
  return parseResolution(result.bytes);
}

function parseRecord(bytes: Uint8Array): QuarantineRecord {
  const value = parseJsonObject(bytes);
  if (
    value !== null &&
    value.v === 1 &&
    typeof value.code === 'string' &&
    typeof value.detail === 'string' &&
    Array.isArray(value.findings) &&
    value.findings.every(isFinding) &&
    Array.isArray(value.surfaces) &&
    value.surfaces.every((surface) => typeof surface === 'string') &&
    isOrdinal(value.atMs)
  ) {
    const { code, detail, findings, surfaces, atMs } = value;
    return { v: 1, code, detail, findings, surfaces, atMs };
  }
  const detail = 'the file that says why this run is quarantined cannot be read';
  return { v: 1, code: 'PAWL_REGISTER_CONTRADICTION', detail, findings: [], surfaces: [], atMs: 0 };
}

function isFinding(value: unknown): value is QuarantineFinding {
  return (
    isObject(value) &&
    typeof value.class === 'string' &&
    typeof value.detail === 'string' &&
    typeof value.action === 'string'
  );
}

function parseResolution(bytes: Uint8Array): QuarantineResolution | null {
  const value = parseJsonObject(bytes);
  if (value === null || value.v !== 1 || value.decision !== 'abandon') return null;
  const { reason, by, atMs, commandId } = value;
  if (typeof reason !== 'string' || typeof by !== 'string' || !isOrdinal(atMs)) return null;
  return { v: 1, decision: 'abandon', reason, by, atMs, ...(typeof commandId === 'string' ? { commandId } : {}) };
}
