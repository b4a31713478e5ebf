/**
 * The records of a run that this process drives.
 *
 * Owns: reading them where they are kept. Does not own: the chain (ports/journal), reading runs that other processes drive (engine/run-look).
 */
import type { JournalRecord } from '../model/record.ts';
import type { JournalReading } from '../ports/journal.ts';
import { journalRecords } from '../store/journal.ts';
import type { World } from './world.ts';

/** Every record of the run's journal that can be verified. */
export async function recordsOf(
  { systemStore, paths }: Pick<World, 'systemStore' | 'paths'>,
  runId: string,
): Promise<readonly JournalRecord[]> {
  // Its records were written by this program alone, or the run is set aside: they are a run's.
  const reading = (await systemStore(runId).readJournal()) as JournalReading<JournalRecord>;
  return reading.kind === 'damaged' ? reading.records : journalRecords(paths.journal(runId), reading);
}
