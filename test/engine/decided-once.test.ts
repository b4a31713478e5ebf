/** A command is decided once: whoever dies on the way, and however many decide at the same time. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { Driver } from '../../src/engine/driver.ts';
import { emptyInbox, InboxDesk } from '../../src/engine/inbox-desk.ts';
import { recordsOf } from '../../src/engine/run-look.ts';
import type { CommandDecision, CommandRequest } from '../../src/model/command.ts';
import { PawlError } from '../../src/model/error.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { Files } from '../../src/store/files.ts';
import { keyedCommandId, leaveCommand, readCommands, readDecision, readKeyed } from '../../src/store/inbox.ts';
import { quarantineRun } from '../../src/store/quarantine.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { asDriver, forEachKill } from '../support/machine-kills.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { createRuns, SIM_RUN, simEntries, startSim } from '../support/sim-run.ts';
import { turnsUntil } from '../support/turns-until.ts';

const PATHS = new RegistryPaths('/registry');
const BODY_HASH = sha256('what is asked');
const COMMAND = keyedCommandId('k');
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

describe('a command with a key that a record decides before it lies in the inbox', () => {
  const decide = async (driver: Driver, request: CommandRequest, bodyHash = BODY_HASH) => {
    const left = await new InboxDesk(driver).leave(request, { key: 'k', bodyHash });
    return left === null ? null : left.decision;
  };

  /** Gives the command and does `then`, killed at every change of the disk; `check` is told the answer, null where there was none. */
  async function forEachKilledDecider(
    machine: SimMachine,
    request: CommandRequest,
    then: (driver: Driver) => Promise<void>,
    check: (point: string, given: CommandDecision | null) => Promise<void>,
  ): Promise<void> {
    let answer: CommandDecision | null = null;
    const decider = () => {
      answer = null;
      return asDriver(machine, async (driver) => {
        answer = await decide(driver, request);
        await then(driver);
      });
    };
    await forEachKill(machine, decider, (point) => check(point, answer));
  }

  it.each([
    ['a retry', RETRY, 'decisionMade'],
    ['a cancel, which ends its run', { ...BODY, command: 'cancel' }, 'cancelRequested'],
  ] as const)(
    'is known under it for ever once it was answered, wherever its decider is killed: %s',
    async (_name, request, type) => {
      const machine = await parked();
      await forEachKilledDecider(
        machine,
        request,
        // Whoever stores its snapshot has it filed.
        async (driver) => driver.find(SIM_RUN)?.saveSnapshot(),
        async (point, given) => {
          await asDriver(machine, () => undefined);
          const records = recordsFor(machine, COMMAND);
          if (given !== null) expect(records, point).toEqual([type]);
          const isRecorded = records.length > 0;
          const known = await readKeyed(filesOf(machine), PATHS, COMMAND);
          expect(known?.bodyHash, point).toBe(isRecorded ? BODY_HASH : undefined);
          const kept = await readDecision(filesOf(machine), PATHS, COMMAND);
          if (isRecorded) expect(kept, point).toMatchObject({ isAccepted: true, ...given });
          else expect(kept, point).toBeNull();
          const again = await asDriver(machine, (driver) => decide(driver, request));
          expect(again, point).toMatchObject({ isAccepted: true, ...kept });
          expect(recordsFor(machine, COMMAND), point).toEqual([type]);
          expect(await asDriver(machine, (driver) => decide(driver, request, sha256('other'))), point).toBeNull();
        },
      );
    },
  );

  it('is known under it, too, where its run is set aside at the next start, killed at any change of the disk', async () => {
    const machine = await parked();
    const driver = new Driver(await machine.boot(), { maxParallel: 3, agentOverride: null });
    await driver.open();
    const given = await decide(driver, RETRY);
    machine.reboot(machine.disk.crash('nothing'), true);
    await filesOf(machine).ensureFolders([PATHS.task(SIM_RUN, 'nobody-asked-for-it')]);
    const start = () =>
      asDriver(machine, (next) => {
        expect(next.view(SIM_RUN)?.state).toBe('quarantined');
      });
    await forEachKill(machine, start, async (point) => {
      await start();
      expect(await readDecision(filesOf(machine), PATHS, COMMAND), point).toEqual(given);
      expect(await asDriver(machine, (next) => decide(next, RETRY)), point).toEqual(given);
    });
  });

  it('is known under it, too, where its run is set aside right after, killed at any change of the disk', async () => {
    const machine = await parked();
    await forEachKilledDecider(
      machine,
      RETRY,
      async (driver) => {
        const why = { code: 'PAWL_REGISTER_CONTRADICTION', message: 'm', subject: SIM_RUN, hint: '' } as const;
        driver.find(SIM_RUN)?.fail(new PawlError(why));
        await turnsUntil(() => driver.failure !== null || driver.view(SIM_RUN)?.state === 'quarantined');
      },
      async (point, given) => {
        await asDriver(machine, () => undefined);
        const kept = await readDecision(filesOf(machine), PATHS, COMMAND);
        if (given !== null) expect(kept, point).toEqual(given);
      },
    );
  });

  it('is found by whoever asks before it is filed, and filed with others a while later', async () => {
    const machine = await parked();
    await asDriver(machine, async (driver) => {
      const { inbox } = driver.world;
      const desk = new InboxDesk(driver);
      const given = await (await desk.leave(RETRY, { key: 'k', bodyHash: BODY_HASH }))?.decision;
      expect(inbox.has(COMMAND)).toBe(false);
      expect(await desk.known(COMMAND)).toEqual(given);
      expect(await (await desk.leave(RETRY, { key: 'k', bodyHash: BODY_HASH }))?.decision).toEqual(given);
      expect(await desk.leave(RETRY, { key: 'k', bodyHash: sha256('other') })).toBeNull();
      await desk.settled();
      expect(inbox.remembered(COMMAND)).toBeNull();
      expect(await inbox.decision(COMMAND)).toEqual(given);
    });
  });

  it('stands against another one that a process leaves under its key meanwhile: that one is refused', async () => {
    const machine = await parked();
    await asDriver(machine, async (driver) => {
      const { inbox } = driver.world;
      const desk = new InboxDesk(driver);
      const given = await (await desk.leave(RETRY, { key: 'k', bodyHash: BODY_HASH }))?.decision;
      await inbox.leaveKeyed({ ...BODY, command: 'cancel' }, { key: 'k', bodyHash: sha256('other') });
      await desk.empty();
      expect(await desk.known(COMMAND)).toEqual(given);
      await desk.settled();
      expect(await inbox.decision(COMMAND)).toMatchObject({ isAccepted: false, code: 'PAWL_COMMAND_REFUSED' });
    });
    expect(recordsFor(machine, COMMAND)).toEqual(['decisionMade']);
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
      const decision = await (await desk.leave(request, { key: 'k', bodyHash: BODY_HASH }))?.decision;
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
