/** A handoff that is cut off at any change of the disk and made again: the same bytes, and the workers' answers are in it by their hashes. */
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import type { Driver } from '../../../src/engine/driver.ts';
import { workSummaries } from '../../../src/engine/effects/handoff-work.ts';
import { recordsOf } from '../../../src/engine/run-look.ts';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { Files } from '../../../src/store/files.ts';
import { RegistryPaths } from '../../../src/store/registry-paths.ts';
import { asDriver, forEachKill } from '../../support/machine-kills.ts';
import { SimMachine } from '../../support/sim-machine.ts';
import { putBytes, simEntries } from '../../support/sim-run.ts';

const PATHS = new RegistryPaths('/registry');
const [ENTRY] = simEntries(1);
if (ENTRY === undefined) throw new Error('no entry');
const ONE = ENTRY;

function filesOf(machine: SimMachine): Files {
  return new Files(machine.disk, systemClock);
}

async function drive(driver: Driver): Promise<void> {
  if (driver.view(ONE.runId) === null) await driver.create(ONE);
  await driver.drive([ONE.runId]);
}

function handoffsIn(machine: SimMachine): readonly string[] {
  const files = filesOf(machine);
  return files.listNames(`${PATHS.artifacts(ONE.runId)}/handoff`).filter((name) => name.endsWith('.json'));
}

it('is one handoff, wherever it was cut off', async () => {
  const machine = new SimMachine(new MemoryFs(), {});
  let madeAgain = 0;
  await forEachKill(
    machine,
    () => asDriver(machine, drive),
    async (point) => {
      const before = handoffsIn(machine);
      await asDriver(machine, drive);
      const after = handoffsIn(machine);
      expect(after, point).toHaveLength(1);
      if (before.length === 0) return;
      madeAgain += 1;
      expect(after, point).toEqual(before);
    },
  );
  expect(madeAgain).toBeGreaterThan(1);
});

it('has the summary of an answer that is as the journal names it, and says why it has none of any other', async () => {
  const machine = new SimMachine(new MemoryFs(), {});
  await asDriver(machine, drive);
  const place = { files: filesOf(machine), paths: PATHS };
  const summaries = () => workSummaries(place, ONE.runId, recordsOf(place, ONE.runId));
  const taskId = 'implementation-e0-a1';
  expect(summaries()).toEqual([{ taskId, summary: 'said in the simulation', problem: null }]);
  const path = `${PATHS.task(ONE.runId, taskId)}/completion.json`;
  putBytes(machine.disk, path, new TextEncoder().encode('{"summary":"I did much more"}'));
  expect(summaries()).toEqual([
    { taskId, summary: null, problem: 'its answer does not match the hash in the journal' },
  ]);
  machine.disk.unlink(path);
  expect(summaries()).toEqual([{ taskId, summary: null, problem: 'its answer is missing' }]);
});
