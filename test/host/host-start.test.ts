import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TASK_FILES } from '../../src/model/request.ts';
import { linkRegister } from '../../src/store/register.ts';
import { encodeAgentRecord, encodeOutcome, parseClaim, parseOutcome } from '../../src/turn/task-files.ts';
import { revokeClaim } from '../../src/worker/outcome.ts';
import { DAY, IS_WHOLE, SEED, todaysPart } from '../support/draw.ts';
import { type BenchTask, HostBench, linesOf, waitFor } from './host-bench.ts';

let bench: HostBench;
beforeAll(() => {
  bench = new HostBench();
});
afterEach(() => bench.end());
afterAll(() => bench.close());

/** Runs a host in the foreground, under `wrapper`; returns its exit code. */
function runHost(task: BenchTask, wrapper: readonly string[] = [], killAfterMs?: number): Promise<number | null> {
  const [command = '', ...args] = [...wrapper, process.execPath, bench.hostMain, task.taskFolder, task.requestHash];
  const host = spawn(command, args, { stdio: 'ignore' });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => host.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve, reject) => {
    host.once('error', reject);
    host.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
}

/** Waits until whatever was started has come to its end by itself. */
function settleDown(task: BenchTask): Promise<void> {
  return waitFor(`the tree of ${task.taskFolder} to end`, () => {
    const { members, isLocked } = bench.processes.tree(bench.handle(task));
    return members.length === 0 && isLocked !== true;
  });
}

describe('one worker (L3)', () => {
  it('two hosts started at once on one request start one worker, time after time', async () => {
    for (let round = 0; round < (IS_WHOLE ? 20 : 3); round += 1) {
      const task = bench.task();
      bench.start(task);
      bench.start(task);
      await bench.outcome(task);
      await settleDown(task);
      expect(linesOf(task.witness)).toHaveLength(1);
    }
  });

  it('a host that was started for another request starts nothing and claims nothing', async () => {
    const task = bench.task();
    expect(await runHost({ ...task, requestHash: '0'.repeat(64) })).toBe(2);
    expect(existsSync(join(task.taskFolder, TASK_FILES.claim))).toBe(false);
    expect(existsSync(task.witness)).toBe(false);
  });

  it('a host starts nothing once the task is abandoned, and who abandons after a claim reads that claim', async () => {
    const given = bench.task();
    const { isWinner, value } = await revokeClaim(bench.files, given.taskFolder, given.requestHash, 'cancelled');
    expect(isWinner).toBe(true);
    expect(value).toMatchObject({ kind: 'revoked', reason: 'cancelled' });
    expect(await runHost(given)).toBe(0);
    expect(existsSync(given.witness)).toBe(false);
    const taken = bench.task();
    expect(await runHost(taken)).toBe(0);
    const late = await revokeClaim(bench.files, taken.taskFolder, taken.requestHash, 'cancelled');
    expect(late).toMatchObject({ isWinner: false, value: { kind: 'host' } });
  });

  it('a gate whose worker cannot be recorded is never opened', async () => {
    const task = bench.task();
    const other = { v: 1, requestHash: task.requestHash, nonce: 'other', worker: bench.processes.self() } as const;
    const record = encodeAgentRecord({ ...other, isNamespaced: false, mark: 'm', sessionId: null, startedAtMs: 1 });
    await linkRegister(bench.files, join(task.taskFolder, TASK_FILES.agent), record);
    expect(await runHost(task)).toBe(1);
    await waitFor(
      'the gate to end',
      () => bench.processes.tree({ ...bench.handle(task), worker: null }).members.length === 0,
    );
    expect(existsSync(task.witness)).toBe(false);
    expect(existsSync(join(task.taskFolder, TASK_FILES.outcome))).toBe(false);
  });

  it('a host that finds an outcome leaves its own in late/ and changes nothing', async () => {
    const task = bench.task();
    const standing = encodeOutcome({
      v: 2,
      requestHash: task.requestHash,
      nonce: 'operator',
      by: 'operator',
      result: 'interrupted',
      cause: { code: 'PAWL_WORKER_INTERRUPTED', params: { reason: 'operator', obstacle: null, answered: null } },
      summary: null,
      exitCode: null,
      signal: null,
      completion: null,
      output: null,
      stderr: null,
      head: null,
      tree: null,
      survivors: 0,
      startedAtMs: null,
      endedAtMs: 1,
    });
    const path = join(task.taskFolder, TASK_FILES.outcome);
    await linkRegister(bench.files, path, standing);
    expect(await runHost(task)).toBe(0);
    expect(new Uint8Array(readFileSync(path))).toEqual(standing);
    expect(existsSync(join(task.taskFolder, TASK_FILES.completion))).toBe(false);
    const claim = parseClaim(readFileSync(join(task.taskFolder, TASK_FILES.claim)));
    const late = readdirSync(join(task.taskFolder, TASK_FILES.late));
    expect(late).toEqual([`${claim.ok ? claim.value.nonce : ''}.json`]);
    const said = parseOutcome(readFileSync(join(task.taskFolder, TASK_FILES.late, late[0] ?? '')));
    expect(said).toMatchObject({ ok: true, value: { result: 'completed', by: 'host' } });
  });

  it('a worker started by a worker belongs to both trees', async () => {
    process.env.PAWL_TASK_MARK = 'outer-mark';
    try {
      const task = bench.task({ worker: ['runs-on'] });
      bench.start(task);
      await waitFor('the worker to run', () => linesOf(task.witness).length > 0);
      const pid = bench.agent(task)?.worker.pid;
      const outer = bench.processes.tree({ mark: 'outer-mark', lockFile: null, worker: null, isNamespaced: false });
      expect(outer.members.map((member) => member.pid)).toContain(pid);
      expect(bench.processes.tree(bench.handle(task)).members.map((member) => member.pid)).toEqual([pid]);
    } finally {
      delete process.env.PAWL_TASK_MARK;
    }
  });
});

/** What must hold wherever a host was killed. `killed` says where, for the message. */
async function checkAfterKill(task: BenchTask, killed: string): Promise<void> {
  await settleDown(task);
  const before = linesOf(task.witness).length;
  expect(before, killed).toBeLessThanOrEqual(1);
  if (before === 1) expect(bench.agent(task), `${killed}: a worker ran that is not on record`).not.toBeNull();
  const isClaimed = existsSync(join(task.taskFolder, TASK_FILES.claim));
  // Whoever comes next finds the claim, or is the one to run it.
  expect(await runHost(task), killed).toBe(0);
  await settleDown(task);
  expect(linesOf(task.witness).length, killed).toBe(isClaimed ? before : 1);
  rmSync(task.worktree, { recursive: true, force: true });
}

const SYSTEM_CALLS = [
  'link',
  'fsync',
  'rename',
  'unlink',
  'mkdir',
  'utimensat',
  'utime',
  'clone',
  'clone3',
  'vfork',
  'fork',
  'sendmsg',
  'writev',
  'shutdown',
  'wait4',
  'pwrite64',
  'ftruncate',
  'write',
];
/** Those that others can see. */
const SEEN_CALLS = ['link', 'clone', 'clone3', 'sendmsg', 'writev', 'shutdown'];
const hasStrace = await new Promise<boolean>((resolve) => {
  const probe = spawn('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' });
  probe.once('error', () => resolve(false));
  probe.once('exit', (code) => resolve(code === 0));
});

describe('a host that is killed', () => {
  it.runIf(hasStrace)(
    'at any of the system calls that make its steps has started its worker at most once, and never one that is not on record',
    async () => {
      const log = join(bench.folder, 'calls');
      const trace = `trace=?${SYSTEM_CALLS.join(',?')}`;
      expect(await runHost(bench.task(), ['strace', '-o', log, '-e', trace])).toBe(0);
      const called = linesOf(log).map((line) => /^(\w+)\(/.exec(line)?.[1] ?? '');
      const counts = new Map<string, number>();
      for (const call of called) if (SYSTEM_CALLS.includes(call)) counts.set(call, (counts.get(call) ?? 0) + 1);
      const points = [...counts].flatMap(([call, count]) => {
        // Every link and, from where the seed says, every third of the other calls that others can see; of the rest one of each kind.
        const step = IS_WHOLE || call === 'link' ? 1 : SEEN_CALLS.includes(call) ? 3 : count;
        const first = 1 + (SEED % step);
        return Array.from({ length: Math.ceil((count - first + 1) / step) }, (_, n) => ({
          call,
          when: first + n * step,
        }));
      });
      let killed = 0;
      for (const { call, when } of todaysPart(points, 3)) {
        const task = bench.task();
        const inject = `inject=${call}:signal=KILL:when=${when}`;
        if ((await runHost(task, ['strace', '-o', '/dev/null', '-e', trace, '-e', inject])) !== 0) killed += 1;
        await checkAfterKill(task, `${call} ${when} of ${counts.get(call)}, seed ${SEED}, day ${DAY}`);
      }
      console.log(`killed at ${killed} points of ${JSON.stringify(Object.fromEntries(counts))}`);
      expect(killed).toBeGreaterThan(4);
    },
    240_000,
  );

  it('at any moment has started its worker at most once, and never one that is not on record', async () => {
    let state = SEED;
    for (let round = 0; round < (IS_WHOLE ? 15 : 2); round += 1) {
      // A linear congruence is chance enough here (Numerical Recipes).
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
      const killAfterMs = 40 + (state / 2 ** 32) * 200;
      const task = bench.task();
      await runHost(task, [], killAfterMs);
      await checkAfterKill(task, `after ${killAfterMs} ms, seed ${SEED}`);
    }
  });
});
