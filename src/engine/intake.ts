/**
 * Packets become runs, each of them once; a refused packet does not hold up the others of its file.
 *
 * Owns: the result of an intake for each packet, the batch as its intent, a run's first event.
 * Does not own: reading packets (packets/packets), the order in which an intake is carried out (engine/record-packets).
 *
 * Invariant: a run's packet is in its artifacts before its first record names it.
 */
import { canonicalJson, isObject, type Json } from '../base/canonical-json.ts';
import { shownBlocker } from '../blockers/shown-blocker.ts';
import type { Action } from '../model/action.ts';
import type { Config } from '../model/config.ts';
import { PawlError } from '../model/error.ts';
import type { ArtifactRef, IntakeOrder, JournalEvent, Policy } from '../model/event.ts';
import type { Limits } from '../model/limits.ts';
import type { PacketReading } from '../model/packet.ts';
import { doBranchesCollide, isBranchName } from '../packets/branch-name.ts';
import { nextRunId, taskPartOf, taskPartOfRun } from '../packets/packet-run-id.ts';
import { targetBlocker } from '../packets/preflight.ts';
import { surfacesOf } from '../packets/surfaces.ts';
import type { RepositoryFacts } from '../ports/git.ts';
import { earlierRefusal, isHeldByEarlier } from '../run/earlier-view.ts';
import { abandonRun, cancelRun } from '../run/error-actions.ts';
import { resolveLimits } from '../run/limits.ts';
import type { RunView } from '../run/run-view.ts';
import { type Batch, writeBatch } from '../store/batches.ts';
import { keptPacketText } from './kept-packet.ts';
import type { World } from './world.ts';

/** One run to be made: everything that its first record needs. */
export interface IntakeEntry {
  readonly runId: string;
  readonly reading: PacketReading;
  readonly limits: Limits;
  /** Its place in the order of all runs; absent in batches of the first release. */
  readonly order?: IntakeOrder;
  /** The agent for every role, as `--agent` named it; absent where it named none. */
  readonly agentOverride?: string;
}

/** What is known about existing runs. */
export interface KnownRuns {
  view(runId: string): RunView | null;
  /** The run that now has this packet as a replacement; null when there is none. */
  withPacket(packetHash: string): RunView | null;
  /** Every live run, with the branch that it is for. */
  holders(): readonly { readonly runId: string; readonly branch: string }[];
  /** The options by which a command addresses this registry. */
  readonly options: readonly string[];
  /** The facts about the repository. */
  readonly repository: RepositoryFacts;
}

/** Why a packet of a file is refused. */
export type PacketRefusal = Pick<PawlError, 'code' | 'message' | 'subject' | 'hint' | 'actions'>;

/** The result of an intake for one packet of a file. */
export interface PacketOutcome {
  readonly taskId: string;
  /** The run that the packet is for, even if it is refused: then that run may not exist. */
  readonly runId: string;
  /** `present`: it already had a run. `replaced`: its run now has it in place of another packet. */
  readonly outcome: 'recorded' | 'present' | 'replaced' | 'refused';
  /** Null unless it is refused. */
  readonly refusal: PacketRefusal | null;
}

/** What an intake may do besides recording new packets. */
export interface IntakeOptions {
  /** A new run for packets whose run has ended, or can only be continued by an earlier version of Pawl. */
  readonly again: boolean;
  /** The agent for every role of the new runs, as `--agent` named it: recorded with each; absent where it named none. */
  readonly agentOverride?: string;
}

/** The plan of an intake. */
export interface IntakePlan {
  /** One for each packet, in the order of the file. */
  readonly outcomes: readonly PacketOutcome[];
  /** The runs to be made, in the order of the file. */
  readonly fresh: readonly IntakeEntry[];
}

/** The stages that leave artifacts: their folders are made with the run. */
const STAGES = ['intake', 'verification', 'review', 'handoff'] as const;

/**
 * Decides the result of an intake, packet by packet. Refused are PAWL_RUN_QUARANTINED, a packet whose run is set aside,
 * PAWL_RULES_UNSUPPORTED, one whose run only an earlier version can continue, PAWL_RUN_CONFLICT, one whose branch a live run, or an earlier packet of the file, is for, PAWL_REPOSITORY_MISMATCH and
 * PAWL_WORKSPACE_BRANCH_PROTECTED, one that can never be a run of this repository in its present state.
 */
export function planIntake(
  readings: readonly PacketReading[],
  config: Config,
  known: KnownRuns,
  options: IntakeOptions,
): IntakePlan {
  const fresh = new Map<string, IntakeEntry>();
  const outcomes = readings.map((reading): PacketOutcome => {
    const { taskId } = reading.packet;
    const runId = currentRunId(reading, known, options.again);
    const view = known.view(runId);
    if (view?.kind === 'quarantined')
      return { taskId, runId, outcome: 'refused', refusal: quarantined(runId, known.options) };
    if (view !== null && isHeldByEarlier(view))
      return { taskId, runId, outcome: 'refused', refusal: earlierRefusal(view, known.options) };
    if (view !== null || fresh.has(runId)) return { taskId, runId, outcome: 'present', refusal: null };
    const refusal =
      wrongTarget(reading, config, known.repository) ?? branchTaken(reading, runId, known, [...fresh.values()]);
    if (refusal !== null) return { taskId, runId, outcome: 'refused', refusal };
    const limits = resolveLimits(config.limits, reading.packet.limits);
    const { agentOverride } = options;
    fresh.set(runId, { runId, reading, limits, ...(agentOverride === undefined ? {} : { agentOverride }) });
    return { taskId, runId, outcome: 'recorded', refusal: null };
  });
  return { outcomes, fresh: [...fresh.values()] };
}

/** The runs of the packets of an intake, each once, in the order of the file. */
export function runsOf(outcomes: readonly PacketOutcome[]): readonly string[] {
  return [...new Set(outcomes.filter(({ outcome }) => outcome !== 'refused').map(({ runId }) => runId))];
}

/** Throws the first refusal, for callers that want all of a file or nothing. */
export function assertNoneRefused(outcomes: readonly PacketOutcome[]): void {
  const refusal = outcomes.find((each) => each.refusal !== null)?.refusal;
  if (refusal === null || refusal === undefined) return;
  throw new PawlError({ ...refusal, hint: `${refusal.hint} Nothing of this file was recorded.` });
}

/** The run that this packet refers to: its first one, or one that has it now, or with --again a new one after the last ended one. */
function currentRunId({ runId: first, packetHash }: PacketReading, known: KnownRuns, mayRepeat: boolean): string {
  const replaced = known.withPacket(packetHash);
  if (replaced !== null && !(mayRepeat && isOver(replaced))) return replaced.runId;
  let runId = first;
  for (let n = 2; ; n += 1) {
    const view = known.view(runId);
    if (view === null) return runId;
    const next = nextRunId(first, n);
    if (known.view(next) === null && !(mayRepeat && isOver(view))) return runId;
    runId = next;
  }
}

/** The run cannot continue in this version of Pawl: its packet can have another run. */
function isOver(view: RunView): boolean {
  return view.kind === 'terminal' || isHeldByEarlier(view);
}

/** The packet is for another repository, or for a protected branch. */
function wrongTarget(
  { packet, missingFields }: PacketReading,
  config: Config,
  repository: RepositoryFacts,
): PacketRefusal | null {
  const blocker = missingFields.length > 0 ? null : targetBlocker(packet, config, repository);
  if (blocker === null) return null;
  const { code, message, hint } = shownBlocker(blocker);
  return { code, message, subject: packet.taskId, hint, actions: [] };
}

/** The runs whose packets were replaced, by the packets that they have now: their ids do not tell. */
export function runsWithOtherPackets(views: readonly RunView[]): ReadonlyMap<string, RunView> {
  return new Map(views.filter(({ replacement }) => replacement !== null).map((view) => [view.packetHash, view]));
}

/** One branch, one run: compared without the packets' repository, because a registry has only one. */
function branchTaken(
  { packet, missingFields }: PacketReading,
  runId: string,
  known: KnownRuns,
  before: readonly IntakeEntry[],
): PacketRefusal | null {
  const branch = packet.scm.intendedBranch;
  // The run of an insufficient packet ends at once: it claims nothing.
  if (branch === null || missingFields.length > 0) return null;
  const holder = known.holders().find((each) => each.runId !== runId && doBranchesCollide(branch, each.branch));
  if (holder !== undefined) {
    const isOfTask = taskPartOfRun(holder.runId) === taskPartOf(packet.taskId);
    const hint = isOfTask
      ? 'If this is a correction of its packet, submit it with --replace. Otherwise let that run end, or cancel it.'
      : 'Let that run end, or cancel it.';
    return conflict(packet, `the live run ${holder.runId} is for ${holder.branch}`, hint, [
      cancelRun(holder.runId, known.options),
    ]);
  }
  const other = before.find(({ reading }) => claims(reading, branch))?.reading.packet;
  if (other === undefined) return null;
  return conflict(
    packet,
    `the packet ${other.taskId} of the same file is for ${other.scm.intendedBranch}`,
    'Give each packet a branch of its own.',
    [],
  );
}

function claims({ packet, missingFields }: PacketReading, branch: string): boolean {
  const { intendedBranch } = packet.scm;
  return missingFields.length === 0 && intendedBranch !== null && doBranchesCollide(branch, intendedBranch);
}

function conflict(
  { taskId, scm }: PacketReading['packet'],
  why: string,
  hint: string,
  actions: readonly Action[],
): PacketRefusal {
  return {
    code: 'PAWL_RUN_CONFLICT',
    message: `The packet ${taskId} names the branch ${scm.intendedBranch}, but ${why}.`,
    subject: taskId,
    hint,
    actions,
  };
}

/** The run of a packet is set aside. */
export function quarantined(runId: string, options: readonly string[]): PacketRefusal {
  return {
    code: 'PAWL_RUN_QUARANTINED',
    message: `The run of this packet, ${runId}, is set aside.`,
    subject: runId,
    hint: 'Inspect and abandon it, then submit the packet with --again.',
    actions: abandonRun(runId, options),
  };
}

/** The intake's intent is durable. Returns the id of its batch. */
export function writeIntake(
  world: World,
  entries: readonly IntakeEntry[],
  commandId: string | null,
  outcomes: readonly PacketOutcome[],
): Promise<string> {
  const plain = <T>(values: readonly T[]) => values.map((value) => JSON.parse(canonicalJson(value)) as Json);
  const decision = commandId === null ? null : { commandId, outcomes: plain(outcomes) };
  return writeBatch(world.files, world.paths, plain(entries), decision);
}

/** The entries of a batch, each with its order. Throws PAWL_REGISTRY_INVALID for an invalid batch. */
export function entriesOf(batch: Batch): readonly IntakeEntry[] {
  return batch.entries.map((entry, index) => {
    if (isObject(entry) && typeof entry.runId === 'string' && isObject(entry.reading) && isObject(entry.limits)) {
      return { order: { atMs: batch.atMs, index }, ...(entry as object as IntakeEntry) };
    }
    throw invalidRegister(batch.batchId, 'an entry without a packet');
  });
}

/** The decision on each packet, from the register that `subject` names. Throws PAWL_REGISTRY_INVALID when it is invalid. */
export function outcomesIn(values: readonly unknown[], subject: string): readonly PacketOutcome[] {
  return values.map((value) => {
    if (isObject(value) && typeof value.taskId === 'string' && typeof value.outcome === 'string') {
      return value as object as PacketOutcome;
    }
    throw invalidRegister(subject, 'a packet without a decision');
  });
}

function invalidRegister(subject: string, what: string): PawlError {
  return new PawlError({
    code: 'PAWL_REGISTRY_INVALID',
    message: `${subject} has ${what}.`,
    subject,
    hint: 'Look at what changed this file.',
  });
}

/** The packet is durable in the artifacts of the run, whose folders exist; earlier packets of the run stay beside it. */
export function keepPacket(
  { artifacts, paths }: World,
  runId: string,
  { given, packet, unknownFields }: PacketReading,
  limits: Limits,
): Promise<ArtifactRef> {
  const kept = keptPacketText({ given: given as Json, packet, limits, unknownFields });
  return artifacts.write(paths.run(runId), 'intake', 'packet', kept);
}

/** The limits that the machines enforce. */
export function policyOf(limits: Limits): Policy {
  return {
    attemptsMax: limits.attemptsMax,
    fixAttemptsMax: limits.fixAttemptsMax,
    lostRetriesMax: limits.lostRetriesMax,
    interruptionsMax: limits.interruptionsMax,
    limitWaitsMax: limits.limitWaitsMax,
    hostStartsMax: limits.hostStartsMax,
    leaseTtlMs: limits.leaseTtlMs,
  };
}

/** Makes the run's folders and its packet, which are durable once its journal is made (that syncs the run's folder); returns its first event. */
export async function prepareRun(world: World, entry: IntakeEntry): Promise<JournalEvent> {
  const { paths, registers } = world;
  const { runId, reading, limits, order, agentOverride } = entry;
  const artifacts = paths.artifacts(runId);
  const folders = [...STAGES.map((stage) => `${artifacts}/${stage}`), paths.tasks(runId)];
  await registers.makeFolders(folders, paths.run(runId));
  const { packet } = reading;
  const ref = await keepPacket(world, runId, reading, limits);
  const branch = packet.scm.intendedBranch ?? '';
  return {
    type: 'packetReceived',
    taskId: packet.taskId,
    packetHash: reading.packetHash,
    packet: ref,
    missingFields: reading.missingFields,
    surfaces: reading.missingFields.length === 0 ? surfacesOf(packet, runId) : [],
    branch: isBranchName(branch) ? branch : '',
    limits: JSON.parse(canonicalJson(limits)),
    policy: policyOf(limits),
    ...(order === undefined ? {} : { order }),
    ...(agentOverride === undefined ? {} : { agentOverride }),
  };
}
