/**
 * Journal and snapshot to validated state, or the reason why the run is set aside (design, section 7).
 *
 * Owns: the order of the checks and what each failure means. Does not own: the chain (store/journal), the fold (core), open tasks
 * (runtime/open-tasks), setting aside (runtime/set-aside).
 *
 * Invariants: 1. Nothing is resumed that any check has not passed (L5). 2. Without repair nothing is written: a dry run changes nothing.
 */
import { join } from 'node:path';
import { canonicalJson } from '../base/canonical-json.ts';
import { sha256 } from '../base/sha256.ts';
import { agentNamedIn } from '../core/agent-override.ts';
import { contextProblem } from '../core/context-problem.ts';
import type { RunState } from '../core/decide.ts';
import { fold } from '../core/fold.ts';
import { type Finder, type RecoveryFinding, settledBy } from '../core/recovery-findings.ts';
import { quote } from '../core/sanitise.ts';
import { restoreProblem, snapshotHash, snapshotOf } from '../core/state-image.ts';
import { PawlError } from '../model/error.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import {
  type ArtifactRef,
  driverEventSchema,
  type IntakeOrder,
  runEventSchema,
  taskEventSchema,
} from '../model/event.ts';
import { DRIVER_ACTOR, type JournalRecord, RUN_ACTOR, type StoredSnapshot } from '../model/record.ts';
import { TASK_FILES } from '../model/request.ts';
import { readArtifact } from '../store/artifacts.ts';
import type { Files } from '../store/files.ts';
import { type JournalReading, readJournal, repairJournal } from '../store/journal.ts';
import { readRegister } from '../store/register.ts';
import type { RegistryPaths } from '../store/registry-paths.ts';
import { readSnapshot } from '../store/snapshot-reading.ts';

/** One thing that a start found, and what was done about it. */
export type Finding = RecoveryFinding;

/** Why a run is set aside. */
export interface Doubt {
  readonly code: ErrorCode;
  readonly detail: string;
  /** The surfaces that the run may hold, as far as its files tell. */
  readonly surfaces: readonly string[];
  readonly taskId: string;
}

/** What the files of a run come to. */
export type Rehydration =
  /** Intake was cut off before the first record: there is no run. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'doubtful'; readonly doubt: Doubt; readonly findings: readonly Finding[] }
  | {
      readonly kind: 'live';
      readonly state: RunState;
      readonly sum: string;
      readonly journalSize: number;
      readonly snapshotSeq: number;
      readonly updatedAtMs: number;
      readonly order: IntakeOrder;
      readonly agentOverride: string | null;
      readonly findings: readonly Finding[];
    };

interface Place {
  readonly files: Files;
  readonly paths: RegistryPaths;
}

/** The validated state of a run. `mayRepair`: a torn last line is cut (and kept aside), a missing newline is added. */
export function rehydrate(place: Place, runId: string, mayRepair: boolean): Rehydration {
  const { files, paths } = place;
  const findings: Finding[] = [];
  const finder: Finder = mayRepair ? 'start' : 'look';
  const reading = readJournal(files, paths.journal(runId));
  const records = reading.kind === 'absent' ? [] : reading.records;
  const doubtful = (code: ErrorCode, detail: string): Rehydration => {
    const action = settledBy(finder, 'the run is set aside as it is');
    findings.push({ class: 'ambiguous', detail, action });
    return { kind: 'doubtful', doubt: { code, detail, ...knownOf(place, runId, records) }, findings };
  };
  let snapshot: StoredSnapshot | null;
  try {
    snapshot = readSnapshot(files, paths.snapshot(runId));
  } catch (error) {
    if (!(error instanceof PawlError) || error.code !== 'PAWL_SNAPSHOT_DAMAGED') throw error;
    return doubtful('PAWL_SNAPSHOT_DAMAGED', error.message);
  }
  if (reading.kind === 'damaged') {
    return doubtful('PAWL_JOURNAL_DAMAGED', `line ${reading.line} of the journal: ${reading.detail}`);
  }
  if (records.length === 0) {
    const hasHistory = snapshot !== null || files.listNames(paths.tasks(runId)).length > 0;
    if (hasHistory) return doubtful('PAWL_HISTORY_LOST', 'the journal is empty and the run is not');
    // The very first append was cut off: the intake, repeated, begins the journal anew.
    if (reading.kind === 'torn' && mayRepair) repairJournal(files, paths.journal(runId), reading);
    return { kind: 'absent' };
  }
  const bad = records.find((record) => eventProblem(record) !== null);
  if (bad !== undefined) return doubtful('PAWL_JOURNAL_DAMAGED', `record ${bad.seq}: ${eventProblem(bad)}`);
  const folding = fold(runId, records, { hash: sha256 });
  if (folding.kind === 'diverged') return doubtful('PAWL_JOURNAL_DIVERGED', `record ${folding.seq}: ${folding.detail}`);
  const last = records.at(-1);
  if (folding.state === null || last === undefined) return { kind: 'absent' };
  const { state } = folding;
  const problem =
    snapshotProblem(runId, snapshot, records) ?? stateProblem(state) ?? filesProblem(place, runId, state, records);
  if (problem !== null) return doubtful(problem.code, problem.detail);
  // Only now: the files of a run that is set aside stay as they are.
  if (reading.kind === 'torn' || reading.kind === 'unterminated') {
    const action = mayRepair
      ? repairJournal(files, paths.journal(runId), reading)
      : settledBy(finder, 'cut or completed');
    findings.push({ class: 'interruptedAppend', detail: `the last line of the journal was ${reading.kind}`, action });
  }
  if (snapshot !== null && snapshot.seq < last.seq) {
    const detail = `the snapshot is at ${snapshot.seq}, the journal at ${last.seq}`;
    findings.push({ class: 'eventBeforeSnapshot', detail, action: settledBy(finder, 'rolled forward') });
  }
  return {
    kind: 'live',
    state,
    sum: last.sum,
    journalSize: sizeAfterRepair(reading),
    snapshotSeq: snapshot?.seq ?? 0,
    updatedAtMs: last.atMs,
    order: orderOf(records),
    agentOverride: agentNamedIn(records),
    findings,
  };
}

/** As the first record says; by its time where that was written by the first release. */
function orderOf([first]: readonly JournalRecord[]): IntakeOrder {
  const told = first?.event.type === 'packetReceived' ? first.event.order : undefined;
  return told ?? { atMs: first?.atMs ?? 0, index: 0 };
}

function sizeAfterRepair(reading: JournalReading): number {
  switch (reading.kind) {
    case 'torn':
      return reading.keptSize;
    case 'unterminated':
      return reading.size + 1;
    case 'whole':
      return reading.size;
    default:
      return 0;
  }
}

function eventProblem({ actor, event }: JournalRecord): string | null {
  const schema = actor === RUN_ACTOR ? runEventSchema : actor === DRIVER_ACTOR ? driverEventSchema : taskEventSchema;
  const checked = schema.safeParse(event);
  if (checked.success) return null;
  const issue = checked.error.issues[0];
  return `unknown or malformed event: ${issue === undefined ? '' : `${issue.path.join('.')} ${issue.message}`}`;
}

interface Problem {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** The stored snapshot against the fold at the snapshot's own sequence: ahead means that history was lost. */
function snapshotProblem(
  runId: string,
  snapshot: StoredSnapshot | null,
  records: readonly JournalRecord[],
): Problem | null {
  if (snapshot === null) return null;
  if (snapshot.runId !== runId) return diverged(`the snapshot is one of ${snapshot.runId}`);
  if (snapshot.seq > records.length) {
    return {
      code: 'PAWL_HISTORY_LOST',
      detail: `the snapshot is at ${snapshot.seq}, the journal ends at ${records.length}`,
    };
  }
  const record = records[snapshot.seq - 1];
  if (record === undefined) return diverged(`the snapshot names record ${snapshot.seq}`);
  if (record.sum !== snapshot.sum) return diverged(`the snapshot at ${snapshot.seq} is of another history`);
  return snapshotHash(snapshot, sha256) === record.post
    ? null
    : diverged(`the snapshot at ${snapshot.seq} is not the state that the journal proves`);
}

function diverged(detail: string): Problem {
  return { code: 'PAWL_SNAPSHOT_DIVERGED', detail };
}

/** Contexts by schema, and every actor restored the way anyone would restore it. */
function stateProblem(state: RunState): Problem | null {
  for (const [actor, persisted] of Object.entries(snapshotOf(state, '', '').actors)) {
    const context = Object(persisted).context as unknown;
    const problem = contextProblem(actor, context) ?? restoreProblem(actor, persisted);
    if (problem !== null) return { code: 'PAWL_JOURNAL_DIVERGED', detail: `${actor}: ${problem}` };
  }
  return null;
}

/** Task folders and artifacts against what the journal says of them. */
function filesProblem(
  { files, paths }: Place,
  runId: string,
  state: RunState,
  records: readonly JournalRecord[],
): Problem | null {
  // Ever asked for, not only still owed: a run that is cancelled, or refused, while a task is made ready leaves its folder behind.
  const effects = records.flatMap((record) => record.effects);
  const asked = new Set(effects.flatMap((effect) => (effect.kind === 'prepareTask' ? [effect.taskId] : [])));
  for (const name of files.listNames(paths.tasks(runId))) {
    // What a desktop leaves everywhere (.DS_Store): no task is ever called so.
    if (name.startsWith('.')) continue;
    const task = state.tasks[name]?.context;
    if (task === undefined && !asked.has(name))
      return contradictory(`the journal does not know the task folder ${quote(name)}`);
    const folder = paths.task(runId, name);
    if (task === undefined) {
      if (files.exists(join(folder, TASK_FILES.claim))) {
        return {
          code: 'PAWL_HISTORY_LOST',
          detail: `${name} is claimed, and the journal does not say that it was requested`,
        };
      }
      continue;
    }
    const request = readRegister(files, join(folder, TASK_FILES.request));
    if (request === null || sha256(request) !== task.requestHash)
      return contradictory(`request.json of ${name} is not the recorded one`);
    if (task.settlement === null) continue;
    const outcome = readRegister(files, join(folder, TASK_FILES.outcome));
    const ended = outcome ?? readRegister(files, join(folder, TASK_FILES.claim));
    if (ended === null || sha256(ended) !== task.settlement.outcomeHash)
      return contradictory(`the outcome of ${name} is not the recorded one`);
  }
  for (const name of Object.keys(state.tasks)) {
    if (!files.exists(paths.task(runId, name))) return contradictory(`the folder of ${name} is missing`);
  }
  return artifactProblem(files, paths.run(runId), state);
}

function contradictory(detail: string): Problem {
  return { code: 'PAWL_REGISTER_CONTRADICTION', detail };
}

function artifactProblem(files: Files, folder: string, state: RunState): Problem | null {
  const { packet, gates, handoff } = state.run.context;
  const refs = [packet, gates.verification?.evidence, gates.review?.evidence, handoff?.artifact];
  for (const ref of refs.filter((each): each is ArtifactRef => each !== null && each !== undefined)) {
    try {
      readArtifact(files, folder, ref);
    } catch (error) {
      if (!(error instanceof PawlError) || error.code !== 'PAWL_ARTIFACT_DAMAGED') throw error;
      return { code: 'PAWL_ARTIFACT_DAMAGED', detail: error.message };
    }
  }
  return null;
}

/** What the verified prefix of a journal still tells about a run that is set aside: the name of its packet, the surfaces it may hold. */
function knownOf(
  { files, paths }: Place,
  runId: string,
  records: readonly JournalRecord[],
): { surfaces: readonly string[]; taskId: string } {
  const first = records[0]?.event;
  if (first?.type === 'packetReceived' && runEventSchema.safeParse(first).success) {
    const sound = records.filter((record) => eventProblem(record) === null);
    const added = sound.flatMap(({ event }) => ('surfacesAdded' in event ? (event.surfacesAdded ?? []) : []));
    return { surfaces: [...first.surfaces, ...added], taskId: first.taskId };
  }
  return { surfaces: surfacesInSnapshot(files, paths.snapshot(runId)), taskId: runId };
}

/** A second source only: the snapshot of a run that is set aside is not trusted for anything but taking too many surfaces. */
function surfacesInSnapshot(files: Files, path: string): readonly string[] {
  try {
    const text = canonicalJson(readSnapshot(files, path)?.actors[RUN_ACTOR] ?? null);
    const context = JSON.parse(text)?.context;
    const found: readonly unknown[] = [context?.surfaces, context?.surfacesAdded];
    return found.flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
  } catch (error) {
    // Unreadable as well: nothing is known.
    if (error instanceof PawlError) return [];
    throw error;
  }
}
