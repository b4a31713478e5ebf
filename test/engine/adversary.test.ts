/** Several runs at once whose syncs end in any order: none of them ever holds what another one holds, and what fails lets go of what it was to have. */
import { describe, expect, it } from 'vitest';
import { Driver } from '../../src/engine/driver.ts';
import { LeaseTable } from '../../src/engine/leases.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { withAdversary } from '../support/adversary.ts';
import { IS_WHOLE, SEED } from '../support/draw.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { createRuns } from '../support/sim-run.ts';
import { branchOf, driveSim, simEntry } from '../support/sim-runs.ts';

const ORDERS = Array.from({ length: IS_WHOLE ? 500 : 40 }, (_, n) => SEED * 1_000 + n);
const NAMES = ['A', 'B', 'C', 'D'];

describe('whatever order their syncs end in', () => {
  it('runs that need the same surface hold it one after another, and all of them end', async () => {
    for (const seed of ORDERS) {
      const machine = new SimMachine(new MemoryFs(), {});
      const entries = NAMES.map((name) => simEntry(name, ['src/shared']));
      const order: string[] = [];
      const driven = await withAdversary(machine.disk, seed, () =>
        driveSim(machine, { entries, maxParallel: 2, onRecord: (runId) => void order.push(runId) }),
      );
      expect(driven.heldTwice, `order ${seed}`).toEqual([]);
      for (const name of NAMES)
        expect(driven.views[name]?.state, `order ${seed}, ${name}`).toBe('readyForManualReview');
    }
  });

  it('runs whose work touches the same path beyond their own surfaces do not both get it', async () => {
    let parked = 0;
    for (const seed of ORDERS) {
      const machine = new SimMachine(new MemoryFs(), {});
      machine.changed = Object.fromEntries(NAMES.map((name) => [branchOf(name), [`src/${name}/x`, 'src/widget.js']]));
      const entries = NAMES.map((name) => simEntry(name, [`src/${name}`]));
      const driven = await withAdversary(machine.disk, seed, () => driveSim(machine, { entries, maxParallel: 4 }));
      expect(driven.heldTwice, `order ${seed}`).toEqual([]);
      const states = NAMES.map((name) => driven.views[name]?.state ?? 'none');
      parked += states.filter((state) => state === 'blockedNeedsHuman').length;
      expect(states, `order ${seed}`).toContain('readyForManualReview');
    }
    // Without a single conflict nothing would have been shown.
    expect(parked).toBeGreaterThan(0);
  });
});

it('a run whose lease cannot be recorded releases what was reserved for it: the next one gets it', async () => {
  const machine = new SimMachine(new MemoryFs(), {});
  const driver = new Driver(await machine.boot(), { maxParallel: 2, agentOverride: null });
  await driver.open();
  const [first = '', second = ''] = await createRuns(
    driver,
    ['A', 'B'].map((name) => simEntry(name, ['src/shared'])),
  );
  const journal = driver.world.paths.journal(first);
  machine.disk.onCall = (op, path) => {
    const isWaiting = driver.find(first)?.state.root.matches('waitingForLock') === true;
    if (op === 'write' && path === journal && isWaiting)
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
  };
  await driver.drive([first, second]);
  expect(driver.find(first)?.fault).toMatchObject({ code: 'PAWL_STORE_FULL' });
  expect(driver.view(second)?.state).toBe('readyForManualReview');
  await driver.close();
});

it('what is reserved is held against others, not against its own run, and is free once it is released', () => {
  const leases = new LeaseTable();
  const release = leases.reserve('one', ['path:r/a']);
  expect(leases.conflict('two', ['path:r/a'])?.holder.runId).toBe('one');
  expect(leases.conflict('one', ['path:r/a'])).toBeNull();
  expect(() => leases.reserve('two', ['path:r/a'])).toThrow('bug: two reserves what one holds: path:r/a');
  release();
  expect(leases.conflict('two', ['path:r/a'])).toBeNull();
});
