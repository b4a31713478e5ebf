/**
 * From journal and snapshot to validated state, or the reason why the run is set aside (design, section 7).
 *
 * Owns: the order of the checks and what each failure means. Does not own: the chain (store/journal), the fold (kernel/fold), open tasks
 * (engine/recovery/open-tasks), setting aside (engine/recovery/set-aside).
 *
 * Invariants: 1. Nothing is resumed that any check has not passed (L5). 2. Examining writes nothing: a dry run changes nothing.
 */
import { join } from 'node:path';
import { canonicalJson } from '../../base/canonical-json.ts';
import { quote } from '../../base/sanitise.ts';
import { sha256 } from '../../base/sha256.ts';
import type { RecordedCommand } from '../../model/command.ts';
import { PawlError } from '../../model/error.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import type { ArtifactRef, IntakeOrder } from '../../model/event.ts';
import { type JournalRecord, RUN_ACTOR } from '../../model/record.ts';
import { TASK_FILES } from '../../model/request.ts';
import type { SystemRecord } from '../../model/system-record.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import type { MendableReading, Snapshots } from '../../ports/journal.ts';
import { agentNamedIn } from '../../run/agent-override.ts';
import { type DecidedCommands, decidedIn, recordedIn } from '../../run/decided-commands.ts';
import type { EarlierFacts } from '../../run/earlier-view.ts';
import { type Finder, type RecoveryFinding, settledBy } from '../../run/recovery-findings.ts';
import { type RunState, runSystem } from '../../run/system.ts';
import { rehydrateSystem, sizeAfterRepair } from '../rehydrate-system.ts';
import type { World } from '../world.ts';

/** One thing that a start found, and what was done about it. */
export type Finding = RecoveryFinding;

/** Why a run is set aside. */
export interface Doubt {
  readonly code: ErrorCode;
  readonly detail: string;
  /** The surfaces that the run may hold, as far as its files say. */
  readonly surfaces: readonly string[];
  readonly taskId: string;
}

/** The result of reading the files of a run. */
export type Rehydration =
  /** Intake was cut off before the first record: there is no run. */
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'doubtful';
      readonly doubt: Doubt;
      /** Commands that its verified records have decided; the inbox may hold them, too. */
      readonly recorded: readonly RecordedCommand[];
      readonly findings: readonly Finding[];
    }
  /** Its journal was written under rules that this version cannot fold. Nothing is wrong with it. */
  | {
      readonly kind: 'unsupported';
      readonly known: EarlierFacts;
    }
  | {
      readonly kind: 'live';
      readonly state: RunState;
      readonly sum: string;
      readonly journalEnd: number;
      readonly snapshotSeq: number;
      readonly updatedAtMs: number;
      readonly order: IntakeOrder;
      readonly agentOverride: string | null;
      readonly decided: DecidedCommands;
      /** Commands that records behind the snapshot have decided: the inbox may hold them or not. */
      readonly recorded: readonly RecordedCommand[];
      readonly findings: readonly Finding[];
    };

/** What is needed to read a run. */
export type RunPlace = Pick<World, 'paths' | 'registers' | 'artifacts' | 'systemStore'>;

/** The validated state of a run that will be driven: a torn last line is cut (and kept aside), a missing newline is added. */
export async function rehydrate(place: RunPlace, runId: string): Promise<Rehydration> {
  const { found, reading } = await examined(place, runId, 'start');
  if (reading === null || found.kind === 'doubtful' || found.kind === 'unsupported') return found;
  // Only now: the files of a run that is set aside stay as they are.
  const action = await place.systemStore(runId).mendJournal(reading);
  if (found.kind === 'absent') return found;
  const [interrupted, ...rest] = found.findings;
  return interrupted === undefined ? found : { ...found, findings: [{ ...interrupted, action }, ...rest] };
}

/** The result that `rehydrate` would have; nothing is written. */
export async function examine(place: RunPlace, runId: string): Promise<Rehydration> {
  return (await examined(place, runId, 'look')).found;
}

/** What the files say, and the append to be repaired. An interrupted append is the first finding. */
async function examined(
  place: RunPlace,
  runId: string,
  finder: Finder,
): Promise<{ readonly found: Rehydration; readonly reading: MendableReading | null }> {
  const { registers, paths } = place;
  const findings: Finding[] = [];
  const found = await rehydrateSystem(runSystem, runId, place.systemStore(runId));
  const doubtful = async (code: ErrorCode, detail: string, records: readonly JournalRecord[]) => {
    const action = settledBy(finder, 'the run is set aside as it is');
    findings.push({ class: 'ambiguous', detail, action });
    const found = {
      kind: 'doubtful',
      doubt: { code, detail, ...(await knownOf(place, runId, records)) },
      recorded: recordedIn(runId, records),
      findings,
    } as const;
    return { found, reading: null };
  };
  if (found.kind === 'doubtful') return doubtful(found.code, found.detail, recordsOfRun(found.records));
  if (found.kind === 'absent') {
    const { reading, snapshot } = found;
    const hasHistory = snapshot !== null || (await registers.names(paths.tasks(runId))).length > 0;
    if (hasHistory) return doubtful('PAWL_HISTORY_LOST', 'the journal is empty and the run is not', []);
    // The very first append was cut off: the intake, repeated, starts the journal again.
    return { found: { kind: 'absent' }, reading: reading.kind === 'torn' ? reading : null };
  }
  const records = recordsOfRun(found.records);
  if (found.kind === 'unsupported')
    return {
      found: {
        kind: 'unsupported',
        known: { rules: found.rules, branch: branchIn(records), ...(await knownOf(place, runId, records)) },
      },
      reading: null,
    };
  const { state, last, reading, snapshot } = found;
  const problem = await filesProblem(place, runId, state, records);
  if (problem !== null) return doubtful(problem.code, problem.detail, records);
  const mendable = reading.kind === 'torn' || reading.kind === 'unterminated' ? reading : null;
  if (mendable !== null) {
    const detail = `the last line of the journal was ${mendable.kind}`;
    findings.push({ class: 'interruptedAppend', detail, action: settledBy(finder, 'cut or completed') });
  }
  if (snapshot !== null && snapshot.seq < last.seq) {
    const detail = `the snapshot is at ${snapshot.seq}, the journal at ${last.seq}`;
    findings.push({ class: 'eventBeforeSnapshot', detail, action: settledBy(finder, 'rolled forward') });
  }
  const live: Rehydration = {
    kind: 'live',
    state,
    sum: last.sum,
    journalEnd: sizeAfterRepair(reading),
    snapshotSeq: snapshot?.seq ?? 0,
    updatedAtMs: last.atMs,
    order: orderOf(records),
    agentOverride: agentNamedIn(records),
    decided: decidedIn(records),
    recorded: recordedIn(runId, records.slice(snapshot?.seq ?? 0)),
    findings,
  };
  return { found: live, reading: mendable };
}

/** The records of a journal whose reader has verified it; their events are checked with the run's schemas. */
function recordsOfRun(records: readonly SystemRecord[]): readonly JournalRecord[] {
  return records as readonly JournalRecord[];
}

/** As the first record says; by its time where that was written by the first release. */
function orderOf([first]: readonly JournalRecord[]): IntakeOrder {
  const told = first?.event.type === 'packetReceived' ? first.event.order : undefined;
  return told ?? { atMs: first?.atMs ?? 0, index: 0 };
}

/** The branch that the run was made for; empty where its first record does not tell. */
function branchIn([first]: readonly JournalRecord[]): string {
  return first?.event.type === 'packetReceived' ? first.event.branch : '';
}

interface Problem {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** Task folders and artifacts against what the journal says of them. */
async function filesProblem(
  { registers, artifacts, paths }: RunPlace,
  runId: string,
  state: RunState,
  records: readonly JournalRecord[],
): Promise<Problem | null> {
  // Ever requested, not only still owed: a run that is cancelled, or refused, while a task is being prepared leaves its folder behind.
  const effects = records.flatMap((record) => record.effects);
  const asked = new Set(effects.flatMap((effect) => (effect.kind === 'prepareTask' ? [effect.taskId] : [])));
  for (const name of await registers.names(paths.tasks(runId))) {
    // Files that a desktop leaves everywhere (.DS_Store): no task ever has such a name.
    if (name.startsWith('.')) continue;
    const task = state.children[name]?.context;
    if (task === undefined && !asked.has(name))
      return contradictory(`the journal has no record of the task folder ${quote(name)}`);
    const folder = paths.task(runId, name);
    if (task === undefined) {
      if (await registers.has(join(folder, TASK_FILES.claim))) {
        return {
          code: 'PAWL_HISTORY_LOST',
          detail: `${name} is claimed, and the journal does not say that it was requested`,
        };
      }
      continue;
    }
    const request = await registers.read(join(folder, TASK_FILES.request));
    if (request === null || sha256(request) !== task.requestHash)
      return contradictory(`request.json of ${name} does not match the recorded one`);
    if (task.settlement === null) continue;
    const outcome = await registers.read(join(folder, TASK_FILES.outcome));
    const ended = outcome ?? (await registers.read(join(folder, TASK_FILES.claim)));
    if (ended === null || sha256(ended) !== task.settlement.outcomeHash)
      return contradictory(`the outcome of ${name} does not match the recorded one`);
  }
  for (const name of Object.keys(state.children)) {
    if (!(await registers.has(paths.task(runId, name)))) return contradictory(`the folder of ${name} is missing`);
  }
  return artifactProblem(artifacts, paths.run(runId), state);
}

function contradictory(detail: string): Problem {
  return { code: 'PAWL_REGISTER_CONTRADICTION', detail };
}

async function artifactProblem(artifacts: Artifacts, folder: string, state: RunState): Promise<Problem | null> {
  const { packet, gates, handoff } = state.root.context;
  const refs = [packet, gates.verification?.evidence, gates.review?.evidence, handoff?.artifact];
  for (const ref of refs.filter((each): each is ArtifactRef => each !== null && each !== undefined)) {
    try {
      await artifacts.read(folder, ref);
    } catch (error) {
      if (!(error instanceof PawlError) || error.code !== 'PAWL_ARTIFACT_DAMAGED') throw error;
      return { code: 'PAWL_ARTIFACT_DAMAGED', detail: error.message };
    }
  }
  return null;
}

/** What the verified prefix of a journal still says about a run that is not resumed: the name of its packet, the surfaces it may hold. */
async function knownOf(
  place: RunPlace,
  runId: string,
  records: readonly JournalRecord[],
): Promise<{ surfaces: readonly string[]; taskId: string }> {
  const first: { readonly type?: string; readonly taskId?: unknown; readonly surfaces?: unknown } =
    records[0]?.event ?? {};
  if (first.type === 'packetReceived' && Array.isArray(first.surfaces)) {
    const added = records.flatMap(({ event }) => ('surfacesAdded' in event ? (event.surfacesAdded ?? []) : []));
    return { surfaces: [...first.surfaces, ...added].map(String), taskId: String(first.taskId) };
  }
  return { surfaces: await surfacesInSnapshot(place.systemStore(runId).snapshots), taskId: runId };
}

/** Only a second source: the snapshot of a run that is set aside is trusted only to add surfaces, never to release them. */
async function surfacesInSnapshot(snapshots: Snapshots): Promise<readonly string[]> {
  try {
    const text = canonicalJson((await snapshots.read())?.actors[RUN_ACTOR] ?? null);
    const context = JSON.parse(text)?.context;
    const found: readonly unknown[] = [context?.surfaces, context?.surfacesAdded];
    return found.flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
  } catch (error) {
    // Unreadable as well: nothing is known.
    if (error instanceof PawlError) return [];
    throw error;
  }
}
