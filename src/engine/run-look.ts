/**
 * A run as its files show it, read only and without a lock: by its snapshot where that is the journal's very end, else by the fold.
 *
 * Owns: the quick read that status and the start of a driver share. Does not own: the view (run/run-view), the checks of a rehydration.
 * Free of zod and xstate, unless a journal is ahead of its snapshot: then the fold is loaded.
 *
 * Invariant: a snapshot is shown only if its hash is the `post` of the journal's last record.
 */

import { isAbsolute } from 'node:path';
import { RUN_CONTEXT_DEFAULTS } from '../../machines/run/context.ts';
import { TASK_CONTEXT_DEFAULTS } from '../../machines/task/context.ts';
import { canonicalObject, lastingJson } from '../base/canonical-json.ts';
import { sha256 } from '../base/sha256.ts';
import { visible } from '../base/visible.ts';
import { hintOf } from '../blockers/catalogue.ts';
import { defaultTexts, persistedImage } from '../kernel/persisted-image.ts';
import { PawlError } from '../model/error.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import type { JournalRecord } from '../model/record.ts';
import { RUN_ACTOR } from '../model/record.ts';
import { rulesOf, type StoredSnapshot, systemIdOf } from '../model/system-record.ts';
import { taskPartOfRun } from '../packets/packet-run-id.ts';
import type { ProcessesPort } from '../ports/processes.ts';
import { agentNamedIn } from '../run/agent-override.ts';
import { inPresentForm } from '../run/earlier-rules.ts';
import { type EarlierFacts, unsupportedBehind, unsupportedUnseen, unsupportedView } from '../run/earlier-view.ts';
import { listRuns } from '../run/error-actions.ts';
import type { RecoveryFinding } from '../run/recovery-findings.ts';
import { quarantinedView, type RunView, viewOf } from '../run/run-view.ts';
import type { Files } from '../store/files.ts';
import { readJournal, readJournalTail, recordsIn } from '../store/journal.ts';
import { chainFault } from '../store/journal-lines.ts';
import { readQuarantine } from '../store/quarantine.ts';
import { listRuns as runIds } from '../store/registry.ts';
import type { RegistryPaths } from '../store/registry-paths.ts';
import { readSnapshot } from '../store/snapshot-reading.ts';

const RUN_DEFAULTS = defaultTexts(RUN_CONTEXT_DEFAULTS);
const TASK_DEFAULTS = defaultTexts(TASK_CONTEXT_DEFAULTS);

/** Characters of a wrong name that its error repeats. */
const NAME_CHARS = 200;

/** Where runs are read from. */
export interface Place {
  readonly files: Files;
  readonly paths: RegistryPaths;
}

/** The same, and the port that can tell which of its processes live. */
export interface LookPlace extends Place {
  readonly processes: ProcessesPort;
}

/** The view of a run whose snapshot proves to be its journal's end; null when it does not. */
export function quickView(place: Place, runId: string): RunView | null {
  const aside = quarantineView(place, runId);
  if (aside !== null) return aside;
  const tail = readTail(place, runId);
  if (tail === null) return null;
  const snapshot = snapshotAt(place, runId, tail);
  if (snapshot === null) return null;
  const at = { seq: tail.seq, updatedAtMs: tail.atMs };
  if (snapshot.v === 1) return earlierViewAt(runId, snapshot, rulesOf(tail), at);
  const view = viewOf(runId, snapshot.actors, at);
  if (view.state !== 'queued') return view;
  // Only a run that has not begun can still be given an agent, and its journal is short.
  const records = chainFault(null, tail) === null ? [tail] : recordsOf(place, runId);
  const agentOverride = agentNamedIn(records);
  return agentOverride === null ? view : viewOf(runId, snapshot.actors, { ...at, agentOverride });
}

/** The view of a run under rules that this version cannot continue: from its snapshot where the journal proves that, else from its first record. */
export function earlierView(place: Place, runId: string, known: EarlierFacts): RunView {
  const records = recordsOf(place, runId);
  const last = records.at(-1);
  const at = { seq: last?.seq ?? 0, updatedAtMs: last?.atMs ?? null };
  const snapshot = readSnapshot(place.files, place.paths.snapshot(runId));
  const record = snapshot === null ? undefined : records[snapshot.seq - 1];
  if (snapshot === null || record === undefined || !isOf(snapshot, runId, record))
    return unsupportedUnseen(runId, known, at);
  const view = earlierViewAt(runId, snapshot, known.rules, at);
  return record === last ? view : unsupportedBehind(view, snapshot.seq, known);
}

/** The view of such a run by the snapshot of its end. */
function earlierViewAt(
  runId: string,
  snapshot: StoredSnapshot,
  earlierRules: number,
  at: { readonly seq: number; readonly updatedAtMs: number | null },
): RunView {
  const view = viewOf(runId, inPresentForm(snapshot.actors), { ...at, earlierRules });
  return view.kind === 'terminal' ? view : unsupportedView(view, earlierRules);
}

/** The last record, or null when the journal has none that can be read by itself. */
function readTail({ files, paths }: Place, runId: string): JournalRecord | null {
  try {
    return readJournalTail(files, paths.journal(runId));
  } catch (error) {
    // The fold of the journal reports a damaged end.
    if (error instanceof PawlError && error.code === 'PAWL_JOURNAL_DAMAGED') return null;
    throw error;
  }
}

function snapshotAt({ files, paths }: Place, runId: string, tail: JournalRecord): StoredSnapshot | null {
  try {
    const snapshot = readSnapshot(files, paths.snapshot(runId));
    return snapshot !== null && isOf(snapshot, runId, tail) ? snapshot : null;
  } catch (error) {
    if (error instanceof PawlError && error.code === 'PAWL_SNAPSHOT_DAMAGED') return null;
    throw error;
  }
}

/** True when the snapshot is the run's state after that record. */
function isOf(snapshot: StoredSnapshot, runId: string, { seq, sum, post }: JournalRecord): boolean {
  return systemIdOf(snapshot) === runId && snapshot.seq === seq && snapshot.sum === sum && imageOf(snapshot) === post;
}

/** The `post` of the state in a stored snapshot. */
function imageOf(snapshot: StoredSnapshot): string {
  const { actors, deadlines, outbox } = snapshot;
  if (snapshot.v === 1) return sha256(canonicalObject({ actors, deadlines, outbox }, lastingJson));
  return sha256(persistedImage(snapshot, (actor) => (actor === RUN_ACTOR ? RUN_DEFAULTS : TASK_DEFAULTS)));
}

/** The view of a run that is set aside, null when it is not. */
export function quarantineView({ files, paths }: Place, runId: string): RunView | null {
  if (!files.exists(paths.quarantined(runId))) return null;
  const quarantine = readQuarantine(files, paths, runId);
  if (quarantine === null) return null;
  const { record, resolved } = quarantine;
  return quarantinedView(runId, taskIdIn(runId), {
    atMs: record.atMs,
    surfaces: record.surfaces,
    isResolved: resolved !== null,
    blocker: {
      code: record.code as ErrorCode,
      message: record.detail,
      hint: hintOf(record.code as ErrorCode),
      evidence: [paths.run(runId)].filter(isAbsolute),
    },
  });
}

/** The packet's name, taken from its run's id. */
function taskIdIn(runId: string): string {
  return taskPartOfRun(runId) ?? runId;
}

/** A run as its files show it, and what a start would find in its journal and snapshot. */
export interface Look {
  readonly view: RunView;
  readonly findings: readonly RecoveryFinding[];
}

/** The view of any run, read only; null when the folder holds no run (an intake that was cut off). */
export async function lookAtRun(place: Place, runId: string): Promise<RunView | null> {
  return (await lookClosely(place, runId))?.view ?? null;
}

/** As `lookAtRun`, with what a start would find. */
export async function lookClosely(place: Place, runId: string): Promise<Look | null> {
  const quick = quickView(place, runId);
  if (quick !== null) return { view: quick, findings: [] };
  const { examine } = await import('./recovery/rehydrate.ts');
  const { storeToLookAt } = await import('../store/file-store.ts');
  const found = await examine({ ...place, ...storeToLookAt(place.files, place.paths) }, runId);
  if (found.kind === 'absent') return null;
  if (found.kind === 'doubtful') return { view: doubtfulView(runId, found.doubt), findings: found.findings };
  if (found.kind === 'unsupported') return { view: earlierView(place, runId, found.known), findings: [] };
  const { runSystem } = await import('../run/system.ts');
  const { persist } = await import('../kernel/image.ts');
  const { actors } = persist(runSystem, found.state);
  const { agentOverride, updatedAtMs } = found;
  const view = viewOf(runId, actors, { seq: found.state.seq, updatedAtMs, agentOverride });
  return { view, findings: found.findings };
}

/** Every run of the registry by its id, each as `lookClosely` has it; a folder that holds no run is passed over. */
export async function lookAtAll(place: Place): Promise<readonly Look[]> {
  const looks: Look[] = [];
  for (const runId of runIds(place.files, place.paths)) {
    const found = await lookClosely(place, runId);
    if (found !== null) looks.push(found);
  }
  return looks;
}

/** The view of a run whose files contradict each other and that nobody has set aside yet. */
export function doubtfulView(
  runId: string,
  doubt: { readonly code: ErrorCode; readonly detail: string; readonly surfaces: readonly string[] },
): RunView {
  return quarantinedView(runId, taskIdIn(runId), {
    atMs: 0,
    surfaces: doubt.surfaces,
    isResolved: false,
    blocker: {
      code: doubt.code,
      message: doubt.detail,
      hint: hintOf(doubt.code),
      evidence: [],
    },
  });
}

/** Every record of a run's journal that can be verified. */
export function recordsOf({ files, paths }: Place, runId: string): readonly JournalRecord[] {
  return recordsIn(readJournal(files, paths.journal(runId)));
}

/** The error of a name that no run has. */
export function unknownRun(name: string, options: readonly string[] = []): PawlError {
  const shown = visible(name.slice(0, NAME_CHARS));
  return new PawlError({
    code: 'PAWL_RUN_UNKNOWN',
    message: `Run not found in this registry: ${shown === '' ? '(empty name)' : shown}`,
    subject: shown,
    hint: 'Check its name.',
    actions: [listRuns(options)],
  });
}
