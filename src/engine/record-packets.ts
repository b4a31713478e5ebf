/**
 * Packets recorded by the process that holds the registry: planned, their intent kept, their runs made.
 *
 * Owns: the order of batch and runs, finishing an intake that was cut off. Does not own: the result for each packet (engine/intake),
 * the batch's file (store/batches), commands (engine/commands).
 *
 * Invariants: 1. The batch of several packets, or of a command, is durable before any of its runs exists, and is marked done after all
 * of them do: the next start finishes it. A single packet is recorded by its run's first record, or not at all. 2. A command's
 * batch is the decision on it: what was planned once is carried out, and never planned again. 3. One after another: what was planned for one file
 * still holds when its runs are made.
 */
import type { SerialQueue } from '../base/serial-queue.ts';
import type { PacketReading } from '../model/packet.ts';
import { DRIVER_ACTOR } from '../model/system-record.ts';
import { hasEnded } from '../run/run-end.ts';
import type { RunView } from '../run/run-view.ts';
import { listUnfinishedBatches, markBatchDone, readBatchOf } from '../store/batches.ts';
import {
  entriesOf,
  type IntakeEntry,
  type IntakeOptions,
  type KnownRuns,
  outcomesIn,
  type PacketOutcome,
  planIntake,
  runsWithOtherPackets,
  writeIntake,
} from './intake.ts';
import type { KnownRepository } from './known-repository.ts';
import type { LiveRun } from './live-run.ts';
import type { World } from './world.ts';

/** Where runs are made: the driver. */
export interface RunKeeper {
  readonly world: World;
  /** What git says of the repository. */
  readonly repository: Pick<KnownRepository, 'facts'>;
  view: KnownRuns['view'];
  /** All runs whose folders exist. */
  views(): readonly RunView[];
  /** Live runs. */
  runs(): readonly LiveRun[];
  /** Makes a run and its first record. */
  create(entry: IntakeEntry): Promise<LiveRun>;
  /** The queue of those that assign packets to runs. */
  readonly intakes: SerialQueue;
}

/** How packets are recorded. */
export interface RecordPacketsOptions extends IntakeOptions {
  /** One refused packet refuses the whole file. */
  readonly isAllOrNothing: boolean;
}

/** The result of an intake. */
export interface IntakeResult {
  /** One for each packet, in the order of the file. */
  readonly outcomes: readonly PacketOutcome[];
  /** False when all or none were requested and one packet was refused: then nothing was recorded. */
  readonly isRecorded: boolean;
}

/** Each packet has its run, or is refused with its reason. `commandId`: the command that asked for it, which is decided once. */
export function recordPackets(
  keeper: RunKeeper,
  readings: readonly PacketReading[],
  options: RecordPacketsOptions,
  commandId: string | null = null,
): Promise<IntakeResult> {
  return keeper.intakes.add(() => recordInTurn(keeper, readings, options, commandId));
}

/** Between the plan and the last of its runs nothing else makes runs or assigns packets. */
async function recordInTurn(
  keeper: RunKeeper,
  readings: readonly PacketReading[],
  options: RecordPacketsOptions,
  commandId: string | null,
): Promise<IntakeResult> {
  const { files, paths, clock, config } = keeper.world;
  const earlier = commandId === null ? null : await readBatchOf(files, paths, commandId);
  if (earlier !== null) {
    await carryOut(keeper, earlier.batchId, entriesOf(earlier));
    const decided = outcomesIn(earlier.outcomes ?? [], earlier.batchId);
    await nameAgent(keeper, decided, options);
    return { outcomes: decided, isRecorded: true };
  }
  const repository = await keeper.repository.facts();
  const { outcomes, fresh } = planIntake(readings, config, knownRuns(keeper, repository), options);
  if (options.isAllOrNothing && outcomes.some(({ refusal }) => refusal !== null))
    return { outcomes, isRecorded: false };
  const atMs = clock.nowMs();
  const entries = fresh.map((entry, index) => ({ ...entry, order: { atMs, index } }));
  const needsBatch = commandId !== null || entries.length > 1;
  const batchId = needsBatch ? await writeIntake(keeper.world, entries, commandId, outcomes) : null;
  await carryOut(keeper, batchId, entries);
  await nameAgent(keeper, outcomes, options);
  return { outcomes, isRecorded: true };
}

/** Runs that were there and have not begun get the agent that was named, too: whoever drives them checks again then whether they may begin. */
async function nameAgent(
  keeper: RunKeeper,
  outcomes: readonly PacketOutcome[],
  { agentOverride }: IntakeOptions,
): Promise<void> {
  if (agentOverride === undefined) return;
  const present = new Set(outcomes.flatMap(({ outcome, runId }) => (outcome === 'present' ? [runId] : [])));
  for (const run of keeper.runs()) {
    const isMeant = present.has(run.runId) && run.fault === null && run.state.root.matches('queued');
    if (isMeant && run.agentOverride !== agentOverride)
      await run.commit(DRIVER_ACTOR, { type: 'agentNamed', agentOverride });
  }
}

/** Makes the runs of every intake that was cut off. */
export async function finishIntakes(keeper: RunKeeper): Promise<void> {
  const { files, paths } = keeper.world;
  const { batches } = await listUnfinishedBatches(files, paths);
  for (const batch of batches) await carryOut(keeper, batch.batchId, entriesOf(batch));
}

async function carryOut(keeper: RunKeeper, batchId: string | null, entries: readonly IntakeEntry[]): Promise<void> {
  const { files, paths } = keeper.world;
  for (const entry of entries) if (keeper.view(entry.runId) === null) await keeper.create(entry);
  if (batchId !== null) markBatchDone(files, paths, batchId);
}

function knownRuns(keeper: RunKeeper, repository: KnownRuns['repository']): KnownRuns {
  const replaced = runsWithOtherPackets(keeper.views());
  return {
    repository,
    view: (runId) => keeper.view(runId),
    withPacket: (packetHash) => replaced.get(packetHash) ?? null,
    options: keeper.world.paths.commandOptions,
    holders: () =>
      keeper
        .runs()
        .filter((run) => !hasEnded(run.state.root))
        .map((run) => ({ runId: run.runId, branch: run.state.root.context.branch })),
  };
}
