/**
 * One system kept as files: its journal and its snapshot.
 *
 * Owns: putting the two together. Does not own: either of them (store/journal-writer, store/snapshot), which folder they lie in (store/registry-paths).
 */
import type { SystemStore } from '../ports/journal.ts';
import type { Files } from './files.ts';
import { type Fence, JournalWriter } from './journal-writer.ts';
import type { RegistryPaths } from './registry-paths.ts';
import { SnapshotStore } from './snapshot.ts';

/** The files of one system, by their absolute paths. */
export interface SystemPaths {
  readonly journal: string;
  readonly snapshot: string;
}

/** The histories of a registry's runs. */
export function runStores(files: Files, paths: RegistryPaths, fence: Fence): (runId: string) => SystemStore {
  return (runId) => systemFiles(files, { journal: paths.journal(runId), snapshot: paths.snapshot(runId) }, fence);
}

/** The system's files behind its ports. */
export function systemFiles(files: Files, { journal, snapshot }: SystemPaths, fence: Fence): SystemStore {
  return {
    snapshots: new SnapshotStore(files, snapshot),
    openJournal: (tail) => JournalWriter.open(files, journal, tail, fence),
  };
}
