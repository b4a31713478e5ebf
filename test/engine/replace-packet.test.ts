/** A packet in the place of the one that a run has: by a command, once, or refused with one reason; with what it had before kept. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { canonicalJson, type Json } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/sha256.ts';
import type { Driver } from '../../src/engine/driver.ts';
import { emptyInbox } from '../../src/engine/inbox-desk.ts';
import { recordPackets } from '../../src/engine/record-packets.ts';
import { recordsOf } from '../../src/engine/run-look.ts';
import type { PacketReading } from '../../src/model/packet.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { readArtifact } from '../../src/store/artifacts.ts';
import { Files } from '../../src/store/files.ts';
import { leaveCommand, readCommands, readDecision } from '../../src/store/inbox.ts';
import { listRuns } from '../../src/store/registry.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { asDriver, forEachKill } from '../support/machine-kills.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { simPacket } from '../support/sim-run.ts';

const PATHS = new RegistryPaths('/registry');
const EACH = { again: false, isAllOrNothing: false } as const;

type Change = { readonly [field: string]: Json };

function packet(change: Change = {}): Json {
  return { ...simPacket('A'), ...change };
}

function readingOf(given: Json): PacketReading {
  const [reading] = readPackets(canonicalJson([given]), sha256).readings;
  if (reading === undefined) throw new Error('no packet');
  return reading;
}

const BETTER = packet({ scope: { goal: 'Go on, better' }, conflict_surface: ['src/A', 'test'] });

function filesOf(machine: SimMachine): Files {
  return new Files(machine.disk, systemClock);
}

/** A machine whose run of that packet is parked: its verification could not be done. */
async function parked(): Promise<SimMachine> {
  const machine = new SimMachine(new MemoryFs(), { 'verification-e1-a1': 'BLOCKED' });
  await asDriver(machine, async (driver) => {
    await recordPackets(driver, [readingOf(packet())], EACH);
    await driver.drive(driver.runs().map(({ runId }) => runId));
    expect(viewIn(driver).state).toBe('blockedNeedsHuman');
  });
  return machine;
}

function leave(machine: SimMachine, given: Json): Promise<string> {
  return leaveCommand(filesOf(machine), PATHS, systemClock, {
    command: 'replace',
    packet: given,
    reason: 'seen',
    by: 'ada',
  });
}

/** The only run. */
function viewIn(driver: Driver): RunView {
  const [view] = driver.views();
  if (view === undefined) throw new Error('there is no run');
  return view;
}

function eventsIn(machine: SimMachine) {
  const place = { files: filesOf(machine), paths: PATHS };
  return listRuns(place.files, PATHS).flatMap((runId) => recordsOf(place, runId).map(({ event }) => event));
}

/** What came of the packet as the decision on its command says. */
async function decided(machine: SimMachine, given: Json) {
  const commandId = await leave(machine, given);
  await asDriver(machine, emptyInbox);
  return readDecision(filesOf(machine), PATHS, commandId);
}

describe('a packet that replaces another one', () => {
  it('is in its place from the record on, both are kept, and the run ends under the new one', async () => {
    const machine = await parked();
    expect(await decided(machine, BETTER)).toMatchObject({
      isAccepted: true,
      code: null,
      seq: expect.any(Number),
      outcomes: [{ taskId: 'A', runId: readingOf(packet()).runId, outcome: 'replaced', refusal: null }],
    });
    await asDriver(machine, async (driver) => {
      const before = viewIn(driver);
      expect(before).toMatchObject({
        state: 'queued',
        kind: 'active',
        blockers: [],
        lease: null,
        packetHash: readingOf(BETTER).packetHash,
        replacement: { count: 1, packetHash: readingOf(packet()).packetHash, by: 'ada', reason: 'seen' },
      });
      await driver.drive([before.runId]);
      expect(viewIn(driver)).toMatchObject({ state: 'readyForManualReview', epoch: 2 });
    });
    const kept = eventsIn(machine).flatMap((event) =>
      event.type === 'packetReceived' || event.type === 'packetReplaced' ? [event] : [],
    );
    expect(kept.map(({ type, packetHash }) => [type, packetHash])).toEqual([
      ['packetReceived', readingOf(packet()).packetHash],
      ['packetReplaced', readingOf(BETTER).packetHash],
    ]);
    const folder = PATHS.run(readingOf(packet()).runId);
    const goals = kept.map(
      (event) => JSON.parse(readArtifact(filesOf(machine), folder, event.packet)).packet.scope.goal,
    );
    expect(goals).toEqual(['Go on', 'Go on, better']);
    const leased = eventsIn(machine).flatMap((event) => (event.type === 'leaseAcquired' ? [event.surfaces] : []));
    expect(leased).toHaveLength(2);
    expect(leased[1]).toEqual([...(leased[0] ?? []), 'path:sim/app/test']);
  });

  it('is known when it is recorded again, before its run has ended and after that', async () => {
    const machine = await parked();
    await decided(machine, BETTER);
    const present = { taskId: 'A', runId: readingOf(packet()).runId, outcome: 'present', refusal: null };
    await asDriver(machine, async (driver) => {
      expect((await recordPackets(driver, [readingOf(BETTER)], EACH)).outcomes).toEqual([present]);
      await driver.drive([present.runId]);
    });
    await asDriver(machine, async (driver) => {
      expect((await recordPackets(driver, [readingOf(BETTER)], EACH)).outcomes).toEqual([present]);
      const again = await recordPackets(driver, [readingOf(BETTER)], { ...EACH, again: true });
      expect(again.outcomes).toMatchObject([{ runId: readingOf(BETTER).runId, outcome: 'recorded' }]);
    });
  });

  it('is taken by a driver that is at work, and driven on', async () => {
    const machine = await parked();
    await asDriver(machine, async (driver) => {
      const { runId } = viewIn(driver);
      await leave(machine, BETTER);
      await emptyInbox(driver);
      await driver.drive([runId]);
      expect(viewIn(driver)).toMatchObject({ state: 'readyForManualReview', packetHash: readingOf(BETTER).packetHash });
    });
  });

  it('continues being leased where its work is and it does not name that', async () => {
    const machine = await parked();
    machine.changed = { 'sim/of-A': ['src/A/x.js', 'lib/y.js'] };
    await decided(machine, packet({ scope: { goal: 'Go on, elsewhere' }, conflict_surface: ['src/A'] }));
    await asDriver(machine, async (driver) => {
      expect(viewIn(driver).surfacesAdded).toEqual(['path:sim/app/lib/y.js']);
      await driver.drive([viewIn(driver).runId]);
      expect(viewIn(driver).state).toBe('readyForManualReview');
    });
  });
});

describe('a packet that is killed on its way at any change of the disk', () => {
  it('replaces the other one once, and what was kept stays', async () => {
    const machine = await parked();
    const commandId = await leave(machine, BETTER);
    const before = eventsIn(machine).length;
    const points = await forEachKill(
      machine,
      () => asDriver(machine, emptyInbox),
      async (point) => {
        await asDriver(machine, async (driver) => {
          await emptyInbox(driver);
          expect(viewIn(driver), point).toMatchObject({ state: 'queued', replacement: { count: 1 } });
        });
        const events = eventsIn(machine);
        expect(events.slice(0, before).length, point).toBe(before);
        expect(
          events.filter(({ type }) => type === 'packetReplaced'),
          point,
        ).toHaveLength(1);
        expect((await readDecision(filesOf(machine), PATHS, commandId))?.isAccepted, point).toBe(true);
        expect((await readCommands(filesOf(machine), PATHS)).commands, point).toEqual([]);
      },
    );
    expect(points).toBeGreaterThan(8);
  });

  it('while its command is left: it is there whole, or not at all', async () => {
    const machine = await parked();
    await forEachKill(
      machine,
      async () => leave(machine, BETTER),
      async (point) => {
        const { commands, unreadable } = await readCommands(filesOf(machine), PATHS);
        expect(unreadable, point).toEqual([]);
        await asDriver(machine, emptyInbox);
        const replaced = eventsIn(machine).filter(({ type }) => type === 'packetReplaced');
        expect(replaced, point).toHaveLength(commands.length);
      },
    );
  });

  it('also where two decide on it at the same time', async () => {
    const machine = await parked();
    const commandId = await leave(machine, BETTER);
    await asDriver(machine, (driver) => Promise.all([emptyInbox(driver), emptyInbox(driver)]));
    expect(eventsIn(machine).filter(({ type }) => type === 'packetReplaced')).toHaveLength(1);
    expect((await readDecision(filesOf(machine), PATHS, commandId))?.isAccepted).toBe(true);
  });
});

describe('a packet is refused, and nothing changes,', () => {
  const SCM = { repo: 'sim/app', issue_number: 'A', intended_branch: 'sim/of-A', base_branch: 'main' };
  it.each<readonly [string, Json, string]>([
    ['that is the one that the run has', packet(), 'has exactly this packet'],
    ['that is not approved', packet({ approved: false }), 'lacks approval.approved'],
    [
      'of another branch',
      packet({ scm_target: { ...SCM, intended_branch: 'sim/other' } }),
      'scm_target.intended_branch',
    ],
    ['of another base', packet({ scm_target: { ...SCM, base_branch: 'next' } }), 'scm_target.base_branch'],
    ['of another repository', packet({ scm_target: { ...SCM, repo: 'sim/lib' } }), 'scm_target.repo'],
    ['of another issue', packet({ scm_target: { ...SCM, issue_number: 7 } }), 'scm_target.issue_number'],
    ['of a task that no run is for', simPacket('B'), 'No run has a packet B'],
  ])('%s', async (_name, given, why) => {
    const machine = await parked();
    const before = eventsIn(machine);
    expect(await decided(machine, given)).toMatchObject({
      isAccepted: false,
      code: 'PAWL_REPLACE_REFUSED',
      outcomes: [
        { outcome: 'refused', refusal: { code: 'PAWL_REPLACE_REFUSED', message: expect.stringContaining(why) } },
      ],
    });
    expect(eventsIn(machine)).toEqual(before);
  });

  it('whose run has ended', async () => {
    const machine = new SimMachine(new MemoryFs(), {});
    await asDriver(machine, async (driver) => {
      await recordPackets(driver, [readingOf(packet())], EACH);
      await driver.drive(driver.runs().map(({ runId }) => runId));
    });
    expect(await decided(machine, BETTER)).toMatchObject({
      isAccepted: false,
      outcomes: [{ refusal: { message: expect.stringContaining('has ended') } }],
    });
  });

  it('that cannot be read', async () => {
    const machine = await parked();
    expect(await decided(machine, packet({ conflict_surface: ['/etc'] }))).toEqual({
      isAccepted: false,
      code: 'PAWL_PACKETS_INVALID',
      seq: null,
    });
  });
});
