/**
 * Several runs at once on a simulated machine: their packets, a drive to where nothing moves, commands, and what each holds at every record.
 *
 * Owns: those packets, one process from its lock to its release. Does not own: the machine (sim-machine), one run alone (sim-run).
 */
import { sha256 } from '../../src/base/sha256.ts';
import { Driver } from '../../src/engine/driver.ts';
import { emptyInbox } from '../../src/engine/inbox-desk.ts';
import type { IntakeEntry } from '../../src/engine/intake.ts';
import type { World } from '../../src/engine/world.ts';
import type { CommandRequest } from '../../src/model/command.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { locally, overlapping } from '../../src/packets/surfaces.ts';
import { resolveLimits } from '../../src/run/limits.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { leaveCommand } from '../../src/store/inbox.ts';
import type { SimMachine } from './sim-machine.ts';

/** The packet of a run that leases those paths and works on a branch of its own, or on that one. */
export function simEntry(taskId: string, paths: readonly string[], more: Record<string, unknown> = {}): IntakeEntry {
  const packet = {
    task_id: taskId,
    approved: true,
    scm_target: { repo: 'sim/app', issue_number: taskId, intended_branch: branchOf(taskId), base_branch: 'main' },
    scope: { goal: 'Go on' },
    implementation: { instructions: 'Do it.' },
    verification: { commands: ['check'] },
    review: { criteria: ['It is done.'] },
    conflict_surface: paths,
    ...more,
  };
  const [reading] = readPackets(JSON.stringify([packet]), sha256).readings;
  if (reading === undefined) throw new Error(`${taskId} cannot be read`);
  return { runId: reading.runId, reading, limits: resolveLimits({}, {}) };
}

/** The branch of that packet's run. */
export function branchOf(taskId: string): string {
  return `sim/${taskId}`;
}

/** What a process is to do before it drives. */
export interface SimDrive {
  readonly entries: readonly IntakeEntry[];
  readonly maxParallel?: number;
  /** Decisions that lie in the inbox. */
  readonly decisions?: readonly (readonly [runId: string, decision: 'retry' | 'accept' | 'abandon'])[];
  readonly onRecord?: (runId: string, record: JournalRecord) => void;
  /** What the process finds otherwise than the machine has it. */
  readonly world?: (world: World) => World;
}

/** What it came to. */
export interface SimDriven {
  readonly views: Readonly<Record<string, RunView>>;
  /** The events of every run, in the order of their records. */
  readonly events: readonly (readonly [taskId: string, event: JournalRecord['event']])[];
  /** Surfaces that two runs held at once, as they were seen after any record. */
  readonly heldTwice: readonly string[];
}

/** One process on the machine: brings back or takes in those runs, decides, drives all of them as far as they go, ends. */
export async function driveSim(machine: SimMachine, drive: SimDrive): Promise<SimDriven> {
  const booted = await machine.boot();
  const world = drive.world?.(booted) ?? booted;
  const events: (readonly [string, JournalRecord['event']])[] = [];
  const heldTwice: string[] = [];
  const driver: Driver = new Driver(world, {
    maxParallel: drive.maxParallel ?? 3,
    agentOverride: null,
    onRecord: (run, record) => {
      events.push([run.state.root.context.packetTaskId, record.event]);
      drive.onRecord?.(run.runId, record);
      heldTwice.push(...shared(driver));
    },
  });
  try {
    await driver.open();
    for (const entry of drive.entries) if (driver.view(entry.runId) === null) await driver.create(entry);
    for (const [runId, decision] of drive.decisions ?? []) {
      const request: CommandRequest = { runId, command: 'resolve', decision, reason: 'as tested', by: 'somebody' };
      await leaveCommand(world.files, world.paths, world.clock, request);
    }
    await emptyInbox(driver);
    await driver.drive(drive.entries.map(({ runId }) => runId));
    const views = Object.fromEntries(driver.views().map((view) => [view.taskId, view]));
    if (driver.failure !== null) throw driver.failure;
    for (const run of driver.runs()) if (run.fault !== null) throw run.fault;
    return { views, events, heldTwice };
  } finally {
    await driver.close();
    await world.lock.release();
  }
}

function shared(driver: Driver): readonly string[] {
  const holds = driver.runs().map((run) => run.state.root.context.lease?.surfaces ?? []);
  return holds.flatMap((hold, at) =>
    holds.slice(at + 1).flatMap((other) => overlapping(locally(hold), locally(other))),
  );
}
