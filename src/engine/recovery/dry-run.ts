/**
 * What a start would find about one run, without acting on it: the checks of a rehydration without the lock, a repair or a record.
 *
 * Owns: combining the two checks (journal and snapshot; open tasks). Does not own: the checks (engine/recovery/rehydrate, engine/recovery/open-tasks).
 */
import type { RecoveryFinding } from '../../run/recovery-findings.ts';
import { storeToLookAt } from '../../store/file-store.ts';
import { doubtfulView, type Look, type LookPlace, lookAtRun, quarantineView } from '../run-look.ts';
import { lookAtTasks } from './open-tasks.ts';
import { type Doubt, examine } from './rehydrate.ts';

/** The run as a start would find it; null when the folder holds none. */
export async function lookDry(place: LookPlace, runId: string): Promise<Look | null> {
  const aside = quarantineView(place, runId);
  if (aside !== null) return { view: aside, findings: [] };
  const found = await dryFindings(place, runId);
  if (found === null) return null;
  const view = found.doubt === null ? await lookAtRun(place, runId) : doubtfulView(runId, found.doubt);
  return view === null ? null : { view, findings: found.findings };
}

/** What a start would find about a run that is not set aside, and why it would set it aside; null when the folder holds no run. */
export async function dryFindings(
  place: LookPlace,
  runId: string,
): Promise<{ readonly findings: readonly RecoveryFinding[]; readonly doubt: Doubt | null } | null> {
  const wide = { ...place, ...storeToLookAt(place.files, place.paths) };
  const found = await examine(wide, runId);
  if (found.kind === 'absent') return null;
  if (found.kind === 'doubtful') return found;
  if (found.kind === 'unsupported') return { findings: [], doubt: null };
  const open = await lookAtTasks(wide, runId, found.state, place.files.clock.nowMs(), 'look');
  return { findings: [...found.findings, ...open], doubt: null };
}
