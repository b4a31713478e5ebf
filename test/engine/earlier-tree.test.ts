/** No new worker starts in a worktree before the tree of the one before it is proven gone, also after a restart. */
import { expect, it } from 'vitest';
import type { Life } from '../../src/base/process-identity.ts';
import { Driver } from '../../src/engine/driver.ts';
import type { World } from '../../src/engine/world.ts';
import type { ProcessesPort, TreeSighting } from '../../src/ports/processes.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { identityOf } from '../host/fake-processes.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { simEntries } from '../support/sim-run.ts';

const [ENTRY] = simEntries(1);
const LEFT = identityOf(900);
const EARLIER = 'verification-e1-a1';
const NEXT = 'review-e1-a1';

/** A machine on which the runner died when the end of `EARLIER` was recorded, whose start nobody has seen. */
async function killedAfterEarlier(): Promise<SimMachine> {
  const machine = new SimMachine(new MemoryFs(), {});
  const driver = new Driver(await machine.boot(), {
    maxParallel: 1,
    agentOverride: null,
    onRecord: (_run, { actor, event }) => {
      if (event.type === 'workerEnded' && actor === EARLIER) machine.disk.halt();
    },
  });
  await driver.open();
  if (ENTRY === undefined) throw new Error('no packet');
  await driver.create(ENTRY);
  await driver.drive([ENTRY.runId]);
  expect([...machine.starts.keys()]).toEqual(['implementation-e0-a1', EARLIER]);
  machine.reboot(machine.disk.crash('everything'), false);
  return machine;
}

/** What is left of the tree of `EARLIER`. */
interface Left {
  sighting: TreeSighting;
  readonly diesOf: string;
  life: Life;
  readonly signals: string[];
}

/** Timers of short waits are due at once, and time passes with them. */
function withLeft(machine: SimMachine, world: World, left: Left): World {
  const { processes, clock } = world;
  const isLeft = ({ pid }: { readonly pid: number }): boolean => pid === LEFT.pid;
  const table: ProcessesPort = {
    ...processes,
    life: (identity) => (isLeft(identity) ? left.life : processes.life(identity)),
    signal: (identity, signal) => {
      if (!isLeft(identity)) return processes.signal(identity, signal);
      left.signals.push(signal);
      if (signal !== left.diesOf) return true;
      left.life = 'dead';
      left.sighting = { members: [], unknown: [], isLocked: false };
      return true;
    },
    tree: (handle) => (handle.mark.includes(EARLIER) ? left.sighting : processes.tree(handle)),
    startHost: (start) => {
      if (left.sighting.members.length > 0) throw new Error('a host is started beside what is left');
      return processes.startHost(start);
    },
  };
  const timer = (delayMs: number, fire: () => void): (() => void) => {
    if (delayMs > 1_000) return clock.timer(delayMs, fire);
    const handle = setImmediate(() => {
      machine.pass(delayMs);
      fire();
    });
    return () => clearImmediate(handle);
  };
  return {
    ...world,
    processes: table,
    clock: { nowMs: () => clock.nowMs(), monotonicMs: () => clock.monotonicMs(), nonce: () => clock.nonce(), timer },
  };
}

async function nextStart(machine: SimMachine, left: Left): Promise<RunView | null> {
  const driver = new Driver(withLeft(machine, await machine.boot(), left), { maxParallel: 1, agentOverride: null });
  await driver.open();
  const runId = ENTRY?.runId ?? '';
  await driver.drive([runId]);
  const view = driver.view(runId);
  await driver.close();
  return view;
}

const alive = (diesOf: string): Left => ({
  sighting: { members: [LEFT], unknown: [], isLocked: false },
  diesOf,
  life: 'alive',
  signals: [],
});

it('what cannot be ended keeps the next worker from its start', async () => {
  const machine = await killedAfterEarlier();
  const left = alive('nothing');
  const view = await nextStart(machine, left);
  expect(view).toMatchObject({ state: 'blockedNeedsHuman', blockers: [{ code: 'PAWL_WORKER_SURVIVORS' }] });
  expect(view?.blockers[0]?.message).toContain(EARLIER);
  expect(machine.starts.has(NEXT)).toBe(false);
  expect(left.signals).toContain('SIGKILL');
});

it.each(['SIGTERM', 'SIGKILL'])('what ends by %s is ended first', async (signal) => {
  const machine = await killedAfterEarlier();
  const left = alive(signal);
  expect((await nextStart(machine, left))?.state).toBe('readyForManualReview');
  expect(machine.starts.get(NEXT)).toBe(1);
  expect(left.signals).toContain(signal);
});

it('what is unknown after an end that was proven keeps nothing from its start', async () => {
  const machine = await killedAfterEarlier();
  const left: Left = { ...alive(''), sighting: { members: [], unknown: [LEFT.pid], isLocked: false } };
  expect((await nextStart(machine, left))?.state).toBe('readyForManualReview');
});

it('what is proven gone keeps nothing from its start', async () => {
  const machine = await killedAfterEarlier();
  const left: Left = { ...alive(''), sighting: { members: [], unknown: [], isLocked: false } };
  expect((await nextStart(machine, left))?.state).toBe('readyForManualReview');
  expect(left.signals).toEqual([]);
});
