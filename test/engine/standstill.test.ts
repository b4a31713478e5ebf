/** A run that halts in a process keeps neither another run nor the inbox from continuing. */
import { expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { emptyInbox } from '../../src/engine/inbox-desk.ts';
import type { CommandRequest } from '../../src/model/command.ts';
import { PawlError } from '../../src/model/error.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { Files } from '../../src/store/files.ts';
import { leaveCommand, readCommands, readDecision } from '../../src/store/inbox.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { asDriver } from '../support/machine-kills.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { createRuns, simEntries } from '../support/sim-run.ts';

const PATHS = new RegistryPaths('/registry');
const [STILL, OTHER] = simEntries(2).map(({ runId }) => runId) as [string, string];
const standstill = (code: PawlError['code']): PawlError =>
  new PawlError({ code, message: 'could not read /registry/there: EISDIR', subject: '/registry/there', hint: 'look' });

/** A machine with two runs, and a cancel of each in its inbox: that of the one to stand still first. */
async function twoRuns() {
  const machine = new SimMachine(new MemoryFs(), {});
  await asDriver(machine, (driver) => createRuns(driver, simEntries(2)));
  const files = new Files(machine.disk, systemClock);
  const cancel = (runId: string): Promise<string> => {
    const request: CommandRequest = { command: 'cancel', runId, reason: 'seen', by: 'ada' };
    return leaveCommand(files, PATHS, systemClock, request);
  };
  return { machine, files, cancel };
}

it('its command is refused with the reason, the next one is decided, and nothing is left for the next start', async () => {
  const { machine, files, cancel } = await twoRuns();
  const [first, second] = [await cancel(STILL), await cancel(OTHER)];
  await asDriver(machine, async (driver) => {
    driver.find(STILL)?.fail(standstill('PAWL_STORE_FAILED'));
    await emptyInbox(driver);
    expect(driver.failure).toBeNull();
  });
  const decisions = await Promise.all([first, second].map((id) => readDecision(files, PATHS, id)));
  expect(decisions).toMatchObject([{ isAccepted: false, code: 'PAWL_STORE_FAILED' }, { isAccepted: true }]);
  expect((await readCommands(files, PATHS)).commands).toEqual([]);
  const again = await cancel(STILL);
  await asDriver(machine, emptyInbox);
  expect((await readDecision(files, PATHS, again))?.isAccepted).toBe(true);
});

it('another run is driven to its end', async () => {
  const { machine, cancel } = await twoRuns();
  await cancel(STILL);
  const view = await asDriver(machine, async (driver) => {
    driver.find(STILL)?.fail(standstill('PAWL_STORE_FAILED'));
    await emptyInbox(driver);
    await driver.drive([STILL, OTHER]);
    return driver.view(OTHER);
  });
  expect(view?.state).toBe('readyForManualReview');
});

it('a failure that ends the whole process leaves the command for the next one', async () => {
  const { machine, files, cancel } = await twoRuns();
  const commandId = await cancel(STILL);
  await asDriver(machine, async (driver) => {
    const fault = standstill('PAWL_STORE_SYNC_FAILED');
    driver.find(STILL)?.fail(fault);
    await expect(emptyInbox(driver)).rejects.toBe(fault);
  });
  expect(await readDecision(files, PATHS, commandId)).toBeNull();
});
