/**
 * What a driver does on a simulated machine, killed at its changes of the disk, with the power cut or not.
 *
 * Owns: finding every such point, what the disk keeps. Does not own: what is done (the test), the machine (sim-machine).
 */
import { expect } from 'vitest';
import { Driver } from '../../src/engine/driver.ts';
import { Halted } from '../../src/prove/memory/memory-fs.ts';
import { IS_WHOLE, SEED } from './draw.ts';
import type { SimMachine } from './sim-machine.ts';

/** So many points of one sweep are tried. */
const DRAWN_MAX = 24;
const LEFT = ['everything', 'nothing'] as const;

/** Opens a driver on the machine, runs `body`, releases everything. A killed process releases nothing. */
export async function asDriver<T>(machine: SimMachine, body: (driver: Driver) => Promise<T> | T): Promise<T> {
  const world = await machine.boot();
  const driver = new Driver(world, { maxParallel: 3, agentOverride: null });
  await driver.open();
  const result = await body(driver);
  await driver.close();
  await world.lock.release();
  return result;
}

/**
 * Runs `body` from the machine's present disk on, killed before its 1st, 2nd, … change of the disk, and once not at all; then calls `check` on what the kill
 * has left, or at every other point the power cut. Of more than `DRAWN_MAX` points as many are drawn, the first and the last among them; PAWL_SWEEP=whole takes
 * all of them, and both ways. Returns the number of changes.
 */
export async function forEachKill(
  machine: SimMachine,
  body: () => Promise<unknown>,
  check: (point: string) => Promise<void>,
): Promise<number> {
  const start = machine.disk;
  machine.reboot(start.fork(), false);
  const changesMade = machine.killBefore(Number.POSITIVE_INFINITY);
  await body();
  const changes = changesMade();
  for (const [index, at] of drawnOf(changes + 1).entries()) {
    for (const left of IS_WHOLE ? LEFT : LEFT.filter((_, n) => n === (index + SEED) % 2)) {
      machine.reboot(start.fork(), false);
      const hasEnded = await killedAt(machine, at, body);
      expect(hasEnded, `it changes the disk another number of times: ${at} of ${changes}`).toBe(at > changes);
      machine.reboot(machine.disk.crash(left), left === 'nothing');
      await check(`killed before change ${at}, ${left} left`);
    }
  }
  return changes;
}

/** The numbers from 1 to `count`, or those of them that the seed draws. */
function drawnOf(count: number): readonly number[] {
  const all = Array.from({ length: count }, (_, n) => n + 1);
  const step = IS_WHOLE ? 1 : Math.ceil(count / DRAWN_MAX);
  return all.filter((at) => at === 1 || at >= count - 1 || (at + SEED) % step === 0);
}

/** Returns whether `body` finished before that change. */
async function killedAt(machine: SimMachine, at: number, body: () => Promise<unknown>): Promise<boolean> {
  machine.killBefore(at);
  try {
    await body();
    return true;
  } catch (error) {
    if (error instanceof Halted) return false;
    throw error;
  }
}
