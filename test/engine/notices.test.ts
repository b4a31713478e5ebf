/** What became of runs is told as it happens, each fact once. */
import { describe, expect, it } from 'vitest';
import { noticeHooks } from '../../src/app/notifying.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { Driver } from '../../src/engine/driver.ts';
import { emptyInbox } from '../../src/engine/inbox-desk.ts';
import { Notices } from '../../src/engine/notices.ts';
import { recordPackets } from '../../src/engine/record-packets.ts';
import type { World } from '../../src/engine/world.ts';
import { readPackets } from '../../src/packets/packets.ts';
import type { Notice } from '../../src/ports/notifier.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { leaveCommand } from '../../src/store/inbox.ts';
import { quarantineRun } from '../../src/store/quarantine.ts';
import { SimMachine } from '../support/sim-machine.ts';

const PACKET = {
  task_id: 'N-1',
  approved: true,
  scm_target: { repo: 'sim/app', issue_number: 1, intended_branch: 'sim/n', base_branch: 'main' },
  scope: { goal: 'Go on' },
  implementation: { instructions: 'Do it.' },
  verification: { commands: ['check'] },
  review: { criteria: ['It is done.'] },
  conflict_surface: ['src'],
};
const read = (...packets: readonly object[]) => readPackets(JSON.stringify(packets), sha256).readings;
const [ONE] = read(PACKET);
if (ONE === undefined) throw new Error('no packet');
const RUN = ONE.runId;

/** Notices that are heard. `hold`: what the notifier waits for. */
class Ear {
  readonly heard: Notice[] = [];
  readonly logs: string[] = [];
  answer: string | null = null;
  hold: Promise<unknown> = Promise.resolve();

  notices({ files, paths }: World): Notices {
    const tell = async (notice: Notice): Promise<string | null> => {
      this.heard.push(notice);
      await this.hold;
      return this.answer;
    };
    return new Notices({ files, paths }, { tell }, (line) => void this.logs.push(line));
  }

  told(): string[] {
    return this.heard.map(({ event, taskId }) => `${taskId} ${event}`);
  }
}

interface StartOptions {
  /** False: the process dies with everything told that it had come to, and the lock is not let go of. */
  readonly letsGo?: boolean;
  readonly ear?: Ear | null;
  readonly readings?: ReturnType<typeof read>;
  readonly prepare?: (world: World) => Promise<unknown>;
}

/** One start: everything brought back and told, the packets taken in, the inbox decided, everything driven. */
async function start(machine: SimMachine, options: StartOptions): Promise<Driver> {
  const world = await machine.boot();
  await options.prepare?.(world);
  const notices = options.ear?.notices(world) ?? null;
  const driver = new Driver(world, { maxParallel: 3, agentOverride: null, ...noticeHooks(notices, undefined) });
  await driver.open();
  notices?.catchUp(driver);
  await recordPackets(driver, options.readings ?? [ONE as NonNullable<typeof ONE>], {
    again: false,
    isAllOrNothing: false,
  });
  await emptyInbox(driver);
  await driver.drive(driver.runs().map(({ runId }) => runId));
  await driver.close();
  await notices?.close();
  if (options.letsGo !== false) await world.lock.release();
  else machine.reboot(machine.disk, false);
  return driver;
}

/** A machine on which every verification ends so. */
const machineWith = (verdict: 'PASS' | 'BLOCKED' = 'PASS'): SimMachine => {
  const tasks = ['e1-a1', 'e1-a2', 'e2-a1', 'e2-a2'].map((part) => [`verification-${part}`, verdict]);
  return new SimMachine(new MemoryFs(), Object.fromEntries(tasks));
};

describe('a fact', () => {
  it('is reported once: the run, its state, why, and what can be run next', async () => {
    const machine = machineWith('BLOCKED');
    const ear = new Ear();
    await start(machine, { ear });
    expect(ear.told()).toEqual(['N-1 blocked']);
    expect(ear.heard[0]).toMatchObject({
      ...{ v: 1, runId: RUN, state: 'blockedNeedsHuman', branch: 'sim/n' },
      reasons: [{ code: 'PAWL_GATE_BLOCKED' }],
      commands: expect.arrayContaining([expect.stringContaining(`pawl resolve ${RUN} retry`)]),
    });
    await start(machine, { ear });
    expect(ear.told()).toEqual(['N-1 blocked']);
  });

  it('that occurs again after a decision is reported again', async () => {
    const machine = machineWith('BLOCKED');
    const ear = new Ear();
    await start(machine, { ear });
    await start(machine, {
      ear,
      prepare: ({ files, paths, clock }) =>
        leaveCommand(files, paths, clock, { command: 'resolve', decision: 'retry', runId: RUN, reason: 'r', by: 'b' }),
    });
    expect(ear.told()).toEqual(['N-1 blocked', 'N-1 blocked']);
  });

  it('of every kind is reported, except what the operator has done', async () => {
    const ear = new Ear();
    await start(machineWith(), { ear, readings: read(PACKET, { task_id: 'N-2', approved: true }) });
    expect(ear.told().sort()).toEqual(['N-1 done', 'N-2 blocked']);
    const machine = machineWith('BLOCKED');
    const other = new Ear();
    await start(machine, { ear: null });
    await start(machine, {
      ear: other,
      prepare: ({ files, paths, clock }) =>
        leaveCommand(files, paths, clock, { command: 'cancel', runId: RUN, reason: 'r', by: 'b' }),
    });
    expect(other.told()).toEqual([]);
  });

  it('of a run that is set aside is reported at the next start, once', async () => {
    const machine = machineWith();
    await start(machine, { ear: null });
    const ear = new Ear();
    const prepare = async ({ files, paths }: World): Promise<void> => {
      await quarantineRun(files, paths, RUN, {
        code: 'PAWL_JOURNAL_DAMAGED',
        detail: 'x',
        findings: [],
        surfaces: [],
        atMs: 1,
      });
    };
    await start(machine, { ear, prepare });
    await start(machine, { ear });
    expect(ear.told()).toEqual(['N-1 quarantined']);
  });
});

describe('a start', () => {
  it('reports nothing from before, when the last runner released the registry', async () => {
    const machine = machineWith('BLOCKED');
    const ear = new Ear();
    await start(machine, { ear: null });
    await start(machine, { ear });
    expect(ear.told()).toEqual([]);
  });

  it.each(['PASS', 'BLOCKED'] as const)('tells what a killed runner could not tell any more: %s', async (verdict) => {
    const machine = machineWith(verdict);
    const ear = new Ear();
    await start(machine, { ear: null, letsGo: false });
    await start(machine, { ear });
    expect(ear.told()).toEqual([verdict === 'PASS' ? 'N-1 done' : 'N-1 blocked']);
    await start(machine, { ear });
    expect(ear.told()).toHaveLength(1);
  });

  it('reports nothing twice that a runner reported before it was killed', async () => {
    const machine = machineWith('BLOCKED');
    const ear = new Ear();
    await start(machine, { ear, letsGo: false });
    await start(machine, { ear });
    expect(ear.told()).toEqual(['N-1 blocked']);
  });
});

describe('a notifier', () => {
  it('that fails is a line in the log, and the run goes its way', async () => {
    const ear = new Ear();
    ear.answer = 'it ended with exit 9';
    const driver = await start(machineWith(), { ear });
    expect(driver.view(RUN)?.state).toBe('readyForManualReview');
    expect(ear.logs).toEqual([`notify: ${RUN} done: it ended with exit 9`]);
  });
});
