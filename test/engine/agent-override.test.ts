/** What `--agent` named when a packet was recorded: recorded with its run, by every way in, and used by whoever drives it later. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { Json } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { Driver } from '../../src/engine/driver.ts';
import { emptyInbox } from '../../src/engine/inbox-desk.ts';
import { recordPackets } from '../../src/engine/record-packets.ts';
import { lookAtRun, recordsOf } from '../../src/engine/run-look.ts';
import type { PacketReading } from '../../src/model/packet.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { Files } from '../../src/store/files.ts';
import { leaveCommand } from '../../src/store/inbox.ts';
import { listRuns } from '../../src/store/registry.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { IS_WHOLE } from '../support/draw.ts';
import { asDriver, forEachKill } from '../support/machine-kills.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { simPacket } from '../support/sim-run.ts';
import { turnsUntil } from '../support/turns-until.ts';

const PATHS = new RegistryPaths('/registry');
const EACH = { again: false, isAllOrNothing: false } as const;
const WITH_B = { ...EACH, agentOverride: 'b' } as const;

function readings(...packets: readonly Json[]): readonly PacketReading[] {
  return readPackets(JSON.stringify(packets), sha256).readings;
}

function filesOf(machine: SimMachine): Files {
  return new Files(machine.disk, systemClock);
}

function eventsIn(machine: SimMachine) {
  const place = { files: filesOf(machine), paths: PATHS };
  return listRuns(place.files, PATHS).flatMap((runId) => recordsOf(place, runId).map(({ event }) => event));
}

/** The agent that each intake on record remembers. */
function remembered(machine: SimMachine): readonly (string | undefined)[] {
  return eventsIn(machine).flatMap((event) =>
    event.type === 'packetReceived' || event.type === 'packetReplaced' ? [event.agentOverride] : [],
  );
}

/** The implementer of every run that is admitted by a driver on a machine with two agents and no roles, the one of `--agent` given. */
async function implementers(machine: SimMachine, agentOverride: string | null = null): Promise<readonly string[]> {
  const world = await machine.boot();
  const names = ['a', 'b'];
  const agents = { ...world.agents, has: (name: string) => names.includes(name), names: () => names };
  const found: string[] = [];
  const driver = new Driver(
    { ...world, agents },
    {
      maxParallel: 1,
      agentOverride,
      onRecord: (_run, { event }) => {
        if (event.type === 'runAdmitted') found.push(event.agents.implementer ?? '');
        if (event.type === 'agentMissing') found.push(event.blocker.code);
      },
    },
  );
  await driver.open();
  await driver.drive(driver.runs().map(({ runId }) => runId));
  await driver.close();
  await world.lock.release();
  return found;
}

function fresh(): SimMachine {
  return new SimMachine(new MemoryFs(), {});
}

describe('an intake with --agent that is killed at any change of the disk', () => {
  it.each([
    ['of one packet', ['A']],
    ['of several', ['Z', 'A']],
  ])('%s: no run is there without the agent', async (_name, names) => {
    const machine = fresh();
    const packets = readings(...names.map(simPacket));
    const found = new Set<number>();
    await forEachKill(
      machine,
      () => asDriver(machine, (driver) => recordPackets(driver, packets, WITH_B)),
      async (point) => {
        // The next start finishes what was cut off, and is told nothing of an agent.
        await asDriver(machine, () => undefined);
        const kept = remembered(machine);
        expect(
          kept.every((agent) => agent === 'b'),
          point,
        ).toBe(true);
        found.add(kept.length);
        if (kept.length > 0)
          expect(await implementers(machine), point).toEqual(Array.from({ length: kept.length }, () => 'b'));
      },
    );
    expect([...found]).toEqual([0, names.length]);
  });

  it('as a command to the driving process: it is decided with the agent', async () => {
    const machine = fresh();
    await asDriver(machine, () => undefined);
    const request = { command: 'intake', packets: ['Z', 'A'].map(simPacket), ...WITH_B, by: 'ada' } as const;
    await leaveCommand(filesOf(machine), PATHS, systemClock, request);
    await forEachKill(
      machine,
      () => asDriver(machine, emptyInbox),
      async (point) => {
        await asDriver(machine, emptyInbox);
        expect(remembered(machine), point).toEqual(['b', 'b']);
      },
    );
  });
});

describe('the agent of a run', () => {
  it('is the one given now, else the one recorded, else what packet and config say', async () => {
    const chosen = async (given: Json, recorded: string | undefined, now: string | null): Promise<unknown> => {
      const machine = fresh();
      const how = recorded === undefined ? EACH : { ...EACH, agentOverride: recorded };
      await asDriver(machine, (driver) => recordPackets(driver, readings(given), how));
      return (await implementers(machine, now))[0];
    };
    const plain = simPacket('A');
    expect(await chosen(plain, undefined, null)).toBe('PAWL_AGENT_MISSING');
    expect(await chosen({ ...plain, agent: 'a' }, undefined, null)).toBe('a');
    expect(await chosen({ ...plain, agent: 'a' }, 'b', null)).toBe('b');
    expect(await chosen({ ...plain, agent: 'a' }, 'a', 'b')).toBe('b');
  });

  it('is the one given with its packet again, to a run that has not begun, while it is driven', async () => {
    const machine = fresh();
    const world = await machine.boot();
    const agents = { ...world.agents, has: (name: string) => name === 'b', names: () => ['b', 'c'] };
    const driver = new Driver({ ...world, agents }, { maxParallel: 1, agentOverride: null });
    await driver.open();
    const driving = driver.driveAll();
    const packets = readings(simPacket('A'));
    await recordPackets(driver, packets, EACH);
    const runId = packets[0]?.runId ?? '';
    await turnsUntil(() => driver.view(runId)?.blockers.length === 1);
    expect(driver.view(runId)?.state).toBe('queued');
    const again = await recordPackets(driver, packets, WITH_B);
    expect(again.outcomes.map(({ outcome }) => outcome)).toEqual(['present']);
    await turnsUntil(() => driver.view(runId)?.state === 'readyForManualReview');
    // It has begun: nothing names another agent for it now.
    await recordPackets(driver, packets, { ...EACH, agentOverride: 'c' });
    expect(driver.view(runId)?.agentOverride).not.toBe('c');
    driver.stopAccepting();
    await driving;
    await driver.close();
  });

  it('is shown with the run until it begins, by the driver and by readers; no machine knows it', async () => {
    const machine = fresh();
    const ids = readings(simPacket('A'), simPacket('B')).map(({ runId }) => runId);
    const looked = () =>
      Promise.all(ids.map((runId) => lookAtRun({ files: filesOf(machine), paths: PATHS }, runId))).then((views) =>
        views.map((view) => view?.agentOverride),
      );
    await asDriver(machine, async (driver) => {
      await recordPackets(driver, readings(simPacket('A')), WITH_B);
      await recordPackets(driver, readings(simPacket('B')), EACH);
      expect(driver.views().map(({ agentOverride }) => agentOverride)).toEqual(['b', null]);
      for (const { state } of driver.runs()) expect(JSON.stringify(state.root.context)).not.toContain('agentOverride');
    });
    expect(await looked()).toEqual(['b', null]);
    for (const runId of ids) machine.disk.unlink(PATHS.snapshot(runId));
    expect(await looked()).toEqual(['b', null]);
    await implementers(machine, 'a');
    expect(await looked()).toEqual([null, null]);
  });

  it('that is named for runs which are there already is on record before any of them begins', async () => {
    const machine = fresh();
    await asDriver(machine, (driver) => recordPackets(driver, readings(...['Z', 'A', 'M'].map(simPacket)), EACH));
    const found = new Set<number>();
    await forEachKill(
      machine,
      () => implementers(machine, 'b'),
      async (point) => {
        const noted = eventsIn(machine).flatMap((event) => (event.type === 'agentNamed' ? [event.agentOverride] : []));
        const begun = eventsIn(machine).filter(({ type }) => type === 'runAdmitted').length;
        if (begun > 0) expect(noted, point).toEqual(['b', 'b', 'b']);
        found.add(noted.length);
        const later = await implementers(machine);
        expect(later.filter((agent) => agent === 'b').length, point).toBeGreaterThanOrEqual(noted.length - begun);
      },
    );
    expect([...found].sort()).toEqual(IS_WHOLE ? [0, 1, 2, 3] : expect.arrayContaining([0, 3]));
  });

  it('is recorded once however often it is named, and the last one counts', async () => {
    const machine = fresh();
    await asDriver(machine, (driver) => recordPackets(driver, readings(simPacket('A')), WITH_B));
    const named = () =>
      eventsIn(machine).flatMap((event) => (event.type === 'agentNamed' ? [event.agentOverride] : []));
    expect(await implementers(machine, 'gone')).toEqual(['PAWL_AGENT_MISSING']);
    expect(await implementers(machine, 'gone')).toEqual([]);
    expect(named()).toEqual(['gone']);
    expect(await implementers(machine, 'b')).toEqual(['b']);
    expect(named()).toEqual(['gone', 'b']);
  });

  it('is recorded again by an intake with --again, whatever the earlier run had', async () => {
    const machine = fresh();
    await asDriver(machine, (driver) => recordPackets(driver, readings(simPacket('A')), WITH_B));
    await implementers(machine);
    await asDriver(machine, (driver) => recordPackets(driver, readings(simPacket('A')), { ...EACH, again: true }));
    expect(remembered(machine)).toEqual(['b', undefined]);
  });
});

describe('a packet that replaces the one of a run with --agent', () => {
  /** What a replacement remembers, and the agent that is then used; the run was recorded for `b`, its packet names `a`. */
  async function afterReplacing(change: { readonly [name: string]: Json }, given?: string) {
    const machine = fresh();
    const packet = { ...simPacket('A'), agent: 'a' };
    await asDriver(machine, (driver) => recordPackets(driver, readings(packet), WITH_B));
    await leaveCommand(filesOf(machine), PATHS, systemClock, {
      command: 'replace',
      packet: { ...packet, scope: { goal: 'Better' }, ...change },
      reason: 'r',
      ...(given === undefined ? {} : { agentOverride: given }),
      by: 'ada',
    });
    await asDriver(machine, emptyInbox);
    const view = await asDriver(machine, (driver) => driver.views()[0]);
    return [remembered(machine)[1], view?.agentOverride, (await implementers(machine))[0]];
  }

  it('keeps the agent, takes the one that is given with it, or leaves it to a packet that names another one', async () => {
    expect(await afterReplacing({})).toEqual(['b', 'b', 'b']);
    expect(await afterReplacing({}, 'a')).toEqual(['a', 'a', 'a']);
    expect(await afterReplacing({ agent: 'sim' })).toEqual([undefined, null, 'PAWL_AGENT_MISSING']);
  });
});
