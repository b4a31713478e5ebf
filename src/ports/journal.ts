/**
 * Where the history of one system is kept: its journal, and the snapshot that is a cache of it.
 *
 * Owns: the ports. Does not own: what a record says (model/system-record), files (store/file-store).
 *
 * Invariants (L1, L6): 1. When `append` resolves, its record is durable, and so is every one before it. 2. The store itself refuses a record that
 * does not follow the last one, and a writer whose generation is not the highest. 3. After a failed sync nothing is appended any more.
 */
import type { StoredSnapshot, SystemRecord } from '../model/system-record.ts';

/** A record and its exact stored text. */
export interface SealedRecord {
  readonly record: SystemRecord;
  /** Canonical JSON and a newline. */
  readonly line: string;
}

/** Where a journal ended when it was read. */
export interface JournalTail {
  /** Sequence of its last record, 0 when there is none. */
  readonly seq: number;
  /** Where it ends, in the unit of the store: bytes of a file. */
  readonly end: number;
}

/** The states of a journal, by what may be done with it. Sizes are in the unit of the store. */
export type JournalReading<Record extends SystemRecord = SystemRecord> =
  | { readonly kind: 'absent' }
  /** An empty journal is whole and holds no record. */
  | { readonly kind: 'whole'; readonly records: readonly Record[]; readonly size: number }
  /** The last record lacks only its newline; it is among `records`. */
  | { readonly kind: 'unterminated'; readonly records: readonly Record[]; readonly size: number }
  /** The last record was never finished and never acknowledged: `keptSize` before it is whole. */
  | { readonly kind: 'torn'; readonly records: readonly Record[]; readonly keptSize: number; readonly torn: Uint8Array }
  /** `records` is the prefix that verifies; `line` counts from 1. */
  | { readonly kind: 'damaged'; readonly records: readonly Record[]; readonly line: number; readonly detail: string };

/** A journal whose last append was cut off. */
export type MendableReading = Extract<JournalReading, { kind: 'torn' | 'unterminated' }>;

/** One system's journal, open to append. */
export interface Journal {
  /**
   * The record follows record `expectedSeq`, durably. Records that wait together are written and synced together, in the order of the calls.
   * Rejects with PAWL_JOURNAL_FENCED when record `expectedSeq` is not the last one, PAWL_REGISTRY_LOCKED when there is a higher generation,
   * PAWL_STORE_FULL, _PERMISSION or _FAILED with the journal as it was, PAWL_STORE_SYNC_FAILED with its end unknown: then the process stops.
   * Whatever waited behind a record that failed fails with it.
   */
  append(expectedSeq: number, generation: number, sealed: SealedRecord): Promise<void>;
  /** Resolves when no append is under way any more; nothing is appended from then on. */
  close(): Promise<void>;
}

/** One system's stored snapshot. */
export interface Snapshots {
  /**
   * The store holds the snapshot. After a failure it still holds the previous one, and after a power cut it may hold an earlier one again, complete: either will
   * do (L7), and neither is ahead of a journal that was durable first.
   */
  write(snapshot: StoredSnapshot): Promise<void>;
  /** The stored snapshot, null when there is none. Rejects with PAWL_SNAPSHOT_DAMAGED unless it is complete. */
  read(): Promise<StoredSnapshot | null>;
}

/** Where one system is kept. */
export interface SystemStore {
  readonly snapshots: Snapshots;
  /** The journal, read to its end and verified: chain, sequence, sums. Needs no ownership, and changes nothing. */
  readJournal(): Promise<JournalReading>;
  /** The interrupted append is completed, or cut and kept aside; resolves to what was done, in words. For the owner only. */
  mendJournal(reading: MendableReading): Promise<string>;
  /** The journal, opened at the end that was read, and durable up to there. Rejects with PAWL_JOURNAL_DAMAGED where it ends elsewhere. */
  openJournal(tail: JournalTail): Promise<Journal>;
}
