/** Quarantine over real hosts and workers: what has not begun never begins, what runs is ended first, and every file stays as it is. */
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import type { ProcessIdentity } from '../../../src/base/process-identity.ts';
import { setAside } from '../../../src/engine/recovery/set-aside.ts';
import type { World } from '../../../src/engine/world.ts';
import { TASK_FILES } from '../../../src/model/request.ts';
import { storeToLookAt } from '../../../src/store/file-store.ts';
import { readQuarantine } from '../../../src/store/quarantine.ts';
import { RegistryPaths } from '../../../src/store/registry-paths.ts';
import { parseClaim } from '../../../src/turn/task-files.ts';
import { type BenchTask, HostBench, linesOf, type TaskOverrides, textOf, waitFor } from '../../host/host-bench.ts';
import { changedPaths, fingerprint } from '../../support/scenario-fingerprint.ts';

const DOUBT = { code: 'PAWL_JOURNAL_DAMAGED', detail: 'by a test', surfaces: ['path:x'], taskId: 'T-1' } as const;

let bench: HostBench;
beforeAll(() => {
  bench = new HostBench();
});
afterEach(() => bench.end());
afterAll(() => bench.close());

/** A task in a run's folder of a registry, and the world that sets that run aside. */
interface Aside {
  readonly task: BenchTask;
  readonly world: World;
  readonly runId: string;
}

function asideOf(overrides: TaskOverrides): Aside {
  const plain = bench.task(overrides);
  const { taskId } = plain.request;
  const paths = new RegistryPaths(join(bench.folder, `registry-${taskId}`));
  const runId = 'run_ASIDE_000000000000';
  const taskFolder = paths.task(runId, taskId);
  mkdirSync(dirname(taskFolder), { recursive: true });
  cpSync(plain.taskFolder, taskFolder, { recursive: true });
  const { files, processes } = bench;
  const store = storeToLookAt(files, paths);
  const world: Partial<World> = { files, paths, ...store, processes, clock: systemClock, log: () => undefined };
  return { task: { ...plain, taskFolder }, world: world as World, runId };
}

function start({ task }: Aside): ProcessIdentity {
  const host = bench.start(task);
  if (host === null) throw new Error('the host could not be started');
  return host;
}

const fileOf = ({ task }: Aside, name: string): string => join(task.taskFolder, name);

function claimOf(aside: Aside) {
  const claim = parseClaim(readFileSync(fileOf(aside, TASK_FILES.claim)));
  if (!claim.ok) throw new Error(claim.reason);
  return claim.value;
}

function isStopped({ pid }: ProcessIdentity): boolean {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}

async function stop(host: ProcessIdentity): Promise<void> {
  process.kill(host.pid, 'SIGSTOP');
  await waitFor('a stopped host', () => isStopped(host));
}

/** A host that was stopped before it could claim; on a busy machine one may be faster than its stop, then the next is tried. */
async function stoppedOnItsWay(): Promise<{ readonly aside: Aside; readonly host: ProcessIdentity }> {
  for (let tries = 0; tries < 10; tries += 1) {
    const aside = asideOf({});
    const host = start(aside);
    await stop(host);
    if (!existsSync(fileOf(aside, TASK_FILES.claim))) return { aside, host };
  }
  throw new Error('no host could be stopped before its claim');
}

const isGone = (process: ProcessIdentity): boolean => bench.processes.life(process) === 'dead';

describe('a task that nobody has claimed', () => {
  it('is abandoned: a host that comes later starts nothing', async () => {
    const aside = asideOf({});
    const { findings } = await setAside(aside.world, aside.runId, DOUBT, []);
    expect(findings).toEqual([]);
    expect(claimOf(aside)).toMatchObject({
      kind: 'revoked',
      reason: 'interrupted',
      requestHash: aside.task.requestHash,
    });
    const host = start(aside);
    await waitFor('the host to end', () => isGone(host));
    expect(existsSync(aside.task.witness)).toBe(false);
    expect(existsSync(fileOf(aside, TASK_FILES.agent))).toBe(false);
  });

  it('is abandoned under a host that is on its way: stopped before its claim, continued after, it starts nothing', async () => {
    const { aside, host } = await stoppedOnItsWay();
    await setAside(aside.world, aside.runId, DOUBT, []);
    expect(claimOf(aside).kind).toBe('revoked');
    process.kill(host.pid, 'SIGCONT');
    await waitFor('the host to end', () => isGone(host));
    expect(existsSync(aside.task.witness)).toBe(false);
    expect(textOf(fileOf(aside, 'host.log'))).toContain('claimed already');
  });
});

describe('a task whose host is stopped', () => {
  it('has its host ended, then its worker, and every file that lay there stays as it is', async () => {
    const aside = asideOf({ worker: ['runs-on'], limits: { graceMs: 300 } });
    const host = start(aside);
    await waitFor('a worker on record', () => existsSync(fileOf(aside, TASK_FILES.agent)));
    await waitFor('a worker at work', () => linesOf(aside.task.witness).length > 0);
    const worker = bench.processes.tree(bench.handle(aside.task)).members;
    expect(worker.length).toBeGreaterThan(0);
    await stop(host);
    const before = fingerprint(aside.world.paths.root);
    const found = { class: 'ambiguous', detail: 'found before', action: 'none' } as const;
    const { findings } = await setAside(aside.world, aside.runId, DOUBT, [found]);
    expect(isGone(host)).toBe(true);
    expect(worker.filter((each) => !isGone(each))).toEqual([]);
    expect(findings).toEqual([
      found,
      { class: 'ambiguous', detail: `the host of ${aside.task.request.taskId} lived`, action: 'ended' },
    ]);
    const changed = changedPaths(before, fingerprint(aside.world.paths.root));
    expect(changed.filter((path) => !/\/(?:heartbeat|output\.ndjson|stderr\.log)$/.test(path))).toEqual([
      `runs/${aside.runId}/quarantined`,
    ]);
    const { code, detail, surfaces } = readQuarantine(bench.files, aside.world.paths, aside.runId)?.record ?? {};
    expect([code, detail, surfaces]).toEqual([DOUBT.code, DOUBT.detail, DOUBT.surfaces]);
    expect(linesOf(aside.task.witness)).toHaveLength(1);
  });

  it('and that cannot be judged from here is not signalled, and the operator is told about it', async () => {
    const aside = asideOf({ worker: ['runs-on'], limits: { graceMs: 300 } });
    const host = start(aside);
    await waitFor('a worker at work', () => linesOf(aside.task.witness).length > 0);
    await stop(host);
    const { processes } = bench;
    const life = (process: ProcessIdentity) => (process.pid === host.pid ? 'unknown' : processes.life(process));
    const world: World = { ...aside.world, processes: { ...processes, life } };
    const { findings } = await setAside(world, aside.runId, DOUBT, []);
    expect(isStopped(host)).toBe(true);
    expect(findings).toEqual([
      {
        class: 'ambiguous',
        detail: expect.stringContaining(`pid ${host.pid} on ${host.hostname}`),
        action: 'make sure that it has ended',
      },
    ]);
    expect(existsSync(fileOf(aside, TASK_FILES.outcome))).toBe(false);
  });
});
