/** Packets taken in, by a process of their own or by one that drives: all of what was planned, once, in the order of the file. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { Driver } from '../../src/engine/driver.ts';
import { emptyInbox } from '../../src/engine/inbox-desk.ts';
import { entriesOf } from '../../src/engine/intake.ts';
import { recordPackets } from '../../src/engine/record-packets.ts';
import { recordsOf } from '../../src/engine/run-look.ts';
import type { PacketReading } from '../../src/model/packet.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { listUnfinishedBatches } from '../../src/store/batches.ts';
import { Files } from '../../src/store/files.ts';
import { leaveCommand, readCommands, readDecision } from '../../src/store/inbox.ts';
import { listRuns } from '../../src/store/registry.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { asDriver, forEachKill } from '../support/machine-kills.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { simPacket } from '../support/sim-run.ts';

const PATHS = new RegistryPaths('/registry');
const EACH = { again: false, isAllOrNothing: false } as const;
/** In an order that is not that of their ids. */
const NAMES = ['Z', 'A'];

function readings(names: readonly string[] = NAMES): readonly PacketReading[] {
  return readPackets(JSON.stringify(names.map(simPacket)), sha256).readings;
}

function filesOf(machine: SimMachine): Files {
  return new Files(machine.disk, systemClock);
}

function leavePackets(machine: SimMachine, names: readonly string[] = NAMES, isAllOrNothing = false): Promise<string> {
  const packets = names.map(simPacket);
  const request = { command: 'intake', packets, again: false, isAllOrNothing, by: 'ada' } as const;
  return leaveCommand(filesOf(machine), PATHS, systemClock, request);
}

/** The first record of every run, by its packet. */
function firstRecords(machine: SimMachine) {
  const place = { files: filesOf(machine), paths: PATHS };
  return listRuns(place.files, PATHS).map((runId) => {
    const events = recordsOf(place, runId).map(({ event }) => event);
    const received = events.filter((event) => event.type === 'packetReceived');
    expect(received, runId).toHaveLength(1);
    return received[0];
  });
}

/** Every packet has its run, in the order of the file. */
async function expectWhole(machine: SimMachine, point: string): Promise<void> {
  const byIndex = firstRecords(machine).toSorted((a, b) => (a?.order?.index ?? 0) - (b?.order?.index ?? 0));
  expect(
    byIndex.map((event) => event?.taskId),
    point,
  ).toEqual(NAMES);
  expect(new Set(byIndex.map((event) => event?.order?.atMs)).size, point).toBe(1);
  expect(await listUnfinishedBatches(filesOf(machine), PATHS), point).toEqual({ batches: [], unreadable: [] });
}

describe('an intake that is killed at any change of the disk', () => {
  it('is there whole after the next start, or not at all, and then it can be repeated', async () => {
    const machine = new SimMachine(new MemoryFs(), {});
    const found = new Set<number>();
    await forEachKill(
      machine,
      () => asDriver(machine, (driver) => recordPackets(driver, readings(), EACH)),
      async (point) => {
        const views = await asDriver(machine, (driver) => driver.views());
        expect([0, NAMES.length], point).toContain(views.length);
        expect(
          views.map(({ state }) => state),
          point,
        ).toEqual(views.map(() => 'queued'));
        found.add(views.length);
        if (views.length === 0) {
          const again = await asDriver(machine, (driver) => recordPackets(driver, readings(), EACH));
          expect(
            again.outcomes.map(({ outcome }) => outcome),
            point,
          ).toEqual(NAMES.map(() => 'recorded'));
        }
        await expectWhole(machine, point);
      },
    );
    expect([...found]).toEqual([0, NAMES.length]);
  });

  it('of a command: it is decided once, as recorded, and all of its packets have their runs', async () => {
    const machine = new SimMachine(new MemoryFs(), {});
    await asDriver(machine, () => undefined);
    const commandId = await leavePackets(machine);
    await forEachKill(
      machine,
      () => asDriver(machine, emptyInbox),
      async (point) => {
        await asDriver(machine, emptyInbox);
        const decision = await readDecision(filesOf(machine), PATHS, commandId);
        expect(decision, point).toMatchObject({
          isAccepted: true,
          code: null,
          outcomes: NAMES.map((taskId) => ({ taskId, outcome: 'recorded' })),
        });
        await expectWhole(machine, point);
      },
    );
  });

  it('while its command is left: the command is there with all of its packets, or not at all', async () => {
    const machine = new SimMachine(new MemoryFs(), {});
    await asDriver(machine, () => undefined);
    await forEachKill(
      machine,
      async () => await leavePackets(machine),
      async (point) => {
        const { commands, unreadable } = await readCommands(filesOf(machine), PATHS);
        expect(unreadable, point).toEqual([]);
        await asDriver(machine, emptyInbox);
        expect(listRuns(filesOf(machine), PATHS), point).toHaveLength(commands.length * NAMES.length);
      },
    );
  });
});

describe('a command with packets', () => {
  it('that is to record all of them or none records none when one is refused, and says why of each', async () => {
    const machine = new SimMachine(new MemoryFs(), {});
    await asDriver(machine, (driver) => recordPackets(driver, readings(['A']), EACH));
    const packets = [simPacket('B'), { ...simPacket('A'), scope: { goal: 'Another one' } }];
    const request = { command: 'intake', packets, again: false, by: 'ada' } as const;
    const all = await leaveCommand(filesOf(machine), PATHS, systemClock, { ...request, isAllOrNothing: true });
    await asDriver(machine, emptyInbox);
    const outcomes = [
      { taskId: 'B', outcome: 'recorded' },
      { taskId: 'A', outcome: 'refused', refusal: { code: 'PAWL_RUN_CONFLICT' } },
    ];
    expect(await readDecision(filesOf(machine), PATHS, all)).toMatchObject({ isAccepted: false, outcomes });
    expect(firstRecords(machine).map((event) => event?.taskId)).toEqual(['A']);
    const each = await leaveCommand(filesOf(machine), PATHS, systemClock, { ...request, isAllOrNothing: false });
    await asDriver(machine, emptyInbox);
    expect(await readDecision(filesOf(machine), PATHS, each)).toMatchObject({ isAccepted: true, outcomes });
    expect(firstRecords(machine).map((event) => event?.taskId)).toEqual(['A', 'B']);
  });

  it('that cannot be read as packets is refused, and the next one is still decided', async () => {
    const machine = new SimMachine(new MemoryFs(), {});
    await asDriver(machine, () => undefined);
    const request = { command: 'intake', again: false, isAllOrNothing: false, by: 'ada' } as const;
    const bad = await leaveCommand(filesOf(machine), PATHS, systemClock, {
      ...request,
      packets: [{ task_id: '../x' }],
    });
    const good = await leavePackets(machine);
    await asDriver(machine, emptyInbox);
    expect(await readDecision(filesOf(machine), PATHS, bad)).toEqual({
      isAccepted: false,
      code: 'PAWL_PACKETS_INVALID',
      seq: null,
    });
    expect((await readDecision(filesOf(machine), PATHS, good))?.isAccepted).toBe(true);
  });
});

/** The packets whose runs a driver with one place admits, in that order. */
async function admitted(machine: SimMachine, body: (driver: Driver) => Promise<unknown>): Promise<readonly string[]> {
  const order: string[] = [];
  const world = await machine.boot();
  const driver = new Driver(world, {
    maxParallel: 1,
    agentOverride: null,
    onRecord: (run, { event }) => {
      if (event.type === 'runAdmitted') order.push(run.state.root.context.packetTaskId);
    },
  });
  await driver.open();
  await body(driver);
  await driver.close();
  await world.lock.release();
  return order;
}

const ids = (driver: Driver): readonly string[] => driver.runs().map(({ runId }) => runId);

describe('runs are started in the order of their file, then of the next one', () => {
  it('in the process that takes them in, and in the next one', async () => {
    const machine = new SimMachine(new MemoryFs(), {});
    const first = await admitted(machine, async (driver) => {
      await recordPackets(driver, readings(), EACH);
      return driver.drive(ids(driver));
    });
    expect(first).toEqual(NAMES);
    await asDriver(machine, (driver) => recordPackets(driver, readings(['Y', 'X']), EACH));
    await asDriver(machine, (driver) => recordPackets(driver, readings(['B']), EACH));
    expect(await admitted(machine, (driver) => driver.drive(ids(driver)))).toEqual(['Y', 'X', 'B']);
  });

  it('also those of a batch of the first release, whose entries stand in the order of their file', () => {
    const [entry] = readings().map((reading) => ({ runId: reading.runId, reading, limits: {} }));
    const batch = { batchId: 'batch_x', atMs: 7, entries: [entry, entry], outcomes: null };
    expect(entriesOf(batch).map(({ order }) => order)).toEqual([
      { atMs: 7, index: 0 },
      { atMs: 7, index: 1 },
    ]);
  });
});

describe('what is recorded while a driver is at work', () => {
  /** Drives the first packet, has the others taken in through the inbox meanwhile, and returns the states at the end. */
  async function statesAfter(withNew: boolean): Promise<readonly (string | undefined)[]> {
    const machine = new SimMachine(new MemoryFs(), {});
    return asDriver(machine, async (driver) => {
      await recordPackets(driver, readings(['FIRST']), EACH);
      const driving = driver.drive(ids(driver), { withNew });
      await leavePackets(machine);
      await emptyInbox(driver);
      await driving;
      return ['FIRST', ...NAMES].map((name) => driver.views().find(({ taskId }) => taskId === name)?.state);
    });
  }

  it('is driven by one that drives everything', async () => {
    expect(await statesAfter(true)).toEqual(['FIRST', ...NAMES].map(() => 'readyForManualReview'));
  });

  it('is only recorded by one that drives the runs it was given', async () => {
    expect(await statesAfter(false)).toEqual(['readyForManualReview', ...NAMES.map(() => 'queued')]);
  });
});
