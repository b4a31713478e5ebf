/**
 * The commit path of one run against the disk alone: decide + journal + sync, and the very same lines appended and synced.
 *
 * Owns: that measurement. Does not own: the limits and their judgement (main).
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

/** Events a second of the commit path, of the raw appends, and the median of the ratios of neighbouring turns. */
export function measureCommitPath() {
  const registry = createBenchRegistry({ isSynced: true });
  const [run] = createRuns(registry, 1);
  // Work of our own is owed: the run is not idle, so that a snapshot is stored every 64 records and not at each.
  settleUntil(run, 'prepareWorkspace');
  const journal = registry.world.paths.journal(run.runId);
  const raw = openSync(join(run.folder, 'raw.jsonl'), 'a');
  const turns = [];
  let size = readFileSync(journal).length;
  for (let turn = 0; turn < WARM_UP_TURNS + TURNS; turn += 1) {
    const commitMs = timed(() => {
      for (let n = 0; n < RECORDS_A_TURN; n += 1) renewLease(registry, run);
    });
    const written = readFileSync(journal).subarray(size);
    size += written.length;
    const lines = written.toString('utf8').split(/(?<=\n)/);
    if (lines.length !== RECORDS_A_TURN) throw new Error(`the bench is wrong: ${lines.length} lines`);
    const rawMs = timed(() => {
      for (const line of lines) {
        writeSync(raw, line);
        fdatasyncSync(raw);
      }
    });
    if (turn >= WARM_UP_TURNS) turns.push({ commitMs, rawMs });
  }
  closeSync(raw);
  registry.close();
  return {
    commitsPerSecond: (RECORDS_A_TURN * 1_000) / median(turns.map((each) => each.commitMs)),
    rawPerSecond: (RECORDS_A_TURN * 1_000) / median(turns.map((each) => each.rawMs)),
    ratio: median(turns.map((each) => each.rawMs / each.commitMs)),
  };
}

function timed(body) {
  const startMs = performance.now();
  body();
  return performance.now() - startMs;
}
