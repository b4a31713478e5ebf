/**
 * How long a run takes to come back, by the length of its journal.
 *
 * Owns: that measurement, on journals made of lease renewals. Does not own: the limits (main).
 */
import { performance } from 'node:perf_hooks';
import { rehydrate } from '../../dist/src/runtime/rehydrate.js';
import { createBenchRegistry, createRuns, renewLease, settleUntil } from './bench-registry.mjs';

/** Journal lengths, in records. */
export const LENGTHS = [1_000, 10_000, 50_000];
/** A first one, not told: it pays for compiling the code. */
const WARM_UP = 1_000;

/** Milliseconds of a rehydration for each of LENGTHS. */
export async function measureRehydration() {
  const registry = createBenchRegistry({ isSynced: false });
  const lengths = [WARM_UP, ...LENGTHS];
  const runs = createRuns(registry, lengths.length);
  const times = [];
  for (const [n, run] of runs.entries()) {
    settleUntil(run, 'prepareWorkspace');
    while (run.state.seq < lengths[n]) renewLease(registry, run);
    await run.stop();
    const startMs = performance.now();
    const found = rehydrate(registry.world, run.runId, true);
    times.push(performance.now() - startMs);
    if (found.kind !== 'live' || found.state.seq !== lengths[n]) throw new Error(`the bench is wrong: ${found.kind}`);
  }
  registry.close();
  return LENGTHS.map((records, n) => ({ records, ms: times[n + 1] }));
}
