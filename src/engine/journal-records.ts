/**
 * The records of a run that this process drives.
 *
 * Owns: reading them where they are kept. Does not own: the chain (ports/journal), reading runs that other processes drive (engine/run-look).
 */
import type { JournalRecord } from '../model/record.ts';
import type { JournalReading } from '../ports/journal.ts';
import { recordsIn } from '../store/journal.ts';
import type { World } from './world.ts';

/** Every record of the run's journal that can be verified. */
export async function readRecords(
  { systemStore }: Pick<World, 'systemStore'>,
  runId: string,
): Promise<readonly JournalRecord[]> {
  // Its records were written by this program alone, or the run is set aside: they are a run's.
  return recordsIn((await systemStore(runId).readJournal()) as JournalReading<JournalRecord>);
}
