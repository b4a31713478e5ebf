/** What a worker left is hashed again whenever it is relied upon: a file that is changed while its run is driven is found then, not at the next start. */
import { expect, it } from 'vitest';
import { Driver } from '../../src/engine/driver.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { CONFIGS } from '../../src/prove/sim/ports.ts';
import { SIM_PATHS } from '../../src/prove/sim/sim-paths.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { bytesOf, putBytes, simEntries } from '../support/sim-run.ts';

const [ENTRY] = simEntries(1);
const RUN_ID = ENTRY?.runId ?? '';
const SETUP = 'setup-e0-a1';
const IMPLEMENTATION = 'implementation-e0-a1';
const VERIFICATION = 'verification-e1-a1';
const REVIEW = 'review-e1-a1';

/** One byte of the file is another one: what it says is still readable. */
function edit(disk: MemoryFs, path: string, from: string, to: string): void {
  const text = new TextDecoder().decode(bytesOf(disk, path));
  expect(text).toContain(from);
  putBytes(disk, path, new TextEncoder().encode(text.replace(from, to)));
}

/** A run that is driven, with `change` made to its disk when that event is recorded. */
async function driven(
  at: { readonly type: JournalEvent['type']; readonly actor: string },
  change: (disk: MemoryFs) => void,
  config = CONFIGS.plain,
): Promise<{ readonly view: RunView | null; readonly starts: readonly string[] }> {
  const machine = new SimMachine(new MemoryFs(), {}, config);
  let isChanged = false;
  const world = await machine.boot();
  const driver = new Driver(world, {
    maxParallel: 1,
    agentOverride: null,
    onRecord: (_run, { actor, event }) => {
      if (isChanged || event.type !== at.type || actor !== at.actor) return;
      isChanged = true;
      change(machine.disk);
    },
  });
  await driver.open();
  if (ENTRY === undefined) throw new Error('no packet');
  await driver.create(ENTRY);
  await driver.drive([RUN_ID]);
  expect(isChanged).toBe(true);
  const view = driver.view(RUN_ID);
  await driver.close();
  return { view, starts: [...machine.starts.keys()] };
}

const task = (taskId: string, name: string): string => `${SIM_PATHS.task(RUN_ID, taskId)}/${name}`;
const ended = (taskId: string) => ({ type: 'workerEnded' as const, actor: taskId });

it.each([
  [IMPLEMENTATION, [IMPLEMENTATION]],
  [VERIFICATION, [IMPLEMENTATION, VERIFICATION]],
  [REVIEW, [IMPLEMENTATION, VERIFICATION, REVIEW]],
] as const)('an outcome of %s that is another than was recorded sets the run aside', async (taskId, starts) => {
  const seen = await driven(ended(taskId), (disk) =>
    edit(disk, task(taskId, 'outcome'), '"exitCode":0', '"exitCode":1'),
  );
  expect(seen.view).toMatchObject({ state: 'quarantined', blockers: [{ code: 'PAWL_REGISTER_CONTRADICTION' }] });
  expect(seen.starts).toEqual(starts);
});

it.each([
  ['another than was recorded', (disk: MemoryFs) => edit(disk, task(SETUP, 'outcome'), '"exitCode":0', '"exitCode":1')],
  ['gone', (disk: MemoryFs) => disk.unlink(task(SETUP, 'outcome'))],
])('an outcome of a setup that is %s sets the run aside before the next worker starts', async (_name, change) => {
  const seen = await driven(ended(SETUP), change, CONFIGS.withSetup);
  expect(seen.view).toMatchObject({ state: 'quarantined', blockers: [{ code: 'PAWL_REGISTER_CONTRADICTION' }] });
  expect(seen.starts).toEqual([SETUP]);
});

it.each([IMPLEMENTATION, VERIFICATION])('an outcome of %s that is gone sets the run aside', async (taskId) => {
  const { view } = await driven(ended(taskId), (disk) => disk.unlink(task(taskId, 'outcome')));
  expect(view).toMatchObject({ state: 'quarantined', blockers: [{ code: 'PAWL_REGISTER_CONTRADICTION' }] });
});

it.each([VERIFICATION, REVIEW])(
  'an answer of %s that is another than its outcome names is not judged',
  async (taskId) => {
    const { view } = await driven(ended(taskId), (disk) =>
      edit(disk, task(taskId, 'completion.json'), 'in the simulation', 'in the Simulation'),
    );
    expect(view).toMatchObject({ state: 'quarantined', blockers: [{ code: 'PAWL_ARTIFACT_DAMAGED' }] });
  },
);

it('an answer that is gone is not judged', async () => {
  const { view } = await driven(ended(VERIFICATION), (disk) => disk.unlink(task(VERIFICATION, 'completion.json')));
  expect(view).toMatchObject({ state: 'quarantined', blockers: [{ code: 'PAWL_ARTIFACT_DAMAGED' }] });
});

it('evidence that was changed after its gate passed is not handed off', async () => {
  const { view } = await driven(ended(REVIEW), (disk) => {
    const folder = `${SIM_PATHS.artifacts(RUN_ID)}/verification`;
    const [name = ''] = disk.list(folder);
    edit(disk, `${folder}/${name}`, 'PASS in the simulation', 'PASS in the Simulation');
  });
  expect(view).toMatchObject({ state: 'quarantined', blockers: [{ code: 'PAWL_ARTIFACT_DAMAGED' }] });
});
