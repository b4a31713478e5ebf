/**
 * One command that drives: the world opened, a driver on it, everything let go of at the end, whatever happens.
 *
 * Owns: that frame, taking packets in. Does not own: what the command does inside of it.
 */
import type { PacketReading } from '../model/packet.ts';
import { Driver, type DriverOptions } from '../runtime/driver.ts';
import { assertNoneRefused, type IntakeOptions, type IntakePlan, planIntake, writeIntake } from '../runtime/intake.ts';
import { markBatchDone } from '../store/batches.ts';
import { openWorld, type WorldRequest } from './wiring.ts';

/** Opens a driver, does `deed`, and closes it; the lock is released only after everything else. Throws what ended the driver's work. */
export async function withDriver<T>(
  request: WorldRequest,
  options: DriverOptions,
  deed: (driver: Driver) => Promise<T>,
): Promise<T> {
  const world = openWorld(request);
  const driver = new Driver(world, options);
  try {
    await driver.open();
    const result = await deed(driver);
    await driver.close();
    if (driver.failure !== null) throw driver.failure;
    return result;
  } catch (error) {
    await driver.close();
    throw error;
  } finally {
    world.lock.release();
  }
}

/** How packets are taken in. */
export interface TakeInOptions extends IntakeOptions {
  /** One that is refused refuses the whole file. */
  readonly isAllOrNothing: boolean;
}

/** Each packet is a run, or refused with its reason. Throws the first refusal when it is to be all of them or none. */
export function takeIn(driver: Driver, readings: readonly PacketReading[], options: TakeInOptions): IntakePlan {
  const { world } = driver;
  const plan = planIntake(
    readings,
    world.config,
    {
      repository: driver.repository,
      view: (runId) => driver.view(runId),
      options: world.paths.commandOptions,
      holders: () => [
        ...driver
          .runs()
          .filter((run) => run.state.run.status === 'active')
          .map((run) => ({ runId: run.runId, branch: run.state.run.context.branch })),
      ],
    },
    options,
  );
  if (options.isAllOrNothing) assertNoneRefused(plan.outcomes);
  // One run is all or nothing by its first record alone.
  const batchId = plan.fresh.length > 1 ? writeIntake(world, plan.fresh) : null;
  for (const entry of plan.fresh) driver.create(entry);
  if (batchId !== null) markBatchDone(world.files, world.paths, batchId);
  return plan;
}
