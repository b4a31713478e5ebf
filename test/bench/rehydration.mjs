/**
 * How long a run takes to come back, by the length of its journal.
 *
 * Owns: that measurement, on journals made of lease renewals. Does not own: the limits (main).
 */
import { performance } from 'node:perf_hooks';
import { examine } from '../../dist/src/engine/recovery/rehydrate.js';
import { createBenchRegistry, createRuns, renewLease, settleUntil } from './bench-registry.mjs';

/** Journal lengths, in records. */
export const LENGTHS = [1_000, 10_000, 50_000];
/** A first one, not told: it pays for compiling the code. */
const WARM_UP = 1_000;

/** The shortest of so many counts: what else the machine does can only add. */
const TRIES = 3;

/** Milliseconds of a rehydration for each of LENGTHS. */
export async function measureRehydration() {
  const registry = await createBenchRegistry({ isSynced: false });
  const lengths = [WARM_UP, ...LENGTHS];
  const runs = await createRuns(registry, lengths.length);
  const times = [];
  for (const [n, run] of runs.entries()) {
    await settleUntil(run, 'prepareWorkspace');
    while (run.state.seq < lengths[n]) await renewLease(registry, run);
    await run.stop();
    let ms = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < TRIES; tries += 1) ms = Math.min(ms, await timed(registry, run.runId, lengths[n]));
    times.push(ms);
  }
  await registry.close();
  return LENGTHS.map((records, n) => ({ records, ms: times[n + 1] }));
}

async function timed({ world }, runId, length) {
  const startMs = performance.now();
  const found = await examine(world, runId);
  const ms = performance.now() - startMs;
  if (found.kind !== 'live' || found.state.seq !== length) throw new Error(`the bench is wrong: ${found.kind}`);
  return ms;
}
