/**
 * Packets become runs: all of a file or nothing of it, the same packet once.
 *
 * Owns: the batch as the intent of an intake, creating the runs, which packets are new, conflicting or refused.
 * Does not own: reading packets (core/packets), driving the runs (runtime/driver).
 *
 * Invariants: 1. The batch register of several packets is durable before any run folder exists, so a killed intake is finished by
 * the next start; a single packet is taken in by its run's first record, or not at all.
 * 2. A run's packet lies in its artifacts before its first record names it.
 */

import { MACHINE_VERSION } from '../../machines/effects.ts';
import { canonicalJson, isObject, type Json } from '../base/canonical-json.ts';
import { doBranchesCollide, isBranchName } from '../core/branch-name.ts';
import { cancelRun, giveUpRun } from '../core/error-actions.ts';
import { resolveLimits } from '../core/limits.ts';
import { nextRunId } from '../core/packet-run-id.ts';
import type { RunView } from '../core/run-view.ts';
import { surfacesOf } from '../core/surfaces.ts';
import type { Action } from '../model/action.ts';
import type { Config } from '../model/config.ts';
import { PawlError } from '../model/error.ts';
import type { JournalEvent } from '../model/event.ts';
import type { Limits } from '../model/limits.ts';
import type { PacketReading } from '../model/packet.ts';
import { writeArtifact } from '../store/artifacts.ts';
import { type Batch, writeBatch } from '../store/batches.ts';
import { keptPacketText } from './kept-packet.ts';
import type { World } from './world.ts';

/** One run to be made: all that its first record needs. */
export interface IntakeEntry {
  readonly runId: string;
  readonly reading: PacketReading;
  readonly limits: Limits;
}

/** What is known of runs that are there already. */
export interface KnownRuns {
  view(runId: string): RunView | null;
  /** Every live run, with the branch that it is for. */
  holders(): readonly { readonly runId: string; readonly branch: string }[];
  /** The options by which a command addresses this registry. */
  readonly options: readonly string[];
}

/** What an intake would make. */
export interface IntakePlan {
  /** In the order of the file: the run of every packet. */
  readonly runIds: readonly string[];
  readonly fresh: readonly IntakeEntry[];
}

/** The stages that leave artifacts: their folders are made with the run. */
const STAGES = ['intake', 'verification', 'review', 'handoff'] as const;

/**
 * Decides what an intake makes. Throws before anything is written: PAWL_RUN_QUARANTINED for a packet whose run is set aside,
 * PAWL_RUN_CONFLICT for a packet whose branch a live run, or another packet of the file, is for.
 */
export function planIntake(
  readings: readonly PacketReading[],
  config: Config,
  known: KnownRuns,
  mayRepeat: boolean,
): IntakePlan {
  const fresh = new Map<string, IntakeEntry>();
  const runIds: string[] = [];
  for (const reading of readings) {
    const runId = currentRunId(reading.runId, known, mayRepeat);
    if (!runIds.includes(runId)) runIds.push(runId);
    if (known.view(runId) !== null || fresh.has(runId)) continue;
    assertBranchIsFree(reading, runId, known, [...fresh.values()]);
    fresh.set(runId, { runId, reading, limits: resolveLimits(config.limits, reading.packet.limits) });
  }
  return { runIds, fresh: [...fresh.values()] };
}

/** The run that this packet means: its first one, or with --again the one after the last that has ended. */
function currentRunId(first: string, known: KnownRuns, mayRepeat: boolean): string {
  let runId = first;
  for (let n = 2; ; n += 1) {
    const view = known.view(runId);
    if (view === null) return runId;
    const next = nextRunId(first, n);
    const hasNext = known.view(next) !== null;
    if (view.kind === 'quarantined' && !hasNext) throw quarantined(runId, known.options);
    if (!hasNext && !(mayRepeat && view.kind === 'terminal')) return runId;
    runId = next;
  }
}

/** One branch, one run: compared without the packets' word on the repository, as a registry has only one. */
function assertBranchIsFree(
  { packet, missingFields }: PacketReading,
  runId: string,
  known: KnownRuns,
  before: readonly IntakeEntry[],
): void {
  const branch = packet.scm.intendedBranch;
  // A packet that lacks something ends at once: it claims nothing.
  if (branch === null || missingFields.length > 0) return;
  const holder = known.holders().find((each) => each.runId !== runId && doBranchesCollide(branch, each.branch));
  if (holder !== undefined) {
    throw conflict(
      packet,
      `the live run ${holder.runId} is for ${holder.branch}`,
      'Let that run end, or cancel it. Nothing of this file was taken in.',
      [cancelRun(holder.runId, known.options)],
    );
  }
  const other = before.find(({ reading }) => claims(reading, branch))?.reading.packet;
  if (other === undefined) return;
  throw conflict(
    packet,
    `the packet ${other.taskId} of the same file is for ${other.scm.intendedBranch}`,
    'Give each packet a branch of its own. Nothing of this file was taken in.',
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
): PawlError {
  return new PawlError({
    code: 'PAWL_RUN_CONFLICT',
    message: `The packet ${taskId} wants the branch ${scm.intendedBranch}, but ${why}.`,
    subject: taskId,
    hint,
    actions,
  });
}

function quarantined(runId: string, options: readonly string[]): PawlError {
  return new PawlError({
    code: 'PAWL_RUN_QUARANTINED',
    message: `The run of this packet, ${runId}, is set aside; nothing of this file was taken in.`,
    subject: runId,
    hint: 'Look at it, give it up, then take the packet in with --again.',
    actions: giveUpRun(runId, options),
  });
}

/** The intake's intent is durable. */
export function writeIntake(world: World, entries: readonly IntakeEntry[]): string {
  const plain = entries.map((entry) => JSON.parse(canonicalJson(entry)) as Json);
  return writeBatch(world.files, world.paths, plain);
}

/** The entries of a batch that a killed intake left behind. Throws PAWL_REGISTRY_INVALID on one that is none. */
export function entriesOf(batch: Batch): readonly IntakeEntry[] {
  return batch.entries.map((entry) => {
    if (isObject(entry) && typeof entry.runId === 'string' && isObject(entry.reading) && isObject(entry.limits)) {
      return entry as object as IntakeEntry;
    }
    throw new PawlError({
      code: 'PAWL_REGISTRY_INVALID',
      message: `The batch ${batch.batchId} holds something that is no packet.`,
      subject: batch.batchId,
      hint: 'Look at what changed this file.',
    });
  });
}

/** The run's folders and its packet are durable; returns its first event. */
export function prepareRun(world: World, entry: IntakeEntry): JournalEvent {
  const { paths, files } = world;
  const { runId, reading, limits } = entry;
  const artifacts = paths.artifacts(runId);
  files.ensureFolders([...STAGES.map((stage) => `${artifacts}/${stage}`), paths.tasks(runId)]);
  const { given, packet, unknownFields } = reading;
  const kept = keptPacketText({ given: given as Json, packet, limits, unknownFields });
  const ref = writeArtifact(files, paths.run(runId), 'intake', 'packet', kept);
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
    policy: {
      attemptsMax: limits.attemptsMax,
      fixAttemptsMax: limits.fixAttemptsMax,
      lostRetriesMax: limits.lostRetriesMax,
      interruptionsMax: limits.interruptionsMax,
      limitWaitsMax: limits.limitWaitsMax,
      hostStartsMax: limits.hostStartsMax,
      leaseTtlMs: limits.leaseTtlMs,
    },
    machineVersion: MACHINE_VERSION,
  };
}
