/**
 * `pawl status` on a registry of 100 runs against a bare start of Node.
 *
 * Owns: that measurement. Does not own: the limit (main).
 */
import { performance } from 'node:perf_hooks';
import { createBenchRegistry, createRuns, settleUntil } from './bench-registry.mjs';
import { createSandbox, PAWL } from './sandbox.mjs';
import { median } from './statistics.mjs';

const RUNS = 100;
const PAIRS = 15;

/** Medians over pairs of starts: milliseconds of a bare Node, of `status` and of `status --json`, and the ratios. */
export async function measureStatus() {
  const sandbox = createSandbox({ packets: 0 });
  try {
    const registry = await createBenchRegistry({ isSynced: false, folder: sandbox.registry });
    const runs = await createRuns(registry, RUNS);
    for (const [n, run] of runs.entries()) {
      // One half has ended, the other waits for its turn.
      if (n % 2 === 0) await settleUntil(run, null);
      await run.stop();
    }
    await registry.close();
    const pairs = Array.from({ length: PAIRS }, () => ({
      bare: timed(sandbox, ['-e', '0']),
      plain: timed(sandbox, [PAWL, 'status']),
      json: timed(sandbox, [PAWL, 'status', '--json']),
    }));
    const told = JSON.parse(sandbox.run(process.execPath, [PAWL, 'status', '--json']));
    if (told.runs.length !== RUNS) throw new Error(`the bench is wrong: ${told.runs.length} runs`);
    return {
      bareMs: median(pairs.map(({ bare }) => bare)),
      plainMs: median(pairs.map(({ plain }) => plain)),
      jsonMs: median(pairs.map(({ json }) => json)),
      plainRatio: median(pairs.map(({ bare, plain }) => plain / bare)),
      jsonRatio: median(pairs.map(({ bare, json }) => json / bare)),
    };
  } finally {
    sandbox.remove();
  }
}

function timed(sandbox, args) {
  const startMs = performance.now();
  sandbox.run(process.execPath, args);
  return performance.now() - startMs;
}
