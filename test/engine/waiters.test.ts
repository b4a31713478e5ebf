/** Several waits on one driver: each of them ends when what it waits for has come. */
import { expect, it } from 'vitest';
import { Driver } from '../../src/engine/driver.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { createRuns, simEntries } from '../support/sim-run.ts';

it('every drive of several at once ends when its own runs have ended', async () => {
  const world = await new SimMachine(new MemoryFs(), {}).boot();
  const driver = new Driver(world, { maxParallel: 3, agentOverride: null });
  await driver.open();
  const runIds = await createRuns(driver, simEntries(3));
  const ended: string[] = [];
  const drives = runIds.map((runId) => driver.drive([runId]).then(() => ended.push(runId)));
  const all = Promise.all(drives);
  for (let turns = 0; turns < 2_000 && ended.length < runIds.length; turns += 1)
    await new Promise<void>((resolve) => setImmediate(resolve));
  expect([...ended].sort()).toEqual([...runIds].sort());
  await all;
  expect(driver.moving(runIds)).toEqual([]);
  expect(runIds.map((runId) => driver.view(runId)?.state)).toEqual(runIds.map(() => 'readyForManualReview'));
  await driver.close();
});

it('a drive whose runs are to move while nothing is under way for them ends as a bug, and does not wait for ever', async () => {
  const driver = new Driver(await new SimMachine(new MemoryFs(), {}).boot(), { maxParallel: 1, agentOverride: null });
  await driver.open();
  const [runId = ''] = await createRuns(driver, simEntries(1));
  const run = driver.find(runId);
  // The answer to its first effect is thrown away: the effect stays owed, and nobody performs it any more.
  if (run !== undefined) run.settle = async () => false;
  await expect(driver.drive([runId])).rejects.toThrow(
    `bug: nothing is under way for ${runId} in {"queued":"admitting"}`,
  );
  await driver.close();
});

it('a driver that stops accepting work names the runs that have not come to rest, and those that have it does not', async () => {
  const driver = new Driver(await new SimMachine(new MemoryFs(), {}).boot(), { maxParallel: 3, agentOverride: null });
  await driver.open();
  const [first = '', second = ''] = await createRuns(driver, simEntries(2));
  await driver.drive([first]);
  const driving = driver.drive([first, second]);
  driver.stopAccepting();
  await driving;
  await driver.close();
  expect(driver.moving([first, second])).toEqual([second]);
});
