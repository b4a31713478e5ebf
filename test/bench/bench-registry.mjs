/**
 * A registry in a temporary folder with runs that no worker ever touched: every effect is settled as a well-behaved world would.
 *
 * Owns: the folder, a world of real store, lock and machines, driving runs through their records. Does not own: what is measured.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFs } from '../../dist/src/adapters/node-fs.js';
import { systemProcesses } from '../../dist/src/adapters/processes/system.js';
import { systemClock } from '../../dist/src/adapters/system-clock.js';
import { sha256 } from '../../dist/src/base/sha256.js';
import { prepareRun } from '../../dist/src/engine/intake.js';
import { LiveRun } from '../../dist/src/engine/live-run.js';
import { definitionHash } from '../../dist/src/kernel/image.js';
import { parseConfig } from '../../dist/src/model/config.js';
import { DEFAULT_LIMITS } from '../../dist/src/model/limits.js';
import { readPackets } from '../../dist/src/packets/packets.js';
import { runSystem } from '../../dist/src/run/system.js';
import { fileStore } from '../../dist/src/store/file-store.js';
import { Files } from '../../dist/src/store/files.js';
import { openRegistry } from '../../dist/src/store/registry.js';
import { takeLock } from '../../dist/src/store/registry-lock.js';
import { RegistryPaths } from '../../dist/src/store/registry-paths.js';
import { packetsOf } from './packets.mjs';

const HASH = 'a'.repeat(64);
const BASE = 'b'.repeat(40);
const COMMIT = 'c'.repeat(40);
const nothing = () => undefined;
const nothingYet = async () => undefined;
const SILENT = { onCommit: nothing, onFailure: nothing, onRest: nothing };

/** Files of which nothing is synced: for runs that are made to be looked at, not to survive. */
const unsyncedFs = { ...nodeFs, sync: nothingYet, dataSync: nothingYet };

/** A registry of its own; `remove` takes it away. `isSynced: false` makes runs fast, not durable. */
export async function createBenchRegistry({ isSynced, folder = null }) {
  const own = folder === null ? realpathSync(mkdtempSync(join(tmpdir(), 'pawl-bench-'))) : null;
  const root = folder ?? join(own, '.pawl');
  let nowMs = Date.now();
  const clock = { ...systemClock, nowMs: () => nowMs, timer: () => nothing };
  const files = new Files(isSynced ? nodeFs : unsyncedFs, clock);
  await openRegistry(files, root);
  const paths = new RegistryPaths(root);
  const lock = await takeLock({ files, paths, clock, processes: systemProcesses(), helperLock: null });
  const world = {
    files,
    clock,
    paths,
    lock,
    ...fileStore(files, paths, lock.assertHighest),
    config: parseConfig(null, 'pawl.config.json'),
    processes: systemProcesses(),
    definitionHash: definitionHash(runSystem, sha256),
    inspector: null,
    // Nobody works in a repository here.
    git: { facts: async () => ({}), releaseEnded: async () => undefined },
    log: nothing,
  };
  return {
    world,
    /** Sets the clock. */
    setTime: (atMs) => {
      nowMs = Math.max(nowMs, atMs);
    },
    /** Lets go of the lock and, if the folder is its own, removes it. */
    close: async () => {
      await lock.release();
      if (own !== null) rmSync(own, { recursive: true, force: true });
    },
  };
}

/** `count` runs that have received their packets and nothing else. */
export async function createRuns({ world }, count) {
  const readings = readPackets(JSON.stringify({ packets: packetsOf(count) }), sha256).readings;
  const runs = [];
  for (const reading of readings) {
    const entry = { runId: reading.runId, reading, limits: DEFAULT_LIMITS };
    const event = await prepareRun(world, entry);
    const start = { runId: entry.runId, state: null, sum: '', journalEnd: 0, snapshotSeq: 0 };
    const run = await LiveRun.open(world, start, SILENT);
    must(await run.commit('run', event));
    runs.push(run);
  }
  return runs;
}

/** Settles what is owed until an effect of the kind `until` is owed, or until nothing can be settled any more. */
export async function settleUntil(run, until) {
  for (;;) {
    if (run.state.owed.some((effect) => effect.kind === until)) return;
    const effect = run.state.owed.find((each) => each.kind !== 'deadline');
    if (effect === undefined) return;
    must(await run.commit(effect.actor, settlementOf(effect)));
  }
}

/** The lease's deadline has come: one renewal, one record. */
export async function renewLease(registry, run) {
  const deadline = run.state.owed.find((effect) => effect.kind === 'deadline');
  registry.setTime(deadline.atMs);
  must(await run.commit('run', { type: 'deadlineReached', key: deadline.key, id: deadline.id }));
}

function must(refusal) {
  if (refusal !== null) throw new Error(`the bench is wrong: ${refusal.code}: ${refusal.reason}`);
}

/** The good settlement of an effect. */
function settlementOf(effect) {
  const { key, kind, taskId, epoch, commit, gate } = effect;
  switch (kind) {
    case 'admitRun': {
      const agents = { implementer: 'bench', fixer: 'bench', reviewer: 'bench', verifier: 'bench' };
      return { type: 'runAdmitted', key, agents, hasSetup: false };
    }
    case 'acquireLease':
      return { type: 'leaseAcquired', key, surfaces: effect.surfaces };
    case 'prepareWorkspace':
      return { type: 'workspacePrepared', key, baseBranch: 'main', baseCommit: BASE, headCommit: BASE };
    case 'prepareTask':
      return { type: 'taskRequested', key, taskId, requestHash: HASH, agent: 'bench', rescueRef: null };
    case 'startHost':
    case 'awaitWorker':
      return { type: 'workerSpawned', key, agentHash: HASH, pid: 42, startedAtMs: 1_000 };
    case 'watchWorker': {
      const proof = { outcomeHash: HASH, completionHash: HASH, exitCode: 0, signal: null, blocker: null };
      return { type: 'workerEnded', key, result: 'completed', by: 'host', ...proof };
    }
    case 'commitWork': {
      const proof = { fileCount: 1, filesChanged: ['src/a.txt'], patchHash: HASH, outcomeHash: HASH };
      return { type: 'workCommitted', key, taskId, commit: COMMIT, ...proof };
    }
    case 'judgeGate': {
      const evidence = { path: `artifacts/${gate}/evidence-${HASH.slice(0, 12)}.json`, sha256: HASH };
      const verdict = { status: 'PASS', commit, evidence, findingCount: 0, blocker: null };
      return { type: 'gateJudged', key, gate, taskId, epoch, ...verdict };
    }
    case 'projectHandoff': {
      const artifact = { path: `artifacts/handoff/handoff-${HASH.slice(0, 12)}.json`, sha256: HASH };
      return { type: 'handoffProjected', key, artifact, reference: artifact.path };
    }
    default:
      throw new Error(`the bench does not settle ${kind}`);
  }
}
