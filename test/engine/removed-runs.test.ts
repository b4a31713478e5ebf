/** A run whose folder was removed is known to have ended: its packet does not run again by itself, and what it used still counts. */
import { expect, it } from 'vitest';
import { canonicalJson, type Json } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { Driver } from '../../src/engine/driver.ts';
import { runsOf } from '../../src/engine/intake.ts';
import { recordPackets } from '../../src/engine/record-packets.ts';
import type { World } from '../../src/engine/world.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { resolveLimits } from '../../src/run/limits.ts';
import { runActions } from '../../src/run/next-actions.ts';
import { writeBatch } from '../../src/store/batches.ts';
import { listRuns } from '../../src/store/registry.ts';
import { recordRemoval } from '../../src/store/removed-runs.ts';
import { goodPacket } from '../packets/good-packet.ts';
import { SimMachine } from '../support/sim-machine.ts';

const { readings } = readPackets(JSON.stringify([goodPacket()]), sha256);
const [reading] = readings;
if (reading === undefined) throw new Error('no packet');
const { runId } = reading;

async function opened(prepare: (world: World) => Promise<unknown> = async () => undefined): Promise<Driver> {
  const world = await new SimMachine(new MemoryFs(), {}).boot();
  await recordRemoval(world.files, world.paths, {
    ...{ runId, taskId: reading?.packet.taskId ?? '', state: 'failedExecution', branch: 'work/x', baseCommit: null },
    ...{ headCommit: null, spent: { tokens: 70, usd: 0, isEstimate: false }, endedAtMs: 5, removedAtMs: 9, by: 'ann' },
  });
  await prepare(world);
  const driver = new Driver(world, { maxParallel: 1, agentOverride: null });
  await driver.open();
  return driver;
}

it('its packet, recorded again, is present and has ended; --again makes the next run of it', async () => {
  const driver = await opened();
  const plain = await recordPackets(driver, readings, { again: false, isAllOrNothing: false });
  expect(plain.outcomes).toMatchObject([{ outcome: 'present', runId }]);
  const view = driver.view(runId);
  expect(view).toMatchObject({ kind: 'terminal', state: 'failedExecution', removedAtMs: 9, lease: null, blockers: [] });
  expect(
    view === null ? [] : runActions(view, { driver: { kind: 'none' }, holder: null, options: [], nowMs: 0 }),
  ).toMatchObject([{ kind: 'intakeAgain', command: null }]);
  expect(listRuns(driver.world.files, driver.world.paths)).toEqual([]);
  const again = await recordPackets(driver, readings, { again: true, isAllOrNothing: false });
  expect(runsOf(again.outcomes)).toEqual([`${runId}_r2`]);
  expect(driver.views().map((each) => each.runId)).toEqual([`${runId}_r2`]);
  await driver.close();
});

it('an intake that was cut off before, and is finished now, does not make it again', async () => {
  const entry = { runId, reading, limits: resolveLimits({}, {}) };
  const driver = await opened(({ files, paths }) =>
    writeBatch(files, paths, [JSON.parse(canonicalJson(entry)) as Json]),
  );
  expect(listRuns(driver.world.files, driver.world.paths)).toEqual([]);
  await driver.close();
});
