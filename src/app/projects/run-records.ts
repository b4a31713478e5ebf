/**
 * A part of a run's journal, for a reader who pages through it.
 *
 * Owns: which records. Does not own: reading a journal (store/journal).
 */
import { type Place, recordsOf } from '../../engine/run-look.ts';
import type { JournalRecord } from '../../model/record.ts';

/** The records after `after`, at most `limit`. */
export function readJournalPart(place: Place, runId: string, after: number, limit: number): readonly JournalRecord[] {
  return recordsOf(place, runId).slice(after, after + limit);
}
