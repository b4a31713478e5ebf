/** A task that was being prepared when its runner was killed, and that nobody wants any more at the next start. */
import { expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { examine } from '../../src/engine/recovery/rehydrate.ts';
import { Halted, MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { storeToLookAt } from '../../src/store/file-store.ts';
import { Files } from '../../src/store/files.ts';
import { leaveCommand } from '../../src/store/inbox.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { SIM_RUN, startSim } from '../support/sim-run.ts';

const PATHS = new RegistryPaths('/registry');
const REQUEST = `${PATHS.task(SIM_RUN, 'implementation-e0-a1')}/request.json`;

/** A machine whose runner died when the request was written, and its record was not. */
async function killedBeforeTheRecord(): Promise<SimMachine> {
  const machine = new SimMachine(new MemoryFs(), {});
  machine.disk.onCall = (op, path) => {
    if (op !== 'write' || !path.endsWith('/events.jsonl')) return;
    const { disk } = machine;
    const { onCall } = disk;
    disk.onCall = null;
    const isWritten = disk.stat('/registry/runs') !== null && new Files(disk, systemClock).exists(REQUEST);
    disk.onCall = onCall;
    if (!isWritten) return;
    disk.halt();
    throw new Halted('killed');
  };
  const { error } = await startSim(machine);
  expect(error).toBeInstanceOf(Halted);
  machine.reboot(machine.disk.crash('everything'), false);
  return machine;
}

it('a cancelled run keeps the folder of a task that was never requested, and is not set aside for it', async () => {
  const machine = await killedBeforeTheRecord();
  const place = { files: new Files(machine.disk, systemClock), paths: PATHS };
  expect(place.files.exists(REQUEST)).toBe(true);
  const body = { runId: SIM_RUN, reason: 'no longer needed', by: 'somebody' };
  await leaveCommand(place.files, PATHS, systemClock, { ...body, command: 'cancel' });
  const { view, error } = await startSim(machine);
  expect([error, view?.state]).toEqual([null, 'cancelled']);
  expect(await examine({ ...place, ...storeToLookAt(place.files, PATHS) }, SIM_RUN)).toMatchObject({
    kind: 'live',
    findings: [],
  });
  expect([...machine.starts]).toEqual([]);
});

it('a folder that no record ever asked for sets the run aside, and so does one that is claimed and was never requested', async () => {
  const machine = await killedBeforeTheRecord();
  const place = { files: new Files(machine.disk, systemClock), paths: PATHS };
  const doubtNow = async (): Promise<string> => {
    const found = await examine({ ...place, ...storeToLookAt(place.files, PATHS) }, SIM_RUN);
    return found.kind === 'doubtful' ? found.doubt.code : found.kind;
  };
  expect(await doubtNow()).toBe('live');
  machine.disk.makeFolder(PATHS.task(SIM_RUN, 'review-e1-a1'));
  expect(await doubtNow()).toBe('PAWL_REGISTER_CONTRADICTION');
  const other = await killedBeforeTheRecord();
  place.files = new Files(other.disk, systemClock);
  await place.files.writeDurable(REQUEST.replace('request.json', 'claim'), new Uint8Array([1]));
  expect(await doubtNow()).toBe('PAWL_HISTORY_LOST');
});
