/**
 * The journal record of a run.
 *
 * Owns: which events and effects it holds. Does not own: the shape of records and snapshots (model/system-record), the files (store/journal, store/snapshot).
 * Free of zod: `status` loads this file.
 */
import type { KeyedEffect } from './effect.ts';
import type { JournalEvent } from './event.ts';
import type { RulesRaised, SystemRecord } from './system-record.ts';

/** The actor name of the run machine in records and snapshots; tasks are named by their task id, the engine by `driver`. */
export const RUN_ACTOR = 'run';
/** The kind of a run's children. */
export const TASK_KIND = 'task';

/** Everything that a record of a run can hold. */
export type RecordedEvent = JournalEvent | RulesRaised;

/** One line of a run's events.jsonl. */
export type JournalRecord = SystemRecord<RecordedEvent, KeyedEffect>;
