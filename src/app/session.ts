/**
 * One command that drives: opens the world and a driver on it, and releases everything at the end, whatever happens.
 *
 * Owns: that frame. Does not own: what the command does inside.
 */
import { Driver } from '../engine/driver.ts';
import type { DriverOptions } from '../engine/driver-options.ts';
import type { Places } from './options.ts';
import { openWorld, type WorldRequest } from './wiring.ts';

/** Receives progress, one line at a time. */
export interface LineLog {
  log(line: string): void;
}

/**
 * Opens a driver, runs `body` with it, and closes it; the lock is released only after everything else. `onMade` is given the driver before it loads the runs
 * back, which can take a while. Throws what ended the driver's work.
 */
export async function withDriver<T>(
  request: WorldRequest,
  options: DriverOptions,
  body: (driver: Driver) => Promise<T>,
  onMade: (driver: Driver) => void = () => undefined,
): Promise<T> {
  const world = await openWorld(request);
  const driver = new Driver(world, options);
  try {
    onMade(driver);
    await driver.open();
    const result = await body(driver);
    await driver.close();
    if (driver.failure !== null) throw driver.failure;
    return result;
  } catch (error) {
    await driver.close();
    throw error;
  } finally {
    await world.lock.release();
  }
}

/** The same with a driver that drives nothing: for work that only needs the registry to be held. */
export function withIdleDriver<T>(
  output: LineLog,
  places: Places,
  body: (driver: Driver) => Promise<T>,
  takeOver?: WorldRequest['takeOver'],
): Promise<T> {
  const request = { places, log: (line: string) => output.log(line), ...(takeOver === undefined ? {} : { takeOver }) };
  return withDriver(request, { maxParallel: 1, agentOverride: null }, body);
}
