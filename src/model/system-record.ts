/**
 * What the journal and the snapshot of any system look like.
 *
 * Owns: the plain types of records, effects and snapshots, their versions. Does not own: the events and effects of one system (model/record),
 * the files (store/journal, store/snapshot).
 * Free of zod: `status` loads this file.
 */
import type { Json, JsonObject } from '../base/canonical-json.ts';

/** The version of a journal record's shape. */
export const RECORD_VERSION = 2;
/** The version of the stored snapshot's shape. */
export const SNAPSHOT_VERSION = 2;
/** The rules of every journal whose records have the first shape, which did not name them. */
const UNNAMED_RULES = 2;

/** What the first record has in place of a predecessor's sum. */
export const FIRST_PREV = '0'.repeat(64);

/** The actor name of the engine's own notes, which move no machine. */
export const DRIVER_ACTOR = 'driver';

/** A fact as a journal holds it. One with a `key` reports on the effect of that key. */
export interface PlainEvent {
  readonly type: string;
  readonly key?: string;
}

/** An effect as it stands in the outbox: its own params, `key` = `<systemId>/<seq>.<n>:<kind>`, and the actor that asked. */
export interface PlainEffect {
  readonly kind: string;
  readonly key: string;
  readonly actor: string;
}

/** The event of the record by which a system goes over to other rules. Its actor is the driver. */
export const RULES_RAISED = 'rulesRaised';

/** The fact that a system stands under other rules from now on. */
export interface RulesRaised {
  readonly type: typeof RULES_RAISED;
  readonly from: number;
  readonly to: number;
}

/** One line of events.jsonl. Every line is the canonical JSON of its record. */
export interface SystemRecord<Event extends PlainEvent = PlainEvent, Effect extends PlainEffect = PlainEffect> {
  readonly v: 1 | typeof RECORD_VERSION;
  /** The rules in force after it; absent in records of version 1, of which they are `UNNAMED_RULES`. */
  readonly rules?: number;
  /** 1 for the first record, without gaps. */
  readonly seq: number;
  /** The lock's generation under which it was written. */
  readonly gen: number;
  readonly atMs: number;
  readonly actor: string;
  readonly event: Event;
  /** What this record newly asks for. */
  readonly effects: readonly Effect[];
  /** SHA-256 of the canonical state after it. */
  readonly post: string;
  /** `sum` of the record before it; 64 zeros for the first. */
  readonly prev: string;
  /** SHA-256 of the canonical record without `sum`. */
  readonly sum: string;
}

/** The rules that a record was written under. */
export function rulesOf({ rules }: Pick<SystemRecord, 'rules'>): number {
  return rules ?? UNNAMED_RULES;
}

/** The persisted XState snapshots of a system's actors, and what is owed. */
export interface PersistedState {
  readonly actors: { readonly [actor: string]: Json };
  /** The kind of each child, where a system has children of more than one kind; absent elsewhere. */
  readonly kinds?: { readonly [actor: string]: string };
  readonly outbox: readonly JsonObject[];
  readonly deadlines: readonly JsonObject[];
}

/** snapshot.json of the first release, whose members and defaults are all part of its image. */
export interface EarlierSnapshot extends PersistedState {
  readonly v: 1;
  readonly runId: string;
  readonly machine: { readonly id: string; readonly version: number; readonly definitionHash: string };
  readonly seq: number;
  readonly sum: string;
}

/** What snapshot.json can hold. */
export type StoredSnapshot = SystemSnapshot | EarlierSnapshot;

/** The id of the system that a stored snapshot is one of. */
export function systemIdOf(snapshot: StoredSnapshot): string {
  return snapshot.v === 1 ? snapshot.runId : snapshot.systemId;
}

/** snapshot.json: a disposable cache of the fold at one sequence. */
export interface SystemSnapshot extends PersistedState {
  readonly v: typeof SNAPSHOT_VERSION;
  readonly systemId: string;
  readonly rules: number;
  readonly definitionHash: string;
  readonly seq: number;
  /** `sum` of the record at `seq`. */
  readonly sum: string;
}
