/** Settings of git that change while a worker runs park its run, at every place where its work would be relied upon, until a person decides. */
import { expect, it } from 'vitest';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { CONFIGS } from '../../../src/prove/sim/ports.ts';
import type { RunView } from '../../../src/run/run-view.ts';
import { Files } from '../../../src/store/files.ts';
import { leaveCommand } from '../../../src/store/inbox.ts';
import { RegistryPaths } from '../../../src/store/registry-paths.ts';
import { SimMachine } from '../../support/sim-machine.ts';
import { SIM_RUN, startSim } from '../../support/sim-run.ts';

const PATHS = new RegistryPaths('/registry');
const BEFORE = { 'core.bare': 'a', 'user.name': 'b' };
const AFTER = { 'core.bare': 'a', 'filter.f.clean': 'c', 'info/attributes': 'd', 'user.name': 'b' };

/** A run during whose `taskId` somebody changes settings. */
function machineWith(taskId: string, config = CONFIGS.plain): SimMachine {
  const machine = new SimMachine(new MemoryFs(), {}, config);
  machine.settings = BEFORE;
  machine.settingsAfter.set(taskId, AFTER);
  return machine;
}

async function parkedView(machine: SimMachine, taskId: string): Promise<RunView | null> {
  const { view, error } = await startSim(machine);
  expect(error).toBeNull();
  expect(view?.state).toBe('blockedNeedsHuman');
  expect(view?.blockers[0]).toMatchObject({
    code: 'PAWL_GIT_TAMPERED',
    message: expect.stringContaining(
      `While ${taskId} ran, git settings that the whole repository shares were changed: filter.f.clean was set, info/attributes was set.`,
    ),
    evidence: [`tasks/${taskId}`, 'filter.f.clean was set', 'info/attributes was set'],
  });
  return view;
}

async function afterDecision(machine: SimMachine, decision: 'retry' | 'accept'): Promise<RunView | null> {
  const files = new Files(machine.disk, (await machine.boot()).clock);
  machine.reboot(machine.disk, false);
  await leaveCommand(files, PATHS, files.clock, {
    runId: SIM_RUN,
    command: 'resolve',
    decision,
    reason: 'looked',
    by: 'somebody',
  });
  const { view, error } = await startSim(machine);
  expect(error).toBeNull();
  return view;
}

it('of an implementation: nothing is committed before a person retries, and then the same work is', async () => {
  const machine = machineWith('implementation-e0-a1');
  const parked = await parkedView(machine, 'implementation-e0-a1');
  expect(parked?.headCommit).toBe('b'.repeat(40));
  // A restart alone changes nothing, and neither does it that the settings were put back meanwhile.
  machine.settings = BEFORE;
  await parkedView(machine, 'implementation-e0-a1');
  const view = await afterDecision(machine, 'retry');
  expect(view?.state).toBe('readyForManualReview');
  expect([...machine.starts]).toEqual([
    ['implementation-e0-a1', 1],
    ['verification-e1-a1', 1],
    ['review-e1-a1', 1],
  ]);
});

it('of a setup, whose end nothing is made of: the next worker does not start before a person retries', async () => {
  const machine = machineWith('setup-e0-a1', CONFIGS.withSetup);
  await parkedView(machine, 'setup-e0-a1');
  expect([...machine.starts.keys()]).toEqual(['setup-e0-a1']);
  expect((await afterDecision(machine, 'retry'))?.state).toBe('readyForManualReview');
});

it.each([
  ['verification', 'verification-e2-a1'],
  ['review', 'review-e1-a2'],
] as const)(
  'of a %s: its PASS does not count, and a retry judges anew with a worker of its own, %s',
  async (gate, next) => {
    const machine = machineWith(`${gate}-e1-a1`);
    const view = await parkedView(machine, `${gate}-e1-a1`);
    expect(view?.gates[gate]).toMatchObject({ status: 'BLOCKED' });
    expect((await afterDecision(machine, 'retry'))?.state).toBe('readyForManualReview');
    expect(machine.starts.get(next)).toBe(1);
  },
);

it('a gate that saw settings change may be accepted by a person as any other that is blocked', async () => {
  const machine = machineWith('verification-e1-a1');
  await parkedView(machine, 'verification-e1-a1');
  const view = await afterDecision(machine, 'accept');
  expect(view?.state).toBe('readyForManualReview');
  expect(view?.gates.verification).toMatchObject({ status: 'ACCEPTED' });
});

it('a change by a second task is reported again, whatever was accepted of the first', async () => {
  const machine = machineWith('implementation-e0-a1');
  machine.settingsAfter.set('review-e1-a1', { ...AFTER, 'core.hookspath': 'e' });
  await parkedView(machine, 'implementation-e0-a1');
  const view = await afterDecision(machine, 'retry');
  expect(view?.blockers[0]?.message).toContain('While review-e1-a1 ran');
  expect(view?.blockers[0]?.evidence).toEqual(['tasks/review-e1-a1', 'core.hookspath was set']);
});
