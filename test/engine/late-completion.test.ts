/** What a later host had to say of a task that had ended, as a start finds it. */
import { expect, it } from 'vitest';
import { recordsOf } from '../../src/engine/run-look.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import { Halted, MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { SIM_PATHS } from '../../src/prove/sim/sim-paths.ts';

import { filesOver } from '../store/store-kit.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { SIM_RUN, startSim } from '../support/sim-run.ts';

const IMPLEMENTATION = SIM_PATHS.task(SIM_RUN, 'implementation-e0-a1');
const REVIEW = SIM_PATHS.task(SIM_RUN, 'review-e1-a1');
const LATE = `${IMPLEMENTATION}/${TASK_FILES.late}`;

/** A machine whose runner was killed when it was about to review what it had verified. */
async function killedBeforeReview(): Promise<SimMachine> {
  const machine = new SimMachine(new MemoryFs(), {});
  machine.disk.onCall = (op, path) => {
    if (op !== 'makeFolder' || path !== REVIEW) return;
    machine.disk.halt();
    throw new Halted('killed');
  };
  const { error } = await startSim(machine);
  expect(error).toBeInstanceOf(Halted);
  machine.reboot(machine.disk.crash('everything'), false);
  return machine;
}

it('a late completion is durable when it is recorded, also where the host that left it was killed before it was', async () => {
  const machine = await killedBeforeReview();
  await filesOver(machine.disk).ensureFolders([LATE]);
  const fd = machine.disk.open(`${LATE}/late.json`, 'wx+');
  machine.disk.write(fd, new TextEncoder().encode('something else'), null);
  await machine.disk.sync(fd);
  machine.disk.close(fd);
  expect((await startSim(machine)).error).toBeNull();
  const survivor = machine.disk.crash('nothing');
  const place = { files: filesOver(survivor), paths: SIM_PATHS };
  const events = recordsOf(place, SIM_RUN).map(({ event }) => event);
  expect(events).toContainEqual(expect.objectContaining({ type: 'completionReported', entryId: 'late.json' }));
  expect(survivor.list(LATE)).toEqual(['late.json']);
});
