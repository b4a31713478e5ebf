import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import { fileRegisters } from '../../src/store/file-registers.ts';
import { observeTask } from '../../src/worker/observe.ts';
import { DAY, IS_WHOLE } from '../support/draw.ts';
import { HostBench, hasNamespaces, linesOf, textOf, waitFor } from './host-bench.ts';

let bench: HostBench;
beforeAll(() => {
  bench = new HostBench();
});
afterEach(() => bench.end());
afterAll(() => bench.close());

const isolations = hasNamespaces ? (['none', 'pidNamespace'] as const) : (['none'] as const);

/** Within a namespace a third of the laws is tried each day, without one all of them. */
const DAYS = 3;
let nth = 0;

describe.each(isolations)('with isolation %s', (isolation) => {
  const isTried = (): boolean => isolation === 'none' || IS_WHOLE || nth++ % DAYS === DAY % DAYS;
  const law = (name: string, holds: () => Promise<void>): void => it.runIf(isTried())(name, holds);

  law('a worker that answers is completed, and all that its outcome names is there', async () => {
    const task = bench.task({ isolation });
    const askedMs = systemClock.monotonicMs();
    const outcome = await bench.run(task);
    expect(outcome).toMatchObject({ result: 'completed', code: null, by: 'host', exitCode: 0, signal: null });
    expect(outcome.requestHash).toBe(task.requestHash);
    for (const [name, digest] of [
      [TASK_FILES.completion, outcome.completion],
      [TASK_FILES.output, outcome.output],
      [TASK_FILES.stderr, outcome.stderr],
    ] as const) {
      const bytes = readFileSync(join(task.taskFolder, name));
      expect(digest).toEqual({ sha256: sha256(bytes), bytes: bytes.length });
    }
    expect(outcome.head).toMatch(/^[0-9a-f]{40}$/);
    expect(outcome.tree, bench.log(task)).toMatch(/^[0-9a-f]{40}$/);
    expect(linesOf(task.witness)).toHaveLength(1);
    const agent = bench.agent(task);
    expect(agent?.isNamespaced).toBe(isolation === 'pidNamespace');
    expect(agent?.startedAtMs).toBe(outcome.startedAtMs);
    expect(agent?.startedMonotonicMs).toBeGreaterThan(askedMs);
    expect(agent?.startedMonotonicMs).toBeLessThan(systemClock.monotonicMs());
    expect(bench.processes.tree(bench.handle(task))).toEqual({ members: [], unknown: [], isLocked: false });
    expect(statSync(join(task.taskFolder, TASK_FILES.output)).mode & 0o777).toBe(0o600);
  });

  law('a worker gets its task, the allow-listed environment, its mark and the lock, and nothing else', async () => {
    process.env.PAWL_TEST_SECRET = 'must not be seen';
    process.env.PAWL_TEST_NAMED = 'may be seen';
    const task = bench.task({
      isolation,
      worker: ['tells-environment', 'WITNESS', 'two words', '$(x)', ''],
      envNames: ['PAWL_TEST_NAMED'],
      env: { SET_BY_ADAPTER: 'yes' },
    });
    const argv = task.request.argv.map((word) => (word === 'WITNESS' ? task.witness : word));
    const told = bench.task({ ...task.request, argv });
    expect((await bench.run(told)).result).toBe('completed');
    const { env, rest, cwd, descriptors, task: seen } = JSON.parse(readFileSync(task.witness, 'utf8'));
    expect(rest).toEqual(['two words', '$(x)', '']);
    expect(cwd).toBe(task.worktree);
    expect(seen).toEqual({ goal: 'bench' });
    expect(env).toMatchObject({
      PAWL_TASK_ID: task.request.taskId,
      PAWL_PURPOSE: 'implementation',
      PAWL_COMPLETION_FILE: task.request.completionFile,
      PAWL_TASK_MARK: task.request.mark,
      PAWL_TEST_NAMED: 'may be seen',
      SET_BY_ADAPTER: 'yes',
    });
    expect(env).not.toHaveProperty('PAWL_TEST_SECRET');
    expect(env).not.toHaveProperty('NODE_OPTIONS');
    expect(descriptors).toContain(200);
    expect(textOf(join(told.taskFolder, TASK_FILES.output))).toBe('out\n');
    expect(textOf(join(told.taskFolder, TASK_FILES.stderr))).toBe('err\n');
    delete process.env.PAWL_TEST_SECRET;
    delete process.env.PAWL_TEST_NAMED;
  });

  law('a worker has no descriptors but those of any child of ours, and the lock', async () => {
    const task = bench.task({ isolation, argv: ['ls', '/proc/self/fd'] });
    expect((await bench.run(task)).code).toBe('PAWL_WORKER_NO_COMPLETION');
    // 3 is the folder that ls itself reads: the gate's pipe is closed before the worker begins.
    const plain = spawnSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }).stdout.trim().split('\n');
    expect(plain).toContain('3');
    expect(linesOf(join(task.taskFolder, TASK_FILES.output)).sort()).toEqual([...plain, '200'].sort());
  });

  law('a worker that ignores SIGTERM is killed after the grace', async () => {
    const limits = { deadlineMs: 1_000, graceMs: 500 };
    const task = bench.task({ isolation, limits, worker: ['ignores-sigterm'] });
    const outcome = await bench.run(task);
    expect(outcome).toMatchObject({ result: 'timedOut', code: 'PAWL_WORKER_DEADLINE' });
    expect(linesOf(task.witness)).toEqual(['ready', 'SIGTERM']);
    const tookMs = outcome.endedAtMs - (outcome.startedAtMs ?? 0);
    expect(tookMs).toBeGreaterThanOrEqual(1_500);
    expect(tookMs).toBeLessThan(12_000);
  });

  law(
    'a grandchild in its own session that holds stdout is ended and delays the outcome by no more than the grace',
    async () => {
      const task = bench.task({ isolation, worker: ['leaves-grandchild'], limits: { graceMs: 300 } });
      const outcome = await bench.run(task);
      expect(outcome).toMatchObject({ result: 'completed', exitCode: 0 });
      expect(linesOf(task.witness)).toHaveLength(1);
      expect(bench.processes.tree(bench.handle(task))).toMatchObject({ members: [], isLocked: false });
      const tookMs = outcome.endedAtMs - (outcome.startedAtMs ?? 0);
      expect(tookMs).toBeLessThan(10_000);
      if (isolation === 'none') expect(bench.log(task)).toContain('SIGKILL');
    },
  );

  law('a worker that floods its output is ended at the limit', async () => {
    const limits = { outputBytesMax: 100_000, graceMs: 10_000 };
    const task = bench.task({ isolation, worker: ['floods'], limits });
    const outcome = await bench.run(task);
    expect(outcome).toMatchObject({ result: 'failed', code: 'PAWL_WORKER_OUTPUT_LIMIT' });
    expect((outcome.output?.bytes ?? 0) + (outcome.stderr?.bytes ?? 0)).toBe(limits.outputBytesMax);
    // Not asked to end first: it would continue writing meanwhile.
    expect(bench.log(task)).not.toContain('SIGTERM');
  });

  law('a worker without a byte of output is ended as stalled', async () => {
    const task = bench.task({ isolation, worker: ['stays-silent'], limits: { stallMs: 700 } });
    expect(await bench.run(task)).toMatchObject({ result: 'timedOut', code: 'PAWL_WORKER_STALLED' });
  });

  law('a worker that says something now and then is not stalled but has its deadline', async () => {
    const task = bench.task({ isolation, worker: ['runs-on'], limits: { stallMs: 1_000, deadlineMs: 1_800 } });
    expect(await bench.run(task)).toMatchObject({ result: 'timedOut', code: 'PAWL_WORKER_DEADLINE' });
  });

  law('an exit code is recorded, with an answer or without', async () => {
    const answer = JSON.stringify({ status: 'completed', summary: 'all is well' });
    const silent = bench.task({ isolation, worker: ['exits', '3'] });
    const saying = bench.task({ isolation, worker: ['exits', '3', answer] });
    const clean = bench.task({ isolation, worker: ['exits', '0'] });
    const [told, said, zero] = await Promise.all([silent, saying, clean].map((task) => bench.run(task)));
    expect(told).toMatchObject({ result: 'failed', code: 'PAWL_WORKER_EXIT', exitCode: 3 });
    expect(said).toMatchObject({ result: 'failed', code: 'PAWL_WORKER_EXIT', exitCode: 3 });
    expect(said?.message).toContain('all is well');
    expect(said?.completion).toMatchObject({ sha256: expect.any(String) });
    expect(zero).toMatchObject({ result: 'failed', code: 'PAWL_WORKER_NO_COMPLETION', exitCode: 0 });
  });

  it.runIf(isTried()).each([
    ['does not exist', ['/nowhere/at-all'], '"/nowhere/at-all"'],
    ['may not be executed', ['/etc/passwd'], '"/etc/passwd"'],
    ['a shell does not find', ['sh', '-c', 'nowhere-at-all --version'], 'nowhere-at-all'],
  ])('a command that %s was never started, and is named', async (_how, argv, named) => {
    const outcome = await bench.run(bench.task({ isolation, argv }));
    expect(outcome).toMatchObject({ result: 'blocked', code: 'PAWL_WORKER_START_FAILED' });
    expect([126, 127]).toContain(outcome.exitCode);
    expect(outcome.message).toContain(named);
  });

  law(
    'a worker that has said something has failed by its exit code, unless its last words are that a command was not found',
    async () => {
      const failed = bench.task({ isolation, argv: ['sh', '-c', 'echo at work; exit 127'] });
      expect(await bench.run(failed)).toMatchObject({ result: 'failed', code: 'PAWL_WORKER_EXIT', exitCode: 127 });
      const wrapped = bench.task({ isolation, argv: ['sh', '-c', 'echo at work; exec nowhere-at-all'] });
      expect(await bench.run(wrapped)).toMatchObject({
        result: 'blocked',
        code: 'PAWL_WORKER_START_FAILED',
        exitCode: 127,
      });
    },
  );

  law('a host that is told to end ends its worker and calls it interrupted', async () => {
    const task = bench.task({ isolation, worker: ['runs-on'] });
    const host = bench.start(task);
    await waitFor('the worker to run', () => linesOf(task.witness).length > 0);
    expect(host === null ? null : bench.processes.signal(host, 'SIGTERM')).toBe(true);
    expect(await bench.outcome(task)).toMatchObject({ result: 'interrupted', code: 'PAWL_WORKER_INTERRUPTED' });
    expect(bench.processes.tree(bench.handle(task)).members).toEqual([]);
  });

  law('a worker outlives the SIGKILL of its host and goes on writing its output', async () => {
    const task = bench.task({ isolation, worker: ['runs-on'] });
    const host = bench.start(task);
    await waitFor('the worker to run', () => linesOf(task.witness).length > 0);
    if (host === null) throw new Error('no host');
    bench.processes.signal(host, 'SIGKILL');
    await waitFor('the host to be dead', () => bench.processes.life(host) === 'dead');
    const output = join(task.taskFolder, TASK_FILES.output);
    const { size } = statSync(output);
    await waitFor('more output', () => statSync(output).size > size + 50);
    const seen = await observeTask(
      fileRegisters(bench.files),
      bench.processes,
      task.taskFolder,
      task.request,
      task.requestHash,
    );
    expect(seen).toMatchObject({ host: 'dead', tree: 'alive', outcome: null, contradictions: [] });
    expect(seen.agent?.value.worker.pid).toBe(bench.agent(task)?.worker.pid);
  });
});

describe('endings of single kinds', () => {
  it.each(['SIGKILL', 'SIGSEGV', 'SIGTERM'])('death by %s is recorded', async (signal) => {
    const task = bench.task({ worker: ['dies-by-signal', signal] });
    expect(await bench.run(task)).toMatchObject({ result: 'failed', code: 'PAWL_WORKER_EXIT', exitCode: null, signal });
  });

  it.each([
    ['half', 'PAWL_WORKER_ANSWER_INVALID'],
    ['link', 'PAWL_WORKER_ANSWER_INVALID'],
    ['linkedFolder', 'PAWL_WORKER_ANSWER_INVALID'],
    ['pipe', 'PAWL_WORKER_ANSWER_INVALID'],
    ['huge', 'PAWL_WORKER_ANSWER_INVALID'],
    ['folder', 'PAWL_WORKER_ANSWER_INVALID'],
  ])('an answer that is a %s is not taken', async (kind, code) => {
    const task = bench.task({ worker: ['leaves-odd-answer', kind, bench.folder] });
    const outcome = await bench.run(task);
    expect(outcome).toMatchObject({ result: 'failed', code, completion: null, exitCode: 0 });
    expect(outcome.message).not.toContain('elsewhere');
    spawnSync('rm', ['-rf', join(bench.folder, 'elsewhere')]);
  });

  it('an answer that lay there before the start does not count', async () => {
    const first = bench.task();
    expect((await bench.run(first)).result).toBe('completed');
    const again = bench.task({
      argv: [process.execPath, '-e', '0'],
      cwd: first.worktree,
      completionFile: first.request.completionFile,
    });
    expect(await bench.run(again)).toMatchObject({ result: 'failed', code: 'PAWL_WORKER_NO_COMPLETION' });
  });

  it('a missing worktree is reported as not started', async () => {
    const task = bench.task({ cwd: '/nowhere/at-all', completionFile: join(bench.folder, 'answer.json') });
    const outcome = await bench.run(task);
    expect(outcome).toMatchObject({ result: 'blocked', code: 'PAWL_WORKER_START_FAILED', exitCode: null, head: null });
  });

  it('a completion folder that is a link leads nowhere: nothing is started', async () => {
    const task = bench.task();
    spawnSync('ln', ['-s', bench.folder, join(task.worktree, '.pawl-task')]);
    expect(await bench.run(task)).toMatchObject({ result: 'blocked', code: 'PAWL_WORKER_START_FAILED' });
    expect(existsSync(task.witness)).toBe(false);
  });

  it('a gate judged by exit code records its verdict', async () => {
    const judged = { purpose: 'review', completion: 'exitCode' } as const;
    const bad = bench.task({ ...judged, argv: ['sh', '-c', 'exit 1'] });
    const good = bench.task({ ...judged, argv: ['true'] });
    expect((await bench.run(bad)).result).toBe('completed');
    expect((await bench.run(good)).result).toBe('completed');
    const verdictOf = (folder: string) =>
      JSON.parse(readFileSync(join(folder, TASK_FILES.completion), 'utf8')).verdict.status;
    expect([verdictOf(bad.taskFolder), verdictOf(good.taskFolder)]).toEqual(['FAIL', 'PASS']);
  });

  it.runIf(hasNamespaces)(
    'a worker that scrubs environment and descriptors escapes, but not from a PID namespace',
    async () => {
      const isEscaped = (pid: string): boolean => textOf(`/proc/${pid}/cmdline`).includes('600.25');
      const loose = bench.task({ worker: ['escapes'] });
      expect((await bench.run(loose)).result).toBe('completed');
      const pid = textOf(loose.witness).trim();
      expect(isEscaped(pid)).toBe(true);
      process.kill(Number(pid), 'SIGKILL');
      const held = bench.task({ worker: ['escapes'], isolation: 'pidNamespace' });
      expect((await bench.run(held)).result).toBe('completed');
      const namespaces = new Set(pids().map((one) => textOf(`/proc/${one}/cmdline`)));
      expect(
        [...namespaces].filter((line) => line.includes(held.witness) || line === 'sleep\u0000600.25\u0000'),
      ).toEqual([]);
    },
  );

  it('a host beats its heart while its worker runs', async () => {
    const task = bench.task({ worker: ['runs-on'] });
    bench.start(task);
    const path = join(task.taskFolder, TASK_FILES.heartbeat);
    await waitFor('the first beat', () => existsSync(path));
    const { mtimeMs } = statSync(path);
    await waitFor('another beat', () => statSync(path).mtimeMs > mtimeMs);
  });

  it('a git that takes its time to record the tree does not silence the heartbeat', async () => {
    const task = bench.task();
    const gate = join(bench.folder, 'slow-git');
    slowGit(gate, () => bench.start(task));
    const beatMs = (): number => statSync(join(task.taskFolder, TASK_FILES.heartbeat)).mtimeMs;
    try {
      await waitFor('a git that records', () => existsSync(`${gate}/begun`));
      for (let beat = 1; beat <= 2; beat += 1) {
        const lastMs = beatMs();
        await waitFor(`beat ${beat} beside that git`, () => beatMs() > lastMs, 5_000);
      }
      expect(existsSync(join(task.taskFolder, TASK_FILES.outcome))).toBe(false);
    } finally {
      writeFileSync(`${gate}/open`, '');
    }
    expect(await bench.outcome(task)).toMatchObject({ tree: expect.stringMatching(/^[0-9a-f]{40}$/) });
  });
});

/** During `body` the first git on PATH is one that says when it is to write a tree, and waits with that until `<gate>/open` is there. */
function slowGit(gate: string, body: () => void): void {
  mkdirSync(gate);
  const path = process.env.PATH ?? '';
  const git = spawnSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).stdout.trim();
  const wait = `case " $* " in *" write-tree "*) : > ${gate}/begun; until test -e ${gate}/open; do sleep 0.05; done;; esac`;
  writeFileSync(join(gate, 'git'), `#!/bin/sh\n${wait}\nexec ${git} "$@"\n`, { mode: 0o755 });
  process.env.PATH = `${gate}:${path}`;
  try {
    body();
  } finally {
    process.env.PATH = path;
  }
}

function pids(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}
