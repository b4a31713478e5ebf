/**
 * The journal record and the stored snapshot: shapes and versions.
 *
 * Owns: the plain types. Does not own: the chain (store/journal-lines), the files (store/journal, store/snapshot).
 * Free of zod: `status` loads this file.
 */
import type { Json, JsonObject } from '../base/canonical-json.ts';
import type { KeyedEffect } from './effect.ts';
import type { JournalEvent } from './event.ts';

/** The version of a journal record's shape. */
export const RECORD_VERSION = 1;
/** The version of the stored snapshot's shape. */
export const SNAPSHOT_VERSION = 1;

/** The actor name of the run machine in records and snapshots; tasks are named by their task id, the driver by `driver`. */
export const RUN_ACTOR = 'run';
/** The actor name of the driver's own notes. */
export const DRIVER_ACTOR = 'driver';

/** One line of events.jsonl. Every line is the canonical JSON of its record. */
export interface JournalRecord {
  readonly v: typeof RECORD_VERSION;
  /** 1 for the first record, without gaps. */
  readonly seq: number;
  /** The registry lock's generation under which it was written. */
  readonly gen: number;
  readonly atMs: number;
  readonly actor: string;
  readonly event: JournalEvent;
  /** What this record newly asks for. */
  readonly effects: readonly KeyedEffect[];
  /** SHA-256 of the canonical state after it. */
  readonly post: string;
  /** `sum` of the record before it; 64 zeros for the first. */
  readonly prev: string;
  /** SHA-256 of the canonical record without `sum`. */
  readonly sum: string;
}

/** What the first record has in place of a predecessor's sum. */
export const FIRST_PREV = '0'.repeat(64);

/** snapshot.json: the persisted XState snapshots at one sequence, and what the driver owes. */
export interface StoredSnapshot {
  readonly v: typeof SNAPSHOT_VERSION;
  readonly runId: string;
  readonly machine: { readonly id: string; readonly version: number; readonly definitionHash: string };
  readonly seq: number;
  /** `sum` of the record at `seq`. */
  readonly sum: string;
  readonly actors: { readonly [actor: string]: Json };
  readonly outbox: readonly JsonObject[];
  readonly deadlines: readonly JsonObject[];
}
