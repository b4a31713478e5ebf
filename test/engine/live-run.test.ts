import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { superviseTask } from '../../src/engine/effects/supervise.ts';
import { LiveRun } from '../../src/engine/live-run.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { blockerOf } from '../../src/prove/model/sample-blockers.ts';
import { packetReceived, settlementOf } from '../../src/prove/model/settlements.ts';
import { fileStore } from '../../src/store/file-store.ts';
import { Files } from '../../src/store/files.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { readSnapshot } from '../../src/store/snapshot-reading.ts';
import { encodeAgentRecord, encodeClaim, encodeRequest } from '../../src/turn/task-files.ts';
import { FakeClock, FakeProcesses, identityOf } from '../host/fake-processes.ts';
import { plainRequest } from '../host/plain-request.ts';
import { SimMachine } from '../support/sim-machine.ts';

const RUN_ID = 'run_x';
const request = {
  ...plainRequest,
  runId: RUN_ID,
  hasTreeLock: false,
  limits: { ...plainRequest.limits, deadlineMs: 1e9 },
};
const requestHash = sha256(encodeRequest(request));

let folder: string;
let clock: FakeClock;
let run: LiveRun;
let snapshotSeq: () => number | null;

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-live-run-')));
  clock = new FakeClock();
  const files = new Files(nodeFs, clock);
  const paths = new RegistryPaths(folder);
  mkdirSync(paths.run(RUN_ID), { recursive: true });
  const processes = new FakeProcesses([{ pid: 50, diesOf: [] }]);
  const simulated = await new SimMachine(new MemoryFs(), {}).boot();
  const store = fileStore(files, paths, () => undefined);
  const world = {
    files,
    clock,
    paths,
    processes,
    ...store,
    definitionHash: sha256(''),
    inspector: null,
  };
  const start = { runId: RUN_ID, state: null, sum: '', journalEnd: 0, snapshotSeq: 0, order: { atMs: 0, index: 0 } };
  const nothing = () => undefined;
  run = await LiveRun.open({ ...simulated, ...world }, start, {
    onCommit: nothing,
    onFailure: nothing,
    onRest: nothing,
  });
  snapshotSeq = () => readSnapshot(files, paths.snapshot(RUN_ID))?.seq ?? null;
  await commit('run', packetReceived());
});
afterEach(async () => {
  await run.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function commit(actor: string, event: JournalEvent): Promise<void> {
  expect(await run.commit(actor, event)).toBeNull();
}

/** Settles what is owed until an effect of that kind is owed. */
async function settleUntil(kind: string): Promise<void> {
  for (;;) {
    if (run.state.owed.some((effect) => effect.kind === kind)) return;
    const effect = run.state.owed.find((each) => each.kind !== 'deadline');
    const event = effect === undefined ? null : settlementOf(effect);
    if (effect === undefined || event === null) return;
    await commit(effect.actor, event.type === 'taskRequested' ? { ...event, requestHash } : event);
  }
}

describe('a snapshot', () => {
  it('is stored when the run ends, and not in the middle of short work', async () => {
    await settleUntil('judgeGate');
    expect(snapshotSeq()).toBeNull();
    await settleUntil('nothing');
    expect(run.state.root.value).toBe('readyForManualReview');
    expect(snapshotSeq()).toBe(run.state.seq);
  });

  it('is stored when the run waits for a person', async () => {
    await settleUntil('prepareWorkspace');
    const effect = run.state.owed.find((each) => each.kind === 'prepareWorkspace');
    await commit('run', {
      type: 'workspaceRefused',
      key: effect?.key ?? '',
      blocker: blockerOf('PAWL_WORKSPACE_FAILED'),
    });
    expect(run.state.root.value).toBe('blockedNeedsHuman');
    expect(snapshotSeq()).toBe(run.state.seq);
  });

  it('is stored at least every so many records', async () => {
    await settleUntil('prepareWorkspace');
    while (run.state.seq < BOUNDS.recordsPerSnapshot + 10) {
      const deadline = run.state.owed.find((effect) => effect.kind === 'deadline');
      await commit('run', { type: 'deadlineReached', key: deadline?.key ?? '', id: 'lease' });
    }
    expect(snapshotSeq()).toBe(BOUNDS.recordsPerSnapshot);
  });

  it('of a wait for a worker is stored once the wait has lasted, not for one that ends at once', async () => {
    await settleUntil('watchWorker');
    expect(snapshotSeq()).toBeNull();
    const effect = run.state.owed.find((each) => each.kind === 'watchWorker');
    if (effect?.kind !== 'watchWorker') throw new Error('nothing is watched');
    const task = join(folder, 'runs', RUN_ID, 'tasks', effect.taskId);
    mkdirSync(task, { recursive: true });
    const identity = { requestHash, nonce: 'n' };
    const agent = { worker: identityOf(60), isNamespaced: false, mark: request.mark, sessionId: null, startedAtMs: 1 };
    writeFileSync(join(task, 'request.json'), encodeRequest(request));
    writeFileSync(join(task, 'claim'), encodeClaim({ v: 1, kind: 'host', ...identity, host: identityOf(50), atMs: 1 }));
    writeFileSync(join(task, 'agent.json'), encodeAgentRecord({ v: 1, ...identity, ...agent }));
    const beganMs = clock.nowMs();
    const abort = new AbortController();
    const timer = clock.timer.bind(clock);
    clock.timer = (delayMs, fire) => {
      if (snapshotSeq() !== null || clock.nowMs() > beganMs + 20_000) abort.abort();
      return timer(delayMs, fire);
    };
    await superviseTask(run, effect, abort.signal);
    expect(snapshotSeq()).toBe(run.state.seq);
    expect(clock.nowMs() - beganMs).toBeGreaterThanOrEqual(5_000);
  });
});
