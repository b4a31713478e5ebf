/**
 * A packet in place of the one that a run has: which run that is, whether this is allowed, and the record that says so.
 *
 * Owns: finding the run, the new packet's artifact and event. Does not own: the reasons for a refusal in words (engine/replace-refusals), when a
 * run takes it and what follows (machines/run/replacing), the command that asks for it (engine/commands), admitting the run again
 * (engine/effects/admit-run).
 *
 * Invariants: 1. The new packet is in the run's artifacts before the record that names it; the old one stays there. 2. A command replaces a
 * packet once: its id is in the run's journal. 3. Surfaces of existing work stay leased, even if the new packet does not name them.
 */

import { canonicalJson } from '../base/canonical-json.ts';
import { PawlError } from '../model/error.ts';
import type { ArtifactRef, RunEvent } from '../model/event.ts';
import { BOUNDS, type Limits } from '../model/limits.ts';
import type { PacketReading } from '../model/packet.ts';
import { RUN_ACTOR } from '../model/record.ts';
import { surfacesOf } from '../packets/surfaces.ts';
import { resolveLimits } from '../run/limits.ts';
import { OutsidePaths } from '../run/outside-paths.ts';
import { hasEnded } from '../run/run-end.ts';
import { decideRun } from '../run/system.ts';
import type { Driver } from './driver.ts';
import { keepPacket, type PacketOutcome, type PacketRefusal, policyOf } from './intake.ts';
import { readRecords } from './journal-records.ts';
import { readKeptPacket } from './kept-packet.ts';
import type { LiveRun } from './live-run.ts';
import { atWork, noSuchRun, otherPacket, unreadable } from './replace-refusals.ts';
import type { World } from './world.ts';

/** A request to replace a packet, and who made it. */
export interface Replacement {
  readonly reading: PacketReading;
  readonly commandId: string;
  readonly by: string;
  readonly reason: string;
  /** The agent that `--agent` named with it; null where it named none. */
  readonly agentOverride: string | null;
}

/** The run of that task has the new packet, or the outcome says why not: PAWL_REPLACE_REFUSED, or PAWL_RUN_QUARANTINED. */
export function replacePacket(driver: Driver, asked: Replacement): Promise<PacketOutcome> {
  return driver.intakes.add(() => replaceInTurn(driver, asked));
}

async function replaceInTurn(driver: Driver, asked: Replacement): Promise<PacketOutcome> {
  const { reading } = asked;
  const { taskId } = reading.packet;
  const before = await replacedBefore(driver, asked);
  if (before !== null) return { taskId, runId: before, outcome: 'replaced', refusal: null };
  const run = findRun(driver, reading);
  const runId = run?.runId ?? reading.runId;
  const refusal =
    run === null ? noSuchRun(reading, driver.views(), driver.world.paths.commandOptions) : await replaceIn(run, asked);
  return { taskId, runId, outcome: refusal === null ? 'replaced' : 'refused', refusal };
}

/** The run whose journal holds the command already, recorded by a process that died before it marked the command; null when there is none. */
async function replacedBefore(driver: Driver, { reading, commandId }: Replacement): Promise<string | null> {
  const { taskId } = reading.packet;
  const runs = driver.views().filter((view) => view.taskId === taskId && view.state !== 'quarantined');
  for (const { runId } of runs) if (await isRecorded(driver.world, runId, commandId)) return runId;
  return null;
}

async function isRecorded(world: World, runId: string, commandId: string): Promise<boolean> {
  return (await readRecords(world, runId)).some(
    ({ event }) => event.type === 'packetReplaced' && event.commandId === commandId,
  );
}

/** The live run of the packet's task; if there are several, the one for its branch. */
function findRun(driver: Driver, { packet }: PacketReading): LiveRun | null {
  const runs = driver
    .runs()
    .filter(({ state }) => !hasEnded(state.root) && state.root.context.packetTaskId === packet.taskId);
  const [first] = runs;
  if (first === undefined || runs.length === 1) return first ?? null;
  return runs.find(({ state }) => state.root.context.branch === packet.scm.intendedBranch) ?? null;
}

/** The packet is replaced, or nothing has changed and the reason is returned. */
async function replaceIn(run: LiveRun, asked: Replacement): Promise<PacketRefusal | null> {
  const { headCommit } = run.state.root.context;
  let beyond: readonly string[];
  try {
    const refusal = await refusalOf(run, asked.reading);
    if (refusal !== null) return refusal;
    beyond = await workBeyond(run, asked.reading);
  } catch (error) {
    if (error instanceof PawlError && UNREADABLE.includes(error.code)) return unreadable(run, error);
    throw error;
  }
  // Checked again here, where nobody else decides on this run before the record is durable: a second decision on the same command then finds it.
  return run.quietly(async () => {
    if (await isRecorded(run.world, run.runId, asked.commandId)) return null;
    if (run.state.root.context.headCommit !== headCommit) return atWork(run, run.world.paths.commandOptions);
    return (await refusalOf(run, asked.reading)) ?? (await record(run, asked, beyond));
  });
}

/** What of a run cannot be read then: its packet as it was kept, or what its work has changed. */
const UNREADABLE: readonly PawlError['code'][] = ['PAWL_ARTIFACT_DAMAGED', 'PAWL_GIT_FAILED'];

/** Why this packet may not replace the one that the run has now; null when it may, if the run takes it. */
async function refusalOf(run: LiveRun, reading: PacketReading): Promise<PacketRefusal | null> {
  if (run.fault instanceof PawlError) return unreadable(run, run.fault);
  const options = run.world.paths.commandOptions;
  const kept = await readKeptPacket(run.world, run);
  return otherPacket(run, reading, kept.packet, options) ?? (isTaken(run, reading) ? null : atWork(run, options));
}

/** Only the machine says whether the run is in a state in which a packet can be replaced. */
function isTaken(run: LiveRun, reading: PacketReading): boolean {
  const ref = run.state.root.context.packet;
  const event = eventOf(run, { reading, commandId: '', by: '', reason: '', agentOverride: null }, ref, []);
  return decideRun(run.runId, run.state, { actor: RUN_ACTOR, event, atMs: 0 }).kind === 'accepted';
}

/** The committed work of the run that is outside the new packet's surfaces, as surfaces. */
async function workBeyond(run: LiveRun, { packet }: PacketReading): Promise<readonly string[]> {
  const { baseCommit, headCommit } = run.state.root.context;
  const { repo } = packet.scm;
  if (repo === null || baseCommit === null || headCommit === null || baseCommit === headCommit) return [];
  const outside = new OutsidePaths(repo, surfacesOf(packet, run.runId), BOUNDS.surfacesAdded);
  await run.world.git.eachPathChanged(baseCommit, headCommit, (path) => outside.add(path));
  return outside.surfaces();
}

async function record(run: LiveRun, asked: Replacement, beyond: readonly string[]): Promise<PacketRefusal | null> {
  const { reading } = asked;
  const agentOverride = asked.agentOverride ?? (await agentKept(run, reading));
  const ref = await keepPacket(run.world, run.runId, reading, limitsOf(run, reading));
  const refusal = await run.commit(RUN_ACTOR, eventOf(run, { ...asked, agentOverride }, ref, beyond));
  return refusal === null ? null : atWork(run, run.world.paths.commandOptions);
}

/** What `--agent` named for the old packet: it still counts, unless the new packet names another agent than the old one did. */
async function agentKept(run: LiveRun, { packet }: PacketReading): Promise<string | null> {
  const isSame = (await readKeptPacket(run.world, run)).packet.agent === packet.agent;
  return isSame ? run.agentOverride : null;
}

function limitsOf(run: LiveRun, { packet }: PacketReading): Limits {
  return resolveLimits(run.world.config.limits, packet.limits);
}

function eventOf(
  run: LiveRun,
  { reading, commandId, by, reason, agentOverride }: Replacement,
  packet: ArtifactRef,
  beyond: readonly string[],
): Extract<RunEvent, { type: 'packetReplaced' }> {
  const limits = limitsOf(run, reading);
  return {
    type: 'packetReplaced',
    commandId,
    by,
    reason,
    previousHash: run.state.root.context.packetHash,
    packetHash: reading.packetHash,
    packet,
    surfaces: surfacesOf(reading.packet, run.runId),
    ...(beyond.length === 0 ? {} : { surfacesBeyond: beyond }),
    limits: JSON.parse(canonicalJson(limits)),
    policy: policyOf(limits),
    ...(agentOverride === null ? {} : { agentOverride }),
  };
}
