/** A driver that drives whatever there is, for as long as it is wanted. */
import { expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { Driver } from '../../src/engine/driver.ts';
import { InboxDesk } from '../../src/engine/inbox-desk.ts';
import type { RunCommand } from '../../src/model/command.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { createRuns, simEntries } from '../support/sim-run.ts';
import { turnsUntil } from '../support/turns-until.ts';

const OPTIONS = { maxParallel: 3, agentOverride: null, letsEndedGo: true } as const;

it('runs that are there and runs that come are driven to their ends, and only their views are kept', async () => {
  const driver = new Driver(await new SimMachine(new MemoryFs(), {}).boot(), OPTIONS);
  await driver.open();
  const entries = simEntries(3);
  const early = await createRuns(driver, entries.slice(0, 1));
  const driving = driver.driveAll();
  const late = await createRuns(driver, entries.slice(1));
  const runIds = [...early, ...late];
  await turnsUntil(
    () => runIds.every((runId) => driver.view(runId)?.kind === 'terminal') && driver.runs().length === 0,
  );
  expect(driver.driven()).toEqual([]);
  expect(runIds.map((runId) => driver.view(runId)?.state)).toEqual(runIds.map(() => 'readyForManualReview'));
  driver.stopAccepting();
  await driving;
  await driver.close();
});

it('a run that is parked is kept, and a retry makes it go on to its end under the same driver', async () => {
  const driver = new Driver(await new SimMachine(new MemoryFs(), { 'review-e1-a1': 'BLOCKED' }).boot(), OPTIONS);
  await driver.open();
  const driving = driver.driveAll();
  const [runId = ''] = await createRuns(driver, simEntries(1));
  await turnsUntil(() => driver.view(runId)?.state === 'blockedNeedsHuman');
  const decide = async (key: string) => {
    const retry: RunCommand = { command: 'resolve', decision: 'retry', runId, reason: 'again', by: 'ada' };
    return (await new InboxDesk(driver).leave(retry, { key, bodyHash: sha256('h') }))?.decision;
  };
  expect(await decide('parked')).toMatchObject({ isAccepted: true });
  await turnsUntil(() => driver.view(runId)?.state === 'readyForManualReview' && driver.runs().length === 0);
  expect(await decide('ended')).toMatchObject({ isAccepted: false, code: 'PAWL_COMMAND_REFUSED' });
  driver.stopAccepting();
  await driving;
  await driver.close();
});

it('a run that is to move while nothing is under way for it ends the driving as a bug', async () => {
  const driver = new Driver(await new SimMachine(new MemoryFs(), {}).boot(), OPTIONS);
  await driver.open();
  const [runId = ''] = await createRuns(driver, simEntries(1));
  const run = driver.find(runId);
  if (run !== undefined) run.settle = async () => false;
  await expect(driver.driveAll()).rejects.toThrow(`bug: nothing is under way for ${runId}`);
  await driver.close();
});

it('a command that holds for one record is refused once the run has another, and changes nothing', async () => {
  const driver = new Driver(await new SimMachine(new MemoryFs(), {}).boot(), OPTIONS);
  await driver.open();
  const [runId = ''] = await createRuns(driver, simEntries(1));
  const desk = new InboxDesk(driver);
  const seq = driver.find(runId)?.state.seq ?? 0;
  const cancel = (ifSeq: number): RunCommand => ({ command: 'cancel', runId, reason: '', by: 'ada', ifSeq });
  const decide = async (key: string, command: RunCommand) =>
    (await desk.leave(command, { key, bodyHash: sha256(key) }))?.decision;
  expect(await decide('stale', cancel(seq + 1))).toEqual({ isAccepted: false, code: 'PAWL_COMMAND_STALE', seq: null });
  expect(driver.find(runId)?.state.seq).toBe(seq);
  expect(await decide('fresh', cancel(seq))).toMatchObject({ isAccepted: true, seq: seq + 1 });
  // Under the same key it is the same command, with the same answer.
  expect(await decide('fresh', cancel(seq))).toMatchObject({ isAccepted: true, seq: seq + 1 });
  await desk.settled();
  await driver.close();
});

it('a command that the watch has decided before its sender asks is not decided again', async () => {
  const driver = new Driver(await new SimMachine(new MemoryFs(), {}).boot(), OPTIONS);
  await driver.open();
  const [runId = ''] = await createRuns(driver, simEntries(1));
  const desk = new InboxDesk(driver);
  const cancel: RunCommand = { command: 'cancel', runId, reason: '', by: 'ada' };
  const left = await driver.world.inbox.leaveKeyed(cancel, { key: 'k', bodyHash: 'h' });
  if (left.kind !== 'left') throw new Error('the key was free');
  await desk.empty();
  const seq = driver.view(runId)?.seq;
  expect(await desk.decide(left.command)).toMatchObject({ isAccepted: true });
  expect(driver.view(runId)?.seq).toBe(seq);
  await driver.close();
});
