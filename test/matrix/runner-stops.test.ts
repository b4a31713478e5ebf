/**
 * The kill matrix in memory: the runner is stopped before every one of its file operations, and a new one finishes on what is left.
 *
 * Owns: the comparison with the run that was never stopped. Does not own: the machine (support/sim-world).
 */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { resolveLimits } from '../../src/core/limits.ts';
import { readPackets } from '../../src/core/packets.ts';
import { Driver } from '../../src/runtime/driver.ts';
import { writeIntake } from '../../src/runtime/intake.ts';
import { recordsOf } from '../../src/runtime/run-look.ts';
import { markBatchDone } from '../../src/store/batches.ts';
import { Files } from '../../src/store/files.ts';
import { type FsOp, Halted, MemoryFs } from '../support/memory-fs.ts';
import { SimMachine, type Verdicts } from '../support/sim-world.ts';

const PACKET = {
  task_id: 'SIM-1',
  approved: true,
  scm_target: { repo: 'sim/app', issue_number: 1, intended_branch: 'sim/branch', base_branch: 'main' },
  scope: { goal: 'g' },
  implementation: { instructions: 'i' },
  verification: { commands: ['check'] },
  review: { criteria: ['c'] },
  conflict_surface: ['src'],
};
const READING = readPackets(JSON.stringify([PACKET]), sha256).readings[0];
if (READING === undefined) throw new Error('no packet');
const READ = READING;
const RUN = READ.runId;

/** Operations that change the disk or make a change durable: between two of them nothing outside can tell the difference. */
const CHANGES: readonly FsOp[] = [
  'write',
  'sync',
  'dataSync',
  'link',
  'rename',
  'unlink',
  'truncate',
  'makeFolder',
  'touch',
];

/** What a run must come to, however often its runner was stopped. */
interface End {
  readonly state: unknown;
  readonly kinds: readonly string[];
  readonly starts: readonly (readonly [string, number])[];
  readonly gates: unknown;
}

/** One runner process, from its start to its end or to the stop. Throws Halted when it was stopped. */
async function runOnce(machine: SimMachine): Promise<End> {
  const world = machine.boot();
  const driver = new Driver(world, { maxParallel: 1, agentOverride: null });
  await driver.open();
  if (driver.failure !== null) throw driver.failure;
  if (driver.view(RUN) === null) {
    const entry = { runId: RUN, reading: READ, limits: resolveLimits({}, {}) };
    const batchId = writeIntake(world, [entry]);
    driver.create(entry);
    markBatchDone(world.files, world.paths, batchId);
  }
  await driver.drive([RUN]);
  if (driver.failure !== null) throw driver.failure;
  const view = driver.view(RUN);
  await driver.close();
  if (driver.failure !== null) throw driver.failure;
  world.lock.release();
  const records = recordsOf(world, RUN);
  return {
    state: view?.state,
    kinds: records
      .map((record) => record.event.type)
      .filter((type) => type !== 'runRehydrated' && type !== 'hostStartRepeated'),
    starts: [...machine.starts].sort(),
    gates: view?.gates,
  };
}

/** Stops the disk before its `at`-th changing operation (null: never). Returns how many operations there were. */
function stopAt(disk: MemoryFs, at: number | null): { count(): number } {
  let count = 0;
  disk.onCall = (op) => {
    if (!CHANGES.includes(op)) return;
    count += 1;
    if (count !== at) return;
    disk.halt();
    throw new Halted('stopped');
  };
  return { count: () => count };
}

/** The records that were acknowledged, by their sums: none of them may ever be lost. */
function acknowledged(machine: SimMachine): readonly string[] {
  const disk = machine.disk.crash('nothing');
  const path = `/registry/runs/${RUN}/events.jsonl`;
  const bytes = new Files(disk, systemClock).readBytes(path, 10_000_000) ?? new Uint8Array();
  return new TextDecoder().decode(bytes).split('\n').slice(0, -1);
}

/** Runs until the stop; false when the run ended before it. */
async function stoppedRun(machine: SimMachine, at: number): Promise<boolean> {
  stopAt(machine.disk, at);
  try {
    await runOnce(machine);
    return false;
  } catch (error) {
    if (error instanceof Halted) return true;
    throw error;
  }
}

const STORIES: readonly (readonly [string, Verdicts])[] = [
  ['a run that passes at once', {}],
  ['a run whose review fails once', { 'review-e1-a1': 'FAIL' }],
  ['a run whose verification is blocked', { 'verification-e1-a1': 'BLOCKED' }],
];

describe.each(STORIES)('%s', (_name, verdicts) => {
  const reference = async (): Promise<{ end: End; count: number }> => {
    const machine = new SimMachine(new MemoryFs(), verdicts);
    const counter = stopAt(machine.disk, null);
    const end = await runOnce(machine);
    return { end, count: counter.count() };
  };

  it('starts every worker once', async () => {
    const { end, count } = await reference();
    expect(count).toBeGreaterThan(80);
    expect(end.starts.every(([, starts]) => starts === 1)).toBe(true);
  });

  it.each([
    ['its process is killed', 'everything'],
    ['the power is cut', 'nothing'],
  ] as const)('ends like the run that was never stopped, wherever %s', async (_how, kept) => {
    const { end, count } = await reference();
    const differing: unknown[] = [];
    for (let at = 1; at <= count; at += 1) {
      const machine = new SimMachine(new MemoryFs(), verdicts);
      expect(await stoppedRun(machine, at)).toBe(true);
      const before = acknowledged(machine);
      machine.reboot(machine.disk.crash(kept), kept === 'nothing');
      const again = await runOnce(machine).catch((error: unknown) => String(error));
      const lost = before.filter((line) => !acknowledged(machine).includes(line));
      if (JSON.stringify(again) !== JSON.stringify(end) || lost.length > 0) differing.push({ at, lost, again });
    }
    expect(differing.slice(0, 3)).toEqual([]);
    expect(differing).toHaveLength(0);
  });

  it('ends like it when the runner that recovers is stopped as well', async () => {
    const { end, count } = await reference();
    let cases = 0;
    for (let at = 1; at <= count; at += 7) {
      for (let second = 1 + (at % 5); second < count; second += 11) {
        const machine = new SimMachine(new MemoryFs(), verdicts);
        expect(await stoppedRun(machine, at)).toBe(true);
        machine.reboot(machine.disk.crash({ seed: at * 1_000 + second }), true);
        const isStopped = await stoppedRun(machine, second);
        if (!isStopped) break;
        machine.reboot(machine.disk.crash('nothing'), true);
        machine.disk.onCall = null;
        expect([at, second, await runOnce(machine)]).toEqual([at, second, end]);
        cases += 1;
      }
    }
    expect(cases).toBeGreaterThan(50);
  });
});
