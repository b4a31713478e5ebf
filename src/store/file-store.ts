/**
 * A registry kept as files, behind its ports.
 *
 * Owns: putting them together. Does not own: any of them (store/journal-writer, store/snapshot, store/file-registers, store/artifacts, store/inbox, store/recorded-commands, store/inbox-retention), where
 * they lie (store/registry-paths), who owns the registry (store/registry-lock).
 */
import type { Artifacts } from '../ports/artifacts.ts';
import type { OwnInbox } from '../ports/inbox.ts';
import type { SystemStore } from '../ports/journal.ts';
import type { Registers } from '../ports/registers.ts';
import { fileArtifacts } from './artifacts.ts';
import { fileRegisters } from './file-registers.ts';
import type { Files } from './files.ts';
import { fileInbox, keyedCommandId } from './inbox.ts';
import { InboxNames } from './inbox-names.ts';
import { forgetDecided } from './inbox-retention.ts';
import { readJournal, repairJournal } from './journal.ts';
import { type Fence, JournalWriter } from './journal-writer.ts';
import { RecordedCommands } from './recorded-commands.ts';
import type { RegistryPaths } from './registry-paths.ts';
import { SnapshotStore } from './snapshot.ts';

/** The files of one system, by their absolute paths. */
export interface SystemPaths {
  readonly journal: string;
  readonly snapshot: string;
}

/** The same for readers: nothing can be appended. */
export function storeToLookAt(files: Files, paths: RegistryPaths): RegistryStore {
  return fileStore(files, paths, () => {
    throw new Error('bug: who only looks appends nothing');
  });
}

/** Everything that a registry keeps, behind its ports. */
export interface RegistryStore {
  readonly registers: Registers;
  readonly artifacts: Artifacts;
  readonly inbox: OwnInbox;
  /** Where each run's history is kept. */
  readonly systemStore: (runId: string) => SystemStore;
}

/** A registry kept as files; `fence` allows only the owner of the highest generation to append. */
export function fileStore(files: Files, paths: RegistryPaths, fence: Fence): RegistryStore {
  const recorded = new RecordedCommands(files, paths);
  const names = new InboxNames(files, paths);
  const inbox = fileInbox(files, paths);
  return {
    registers: fileRegisters(files),
    artifacts: fileArtifacts(files),
    inbox: {
      ...inbox,
      leaveKeyed: (request, key) => {
        names.add(keyedCommandId(key.key));
        return inbox.leaveKeyed(request, key);
      },
      mayHave: (commandId) => recorded.remembered(commandId) !== null || names.has(commandId),
      remember: (command) => {
        names.add(command.command.commandId);
        recorded.remember(command);
      },
      remembered: (commandId) => recorded.remembered(commandId),
      file: (runId) => recorded.file(runId),
      filed: (runId) => recorded.filed(runId),
      forget: (generation, retention) => forgetDecided(files, paths, () => fence(generation), retention),
    },
    systemStore: (runId) =>
      systemFiles(files, { journal: paths.journal(runId), snapshot: paths.snapshot(runId) }, fence),
  };
}

/** The system's files behind its ports. */
export function systemFiles(files: Files, { journal, snapshot }: SystemPaths, fence: Fence): SystemStore {
  return {
    snapshots: new SnapshotStore(files, snapshot),
    readJournal: async () => readJournal(files, journal),
    mendJournal: (reading) => repairJournal(files, journal, reading),
    openJournal: (tail) => JournalWriter.open(files, journal, tail, fence),
  };
}
