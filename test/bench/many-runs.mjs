/**
 * How much a registry full of finished runs delays the start of a driver.
 *
 * Owns: that measurement. Does not own: the limit (main).
 */
import { performance } from 'node:perf_hooks';
import { Driver } from '../../dist/src/engine/driver.js';
import { createBenchRegistry, createRuns, settleUntil } from './bench-registry.mjs';

/** Milliseconds until a driver is open, on an empty registry and on one with `count` finished runs. */
export async function measureOpening(count) {
  const registry = await createBenchRegistry({ isSynced: false });
  await timeOpening(registry);
  const emptyMs = await timeOpening(registry);
  for (const run of await createRuns(registry, count)) {
    await settleUntil(run, null);
    await run.stop();
    if (run.state.root.value !== 'readyForManualReview') throw new Error('the bench is wrong: a run did not finish');
  }
  const fullMs = await timeOpening(registry, count);
  await registry.close();
  return { emptyMs, fullMs };
}

async function timeOpening({ world }, count = 0) {
  const driver = new Driver(world, { maxParallel: 1, agentOverride: null });
  const startMs = performance.now();
  await driver.open();
  const ms = performance.now() - startMs;
  if (driver.views().length !== count) throw new Error('the bench is wrong: not every run was found');
  await driver.close();
  return ms;
}
