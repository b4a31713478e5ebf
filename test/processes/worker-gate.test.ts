/** The gate of a worker: what stands in its stderr is the worker's own, and its exit is the worker's, in a PID namespace and without one. */
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { namespacedExit } from '../../src/adapters/processes/namespaced-exit.ts';
import { startGate } from '../../src/adapters/processes/worker-gate.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { GatedWorker, WorkerExit } from '../../src/ports/gate.ts';
import { send } from '../../src/prove/real/moments.ts';
import { hasNamespaces } from '../host/host-bench.ts';
import { until } from '../support/pawl-cli.ts';

let folder: string;
let mark: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-gate-'));
  mark = `gate-${process.pid}-${Math.random()}`;
});
afterEach(() => {
  for (const pid of members()) send(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** What the worker has left in its stderr. */
const words = (): string => readFileSync(join(folder, 'stderr.log'), 'utf8');

async function gated(isNamespaced: boolean, argv: readonly string[], env = {}): Promise<GatedWorker> {
  const fds = [openSync(join(folder, 'output'), 'a+'), openSync(join(folder, 'stderr.log'), 'a+')] as const;
  const variables = { PATH: process.env.PATH ?? '', MARK: mark, ...env };
  const given = { argv, cwd: folder, env: variables, isNamespaced };
  const gate = await startGate({ ...given, stdin: null, stdout: fds[0], stderr: fds[1], lock: null }, systemClock);
  for (const fd of fds) closeSync(fd);
  if (gate.kind === 'failed') throw new Error(gate.obstacle);
  return gate.worker;
}

async function exitOf(
  isNamespaced: boolean,
  script: string,
  argv = ['sh', '-c', script],
  env = {},
): Promise<WorkerExit> {
  const worker = await gated(isNamespaced, argv, env);
  worker.open();
  return await worker.exited;
}

/** Every process that was started here and lives, the oldest first: outer shell or unshare, what is inside of it, the worker last. */
function members(): number[] {
  const isOurs = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`MARK=${mark}\0`);
    } catch {
      return false; // It has ended, or is not ours to read.
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter(isOurs)
    .map(Number)
    .sort((a, b) => a - b);
}

describe.each(hasNamespaces ? [false, true] : [false])('a worker (PID namespace: %s)', (isNamespaced) => {
  it.each(['KILL', 'TERM', 'INT', 'HUP', 'PIPE', 'SEGV', 'USR1'])(
    'that SIG%s has ended was ended by that signal, and its own words alone are in its stderr',
    async (signal) => {
      const exit = await exitOf(isNamespaced, `echo mine >&2; kill -${signal} $$`);
      expect([exit, words()]).toEqual([{ code: null, signal: `SIG${signal}` }, 'mine\n']);
    },
  );

  it.each([0, 1, 9, 125, 128, 130, 137, 143, 255])('that exits with %d has done that', async (code) => {
    const exit = await exitOf(isNamespaced, `echo mine >&2; exit ${code}`);
    expect([exit, words()]).toEqual([{ code, signal: null }, 'mine\n']);
  });

  it('that cannot be executed has the shell say why', async () => {
    const exit = await exitOf(isNamespaced, '', [join(folder, 'nowhere')]);
    expect(exit).toEqual({ code: 127, signal: null });
    expect(words()).toMatch(/^gate: .*nowhere.*not found/);
  });

  it('has no more descriptors open than it was given', async () => {
    // A shell's own listing has one more, for the listing.
    await exitOf(isNamespaced, '', ['sh', '-c', 'ls /proc/self/fd | grep -x "[0-9]" | tr "\\n" " " >&2']);
    expect(words()).toBe('0 1 2 3 ');
  });

  it('has the variables that it was given', async () => {
    const script = 'echo "$NODE_OPTIONS:$GIVEN" >&2';
    await exitOf(isNamespaced, script, ['sh', '-c', script], { NODE_OPTIONS: '--no-such-option', GIVEN: 'x' });
    expect(words()).toBe('--no-such-option:x\n');
  });

  it('ends in its own way when everything around it is asked to end as well', async () => {
    const up = join(folder, 'up');
    const script = `trap 'exit 7' TERM; : > '${up}'; while :; do sleep 0.01; done`;
    const worker = await gated(isNamespaced, ['sh', '-c', script]);
    worker.open();
    await until('the worker', () => existsSync(up));
    for (const pid of members()) send(pid, 'SIGTERM');
    expect(await worker.exited).toEqual({ code: 7, signal: null });
  });

  it('is killed with whatever stands around it, and nothing is said of that', async () => {
    const idle = ['sh', '-c', 'echo mine >&2; exec sleep 300'];
    for (let nth = 0; ; nth += 1) {
      rmSync(join(folder, 'stderr.log'), { force: true });
      const worker = await gated(isNamespaced, idle);
      worker.open();
      await until('the worker', () => words() === 'mine\n');
      const victim = members()[nth];
      if (victim === undefined) {
        send(worker.pid, 'SIGKILL');
        expect(nth).toBe(isNamespaced ? 4 : 1);
        return;
      }
      send(victim, 'SIGKILL');
      expect([await worker.exited, words()]).toEqual([{ code: null, signal: 'SIGKILL' }, 'mine\n']);
      await until('the end of what is left', () => members().length === 0);
    }
  });
});

describe('a gate that cannot be made', () => {
  it.runIf(hasNamespaces)('says why in its own words', async () => {
    const fds = [openSync(join(folder, 'output'), 'a+'), openSync(join(folder, 'stderr.log'), 'a+')] as const;
    const start = { argv: ['true'], cwd: folder, env: { PATH: folder }, isNamespaced: true, stdin: null, lock: null };
    writeFileSync(join(folder, 'unshare'), '#!/bin/sh\necho unshare: not permitted >&2\nexit 1\n', { mode: 0o755 });
    const gate = await startGate({ ...start, stdout: fds[0], stderr: fds[1] }, systemClock);
    for (const fd of fds) closeSync(fd);
    expect(gate).toEqual({ kind: 'failed', obstacle: 'its gate ended at once (exit 1): unshare: not permitted' });
    expect(words()).toBe('');
  });
});

describe('how a worker in a namespace ended', () => {
  it.each([
    [{ code: 137, signal: null }, 'ready\nstatus code 137\n', { code: 137, signal: null }],
    [{ code: 137, signal: null }, 'ready\nstatus signal SIGKILL\n', { code: null, signal: 'SIGKILL' }],
    [{ code: null, signal: 'SIGKILL' }, 'ready\nstatus code 0\n', { code: 0, signal: null }],
    [{ code: null, signal: 'SIGHUP' }, 'ready\n', { code: null, signal: 'SIGHUP' }],
    [{ code: 1, signal: null }, 'ready\n', { code: null, signal: 'SIGKILL' }],
    [{ code: 137, signal: null }, 'ready\nstatus sig', { code: null, signal: 'SIGKILL' }],
    [{ code: 127, signal: null }, 'ready\n', { code: 127, signal: null }],
  ])('from a gate that ended with %j and told %j: %j', (gate, told, exit) => {
    expect(namespacedExit(gate, told)).toEqual(exit);
  });
});
