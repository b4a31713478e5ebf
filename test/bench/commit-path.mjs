/**
 * The commit path of one run against the disk alone: decide + journal + sync, and the very same lines appended and synced; and of many runs at once
 * against one.
 *
 * Owns: those measurements. Does not own: the limits and their judgement (main).
 */
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { BOUNDS } from '../../dist/src/model/limits.js';
import { createBenchRegistry, createRuns, renewLease, settleUntil } from './bench-registry.mjs';
import { median } from './statistics.mjs';

/** As many as there are between two snapshots, so that each turn stores one. */
const RECORDS_A_TURN = BOUNDS.recordsPerSnapshot;
const WARM_UP_TURNS = 30;
const TURNS = 100;
const MANY_TURNS = 15;

/** Events a second of the commit path, of the raw appends, and the median of the ratios of neighbouring turns. */
export async function measureCommitPath() {
  const registry = await createBenchRegistry({ isSynced: true });
  const [run] = await createRuns(registry, 1);
  // Work of our own is owed: the run is not idle, so that a snapshot is stored every 64 records and not at each.
  await settleUntil(run, 'prepareWorkspace');
  const journal = registry.world.paths.journal(run.runId);
  const raw = openSync(join(run.folder, 'raw.jsonl'), 'a');
  const turns = [];
  let size = readFileSync(journal).length;
  for (let turn = 0; turn < WARM_UP_TURNS + TURNS; turn += 1) {
    const commitMs = await timed(async () => {
      for (let n = 0; n < RECORDS_A_TURN; n += 1) await renewLease(registry, run);
    });
    const written = readFileSync(journal).subarray(size);
    size += written.length;
    const lines = written.toString('utf8').split(/(?<=\n)/);
    if (lines.length !== RECORDS_A_TURN) throw new Error(`the bench is wrong: ${lines.length} lines`);
    const rawMs = await timed(() => {
      for (const line of lines) {
        writeSync(raw, line);
        fdatasyncSync(raw);
      }
    });
    if (turn >= WARM_UP_TURNS) turns.push({ commitMs, rawMs });
  }
  closeSync(raw);
  await registry.close();
  return {
    commitsPerSecond: (RECORDS_A_TURN * 1_000) / median(turns.map((each) => each.commitMs)),
    rawPerSecond: (RECORDS_A_TURN * 1_000) / median(turns.map((each) => each.rawMs)),
    ratio: median(turns.map((each) => each.rawMs / each.commitMs)),
  };
}

/** So many runs that commit at once: their events a second against those of one, the median of neighbouring turns. */
export async function measureManyAtOnce(count) {
  const registry = await createBenchRegistry({ isSynced: true });
  const runs = await createRuns(registry, count);
  for (const run of runs) await settleUntil(run, 'prepareWorkspace');
  const renewals = async (run) => {
    for (let n = 0; n < RECORDS_A_TURN; n += 1) await renewLease(registry, run);
  };
  const turns = [];
  for (let turn = 0; turn < MANY_TURNS; turn += 1) {
    const oneMs = await timed(() => renewals(runs[turn % count]));
    const allMs = await timed(() => Promise.all(runs.map(renewals)));
    // The first ones pay for compiling the code.
    if (turn > 2) turns.push({ onePerMs: RECORDS_A_TURN / oneMs, allPerMs: (RECORDS_A_TURN * count) / allMs });
  }
  await registry.close();
  return {
    onePerSecond: median(turns.map(({ onePerMs }) => onePerMs)) * 1_000,
    allPerSecond: median(turns.map(({ allPerMs }) => allPerMs)) * 1_000,
    ratio: median(turns.map(({ onePerMs, allPerMs }) => allPerMs / onePerMs)),
  };
}

async function timed(body) {
  const startMs = performance.now();
  await body();
  return performance.now() - startMs;
}
