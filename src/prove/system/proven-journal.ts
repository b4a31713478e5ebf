/**
 * What lies on the disk of a proof, read by nobody's account.
 *
 * Owns: finding the journal, its records. Does not own: where an engine puts it (engine/system-registry), reading it (store/journal).
 */
import { systemClock } from '../../adapters/system-clock.ts';
import { rehydrateSystem, type SystemRehydration } from '../../engine/rehydrate-system.ts';
import type { AnyState, System } from '../../kernel/system.ts';
import type { SystemRecord } from '../../model/system-record.ts';
import { systemFiles } from '../../store/file-store.ts';
import { Files } from '../../store/files.ts';
import { readJournal } from '../../store/journal.ts';
import type { MemoryFs } from '../memory/memory-fs.ts';
import { PROOF_FOLDER } from './proven-engine.ts';
import { PROVEN_ID } from './sameness.ts';

/** The records that can be read; none where there is no journal. */
export function recordsOn(disk: MemoryFs): readonly SystemRecord[] {
  const files = new Files(disk, systemClock);
  const folder = folderOf(files);
  const reading = folder === null ? null : readJournal(files, `${folder}/events.jsonl`);
  return reading === null || reading.kind === 'absent' ? [] : reading.records;
}

/** What a start would make of the disk, null where there is no system on it. */
export async function rehydratedOn(system: System, disk: MemoryFs): Promise<SystemRehydration<AnyState> | null> {
  const files = new Files(disk, systemClock);
  const folder = folderOf(files);
  if (folder === null) return null;
  const lies = { journal: `${folder}/events.jsonl`, snapshot: `${folder}/snapshot.json` };
  return rehydrateSystem(
    system,
    PROVEN_ID,
    systemFiles(files, lies, () => undefined),
  );
}

/** The one folder of a system. */
function folderOf(files: Files): string | null {
  const kinds = files.listNames(PROOF_FOLDER).filter((name) => !name.includes('.'));
  const folders = kinds.flatMap((kind) =>
    files.listNames(`${PROOF_FOLDER}/${kind}`).map((id) => `${PROOF_FOLDER}/${kind}/${id}`),
  );
  return folders.find((folder) => files.exists(`${folder}/events.jsonl`)) ?? null;
}
