/**
 * What a driver does on a simulated machine, killed at every change of the disk in turn, with the power cut or not.
 *
 * Owns: finding every such point, what the disk keeps. Does not own: what is done (the test), the machine (sim-machine).
 */
import { Driver } from '../../src/engine/driver.ts';
import { Halted } from '../../src/prove/memory/memory-fs.ts';
import { IS_WHOLE, SEED } from './draw.ts';
import type { SimMachine } from './sim-machine.ts';

const POINTS_MAX = 1_000;
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
 * Runs `body` from the machine's present disk on, as often as it changes the disk, killed before the 1st, 2nd, … change; then calls
 * `check` on what the kill has left, or at every other point the power cut; PAWL_SWEEP=whole does both. Returns the number of points.
 */
export async function forEachKill(
  machine: SimMachine,
  body: () => Promise<unknown>,
  check: (point: string) => Promise<void>,
): Promise<number> {
  const start = machine.disk;
  for (let at = 1; at < POINTS_MAX; at += 1) {
    let hasEnded = false;
    for (const left of IS_WHOLE ? LEFT : LEFT.filter((_, n) => n === (at + SEED) % 2)) {
      machine.reboot(start.fork(), false);
      hasEnded = await killedAt(machine, at, body);
      machine.reboot(machine.disk.crash(left), left === 'nothing');
      await check(`killed before change ${at}, ${left} left`);
    }
    if (hasEnded) return at - 1;
  }
  throw new Error(`more than ${POINTS_MAX} points`);
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
