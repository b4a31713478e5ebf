/** A command is decided once: whoever dies on the way, and however many decide at the same time. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { Driver } from '../../src/engine/driver.ts';
import { emptyInbox, InboxDesk } from '../../src/engine/inbox-desk.ts';
import { recordsOf } from '../../src/engine/run-look.ts';
import type { CommandRequest } from '../../src/model/command.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { Files } from '../../src/store/files.ts';
import { keyedCommandId, leaveCommand, readCommands, readDecision } from '../../src/store/inbox.ts';
import { quarantineRun } from '../../src/store/quarantine.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { asDriver, forEachKill } from '../support/machine-kills.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { createRuns, SIM_RUN, simEntries, startSim } from '../support/sim-run.ts';

const PATHS = new RegistryPaths('/registry');
const BODY = { runId: SIM_RUN, reason: 'seen', by: 'ada' } as const;
const RETRY = { ...BODY, command: 'resolve', decision: 'retry' } as const;

function filesOf(machine: SimMachine): Files {
  return new Files(machine.disk, systemClock);
}

/** A machine whose run is parked: its first review could not be done. */
async function parked(): Promise<SimMachine> {
  const machine = new SimMachine(new MemoryFs(), { 'review-e1-a1': 'BLOCKED' });
  expect((await startSim(machine)).view?.state).toBe('blockedNeedsHuman');
  return machine;
}

function leave(machine: SimMachine, request: CommandRequest): Promise<string> {
  return leaveCommand(filesOf(machine), PATHS, systemClock, request);
}

/** Types of the records that hold the decision on that command. */
function recordsFor(machine: SimMachine, commandId: string): readonly string[] {
  const place = { files: filesOf(machine), paths: PATHS };
  return recordsOf(place, SIM_RUN).flatMap(({ event }) =>
    'commandId' in event && event.commandId === commandId ? [event.type] : [],
  );
}

describe('a command whose decider is killed at any change of the disk is decided by the next one, and recorded once', () => {
  it.each([
    ['a retry', RETRY, 'decisionMade'],
    ['a cancel, which ends its run', { ...BODY, command: 'cancel' }, 'cancelRequested'],
  ] as const)('%s', async (_name, request, type) => {
    const machine = await parked();
    const commandId = await leave(machine, request);
    const points = await forEachKill(
      machine,
      () => asDriver(machine, emptyInbox),
      async (point) => {
        await asDriver(machine, emptyInbox);
        expect(recordsFor(machine, commandId), point).toEqual([type]);
        expect((await readDecision(filesOf(machine), PATHS, commandId))?.isAccepted, point).toBe(true);
      },
    );
    expect(points).toBeGreaterThan(5);
  });

  it('one with a key that is left and decided at once, where it is left again after a power cut', async () => {
    const machine = await parked();
    const key = { key: 'k', bodyHash: 'h' };
    const carryOut = (driver: Driver) => new InboxDesk(driver).leave(RETRY, key);
    await forEachKill(
      machine,
      () => asDriver(machine, async (driver) => (await carryOut(driver))?.decision),
      async (point) => {
        const decision = await asDriver(machine, async (driver) => (await carryOut(driver))?.decision);
        expect(decision, point).toMatchObject({ isAccepted: true });
        expect(recordsFor(machine, keyedCommandId('k')), point).toEqual(['decisionMade']);
        expect(
          await asDriver(machine, (driver) => new InboxDesk(driver).leave(RETRY, { ...key, bodyHash: 'i' })),
        ).toBeNull();
      },
    );
  });

  it('a refusal', async () => {
    const machine = new SimMachine(new MemoryFs(), {});
    await asDriver(machine, (driver) => createRuns(driver, simEntries(1)));
    const runId = simEntries(1)[0]?.runId ?? '';
    const commandId = await leave(machine, { ...RETRY, runId });
    await forEachKill(
      machine,
      () => asDriver(machine, emptyInbox),
      async (point) => {
        await asDriver(machine, emptyInbox);
        const records = recordsOf({ files: filesOf(machine), paths: PATHS }, runId);
        const refusals = records.filter(({ event }) => event.type === 'commandRefused').map(({ seq }) => seq);
        expect(refusals, point).toHaveLength(1);
        expect(await readDecision(filesOf(machine), PATHS, commandId), point).toMatchObject({
          isAccepted: false,
          seq: refusals[0],
        });
      },
    );
  });

  it('giving up a run that is set aside', async () => {
    const machine = await parked();
    const why = { code: 'PAWL_JOURNAL_DAMAGED', detail: 'd', findings: [], surfaces: [], atMs: 1 } as const;
    await quarantineRun(filesOf(machine), PATHS, SIM_RUN, why);
    const first = await leave(machine, { ...BODY, command: 'resolve', decision: 'abandon' });
    const second = await leave(machine, { ...BODY, command: 'resolve', decision: 'abandon' });
    await forEachKill(
      machine,
      () => asDriver(machine, emptyInbox),
      async (point) => {
        await asDriver(machine, emptyInbox);
        const decisions = await Promise.all([first, second].map((id) => readDecision(filesOf(machine), PATHS, id)));
        expect(decisions.map((decision) => decision?.isAccepted).toSorted(), point).toEqual([false, true]);
      },
    );
  });
});

it('two who decide on one command at the same time record it once, and both find the same decision', async () => {
  const machine = await parked();
  const commandId = await leave(machine, RETRY);
  await asDriver(machine, (driver) => Promise.all([emptyInbox(driver), emptyInbox(driver)]));
  expect(recordsFor(machine, commandId)).toEqual(['decisionMade']);
  expect((await readDecision(filesOf(machine), PATHS, commandId))?.isAccepted).toBe(true);
  expect((await readCommands(filesOf(machine), PATHS)).commands).toEqual([]);
});

it('a key whose command the inbox has forgotten gets the recorded decision for the same command, and a refusal for another one', async () => {
  const machine = await parked();
  await asDriver(machine, async (driver) => {
    const { inbox, lock } = driver.world;
    /** Left, decided, marked; then nothing of it is in the inbox. */
    const passing = async (request: CommandRequest) => {
      const desk = new InboxDesk(driver);
      const decision = await (await desk.leave(request, { key: 'k', bodyHash: 'h' }))?.decision;
      await desk.settled();
      const all = { ageMs: 0, count: 0, mayGoOn: () => true };
      expect(await inbox.forget(lock.generation, all)).toBe(1);
      return decision;
    };
    const first = await passing({ ...BODY, command: 'cancel' });
    expect(first?.isAccepted).toBe(true);
    expect(await passing({ ...BODY, command: 'cancel' })).toEqual(first);
    expect(await passing(RETRY)).toMatchObject({ isAccepted: false, reason: expect.stringContaining('use a new one') });
  });
  expect(recordsFor(machine, keyedCommandId('k'))).toEqual(['cancelRequested']);
});
