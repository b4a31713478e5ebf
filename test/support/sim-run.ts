/**
 * Starts of Pawl on a simulated machine: one packet taken in and driven, with a clock that may step and a disk that may fail.
 *
 * Owns: that one packet and others like it, a start from its lock to its release, bytes put into files. Does not own: the machine
 * (sim-machine), what is compared.
 */
import { sha256 } from '../../src/base/sha256.ts';
import { Driver } from '../../src/engine/driver.ts';
import { emptyInbox } from '../../src/engine/inbox-desk.ts';
import type { IntakeEntry } from '../../src/engine/intake.ts';
import type { World } from '../../src/engine/world.ts';
import { readPackets } from '../../src/packets/packets.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { resolveLimits } from '../../src/run/limits.ts';
import type { RunView } from '../../src/run/run-view.ts';
import type { SimMachine } from './sim-machine.ts';

const PACKET = {
  task_id: 'SIM-1',
  approved: true,
  scm_target: { repo: 'sim/app', issue_number: 1, intended_branch: 'sim/branch', base_branch: 'main' },
  scope: { goal: 'Go on' },
  implementation: { instructions: 'Do it.' },
  verification: { commands: ['check'] },
  review: { criteria: ['It is done.'] },
  conflict_surface: ['src'],
};
const READING = readPackets(JSON.stringify([PACKET]), sha256).readings[0];
if (READING === undefined) throw new Error('the packet cannot be read');
const READ = READING;

/** A packet of that name, with a branch and a surface of its own. */
export function simPacket(taskId: string) {
  return {
    ...PACKET,
    task_id: taskId,
    scm_target: { ...PACKET.scm_target, issue_number: taskId, intended_branch: `sim/of-${taskId}` },
    conflict_surface: [`src/${taskId}`],
  };
}

/** Runs to be made of `count` packets that have nothing to do with each other. */
export function simEntries(count: number): readonly IntakeEntry[] {
  const packets = Array.from({ length: count }, (_, n) => simPacket(`SIM-${n + 1}`));
  return readPackets(JSON.stringify(packets), sha256).readings.map((reading) => ({
    runId: reading.runId,
    reading,
    limits: resolveLimits({}, {}),
  }));
}

/** Makes the runs, one after another; resolves to their ids. */
export async function createRuns(driver: Driver, entries: readonly IntakeEntry[]): Promise<readonly string[]> {
  const runIds: string[] = [];
  for (const entry of entries) runIds.push((await driver.create(entry)).runId);
  return runIds;
}

/** The one run of the simulated machine. */
export const SIM_RUN = READ.runId;

/** What is different in one start. */
export interface SimStartOptions {
  readonly fs?: FsPort;
  /** How far the wall clock is off. */
  readonly clockOffsetMs?: () => number;
  /** Called when the runs have been brought back, before anything is driven. */
  readonly onOpen?: (world: World) => void;
}

/** What one start came to. */
export interface SimStart {
  /** What ended it, null when it went through. */
  readonly error: unknown;
  readonly view: RunView | null;
  /** Sums of the records that were acknowledged. */
  readonly acknowledged: readonly string[];
  /** Where its files are; null when it did not come so far. */
  readonly world: World | null;
}

/** One start on the machine: brings back or takes in its run, decides on what lies in the inbox, drives as far as it goes, ends. */
export async function startSim(machine: SimMachine, options: SimStartOptions = {}): Promise<SimStart> {
  const acknowledged: string[] = [];
  let world: World | null = null;
  let driver: Driver | null = null;
  let error: unknown = null;
  try {
    world = withClock(await machine.boot(options.fs ?? machine.disk), options.clockOffsetMs);
    driver = new Driver(world, {
      maxParallel: 1,
      agentOverride: null,
      onRecord: (_run, record) => void acknowledged.push(record.sum),
    });
    await driver.open();
    options.onOpen?.(world);
    if (driver.failure === null && driver.view(SIM_RUN) === null) {
      await driver.create({ runId: SIM_RUN, reading: READ, limits: resolveLimits({}, {}) });
    }
    await emptyInbox(driver);
    await driver.drive([SIM_RUN]);
  } catch (thrown) {
    error = thrown;
  }
  const view = driver?.view(SIM_RUN) ?? null;
  try {
    await driver?.close();
    await world?.lock.release();
  } catch (thrown) {
    error ??= thrown;
  }
  const fault = driver?.failure ?? driver?.runs().find((run) => run.fault !== null)?.fault ?? null;
  return { error: error ?? fault, view, acknowledged, world };
}

function withClock(world: World, offsetMs: (() => number) | undefined): World {
  if (offsetMs === undefined) return world;
  const { clock } = world;
  return {
    ...world,
    clock: {
      nowMs: () => clock.nowMs() + offsetMs(),
      monotonicMs: () => clock.monotonicMs(),
      timer: (delayMs, onDue) => clock.timer(delayMs, onDue),
      nonce: () => clock.nonce(),
    },
  };
}

/** The file holds `bytes` from now on. */
export function putBytes(fs: FsPort, path: string, bytes: Uint8Array): void {
  const fd = fs.open(path, fs.stat(path) === null ? 'wx+' : 'r+');
  fs.truncate(fd, 0);
  if (bytes.length > 0) fs.write(fd, bytes, 0);
  fs.close(fd);
}

/** The bytes of the file, which is there. */
export function bytesOf(fs: FsPort, path: string): Uint8Array {
  const fd = fs.open(path, 'r');
  const bytes = fs.read(fd, 0, fs.size(fd));
  fs.close(fd);
  return bytes;
}
