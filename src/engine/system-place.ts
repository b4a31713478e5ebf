/**
 * What a live system is opened with.
 *
 * Owns: those shapes, opening its journal. Does not own: driving it (engine/live-system), reading where it stands (engine/rehydrate-system).
 */
import type { ClockPort } from '../ports/clock.ts';
import type { Journal, SystemStore } from '../ports/journal.ts';

/** Where a system is kept, and under which generation it is written. */
export interface SystemPlace {
  readonly store: SystemStore;
  readonly clock: ClockPort;
  /** The generation of the registry's lock that this process holds. */
  readonly generation: number;
  readonly definitionHash: string;
}

/** The state of a system when it begins to be driven. */
export interface SystemStart<State> {
  readonly systemId: string;
  readonly state: State | null;
  /** `sum` of the last record. */
  readonly sum: string;
  /** Where the journal ends, in the unit of its store. */
  readonly journalEnd: number;
  /** Sequence of the stored snapshot, 0 when there is none. */
  readonly snapshotSeq: number;
}

/** The system's journal, open where `start` says that it ends. Rejects with PAWL_JOURNAL_DAMAGED where it ends elsewhere. */
export function openJournal(
  { store }: SystemPlace,
  { state, journalEnd }: { readonly state: { readonly seq: number } | null; readonly journalEnd: number },
): Promise<Journal> {
  return store.openJournal({ seq: state?.seq ?? 0, end: journalEnd });
}
