import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, copyFileSync, existsSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { linuxProcesses } from '../../src/adapters/processes/linux.ts';
import { parseProcStat } from '../../src/adapters/processes/proc.ts';
import type { ProcessIdentity } from '../../src/base/process-identity.ts';
import { MARK_VARIABLE } from '../../src/model/request.ts';
import { builtPath } from '../host/built.ts';
import { end, endAll, start } from './started.ts';

const processes = linuxProcesses('/nowhere');
const isRoot = process.getuid?.() === 0;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-processes-'));
  chmodSync(folder, 0o755);
});
afterEach(endAll);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const idle = ['sh', '-c', 'echo ready; exec sleep 300'];
const handle = (mark: string, worker: ProcessIdentity | null = null, lockFile: string | null = null) => ({
  mark,
  worker,
  lockFile,
  isNamespaced: false,
});
const pidsOf = (sighting: { members: readonly ProcessIdentity[] }): number[] => sighting.members.map(({ pid }) => pid);
function identify(pid: number): ProcessIdentity {
  const identity = processes.identify(pid);
  if (identity === null) throw new Error(`${pid} is not there`);
  return identity;
}
let marks = 0;
const freshMark = (): string => {
  marks += 1;
  return `mark-${process.pid}-${marks}`;
};

describe('life and identity', () => {
  it('we are alive, with every part of our identity known', () => {
    const self = processes.self();
    expect(processes.life(self)).toBe('alive');
    expect(self.pid).toBe(process.pid);
    for (const part of [self.startTime, self.bootId, self.pidNamespace, self.hostname]) expect(part).not.toBe('');
    expect(self.pidNamespace).toMatch(/^pid:\[\d+\]$/);
  });

  it('a name with spaces and parentheses does not shift the fields', async () => {
    const program = join(folder, 'a) S (b c');
    symlinkSync('/bin/sh', program);
    const { pid } = await start([program, '-c', 'echo ready; while :; do sleep 1; done']);
    const identity = identify(pid);
    expect(processes.life(identity)).toBe('alive');
    expect(Number(identity.startTime)).toBeGreaterThan(0);
    expect(parseProcStat(7, `7 (x) R (y)) S 1 7 7 0 -1 ${0x400000} 0 0 0 0 12 30 ${'0 '.repeat(6)}4711 0`)).toEqual({
      pid: 7,
      state: 'S',
      parentPid: 1,
      startTime: '4711',
      isKernelThread: false,
      cpuMs: 420,
    });
    expect(parseProcStat(7, '7 (x) S')).toBeNull();
  });

  it('a process that was killed and reaped is dead, and a zombie is dead', async () => {
    const { child, pid } = await start(idle);
    const identity = identify(pid);
    await end(child);
    expect(processes.life(identity)).toBe('dead');
    // exec keeps the shell's child, which nobody waits for.
    const { said } = await start(['sh', '-c', 'sleep 0.05 & echo $!; exec sleep 300']);
    const zombie = identify(Number(said));
    const endMs = performance.now() + 5_000;
    while (processes.life(zombie) === 'alive' && performance.now() < endMs) await new Promise((r) => setTimeout(r, 5));
    expect(processes.life(zombie)).toBe('dead');
    expect(processes.identify(Number(said))).toBeNull();
  });

  it('another start time or boot is dead; another namespace or machine is unknown', async () => {
    const { pid } = await start(idle);
    const identity = identify(pid);
    expect(processes.life({ ...identity, startTime: '1' })).toBe('dead');
    expect(processes.life({ ...identity, bootId: 'another' })).toBe('dead');
    expect(processes.life({ ...identity, pidNamespace: 'pid:[1]' })).toBe('unknown');
    expect(processes.life({ ...identity, machineId: 'another' })).toBe('unknown');
    expect(processes.life({ ...identity, machineId: '' })).toBe('unknown');
  });
});

describe('signals', () => {
  it('a pid whose start time is another is not signalled', async () => {
    const { pid } = await start(idle);
    const identity = identify(pid);
    expect(processes.signal({ ...identity, startTime: '1' }, 'SIGKILL')).toBe(false);
    expect(processes.life(identity)).toBe('alive');
    expect(processes.signal(identity, 'SIGKILL')).toBe(true);
  });

  it('we and process 1 are never signalled', () => {
    expect(processes.signal(processes.self(), 'SIGTERM')).toBe(false);
    const first = processes.identify(1);
    if (first !== null) expect(processes.signal(first, 'SIGCONT')).toBe(false);
  });
});

describe('a tree', () => {
  it('is every process that carries the mark as a whole element, alone or nested', async () => {
    const mark = freshMark();
    const alone = await start(idle, { [MARK_VARIABLE]: mark });
    const nested = await start(idle, { [MARK_VARIABLE]: `outer:${mark}:inner` });
    await start(idle, { [MARK_VARIABLE]: `${mark}1` });
    await start(idle, { [MARK_VARIABLE]: `outer-${mark}` });
    await start(idle, { OTHER: `${MARK_VARIABLE}=${mark}`, [`X${MARK_VARIABLE}`]: mark });
    expect(pidsOf(processes.tree(handle(mark))).sort()).toEqual([alone.pid, nested.pid].sort());
  });

  it('is clear for a mark that nobody carries', () => {
    expect(processes.tree(handle(freshMark()))).toEqual({ members: [], unknown: [], isLocked: false });
  });

  it('begins with its recorded worker: what was there before is none of it, mark or not', async () => {
    const mark = freshMark();
    const before = await start(idle, { [MARK_VARIABLE]: mark });
    const ticks = BigInt(identify(before.pid).startTime);
    let worker = identify((await start(idle)).pid);
    while (BigInt(worker.startTime) <= ticks) worker = identify((await start(idle)).pid);
    const after = await start(idle, { [MARK_VARIABLE]: mark });
    expect(pidsOf(processes.tree(handle(mark, worker))).sort()).toEqual([worker.pid, after.pid].sort());
    expect(pidsOf(processes.tree(handle(mark))).sort()).toEqual([before.pid, after.pid].sort());
  });

  it('contains the children of a member, whatever their environment', async () => {
    const mark = freshMark();
    const script = 'env -i sleep 300 & echo $!; wait';
    const { pid, said } = await start(['sh', '-c', script], { [MARK_VARIABLE]: mark });
    expect(pidsOf(processes.tree(handle(mark))).sort()).toEqual([pid, Number(said)].sort());
  });

  it('contains the recorded worker even when it has scrubbed its environment, and its children', async () => {
    const { pid, said } = await start(['env', '-i', '/bin/sh', '-c', '/bin/sleep 300 & echo $!; wait']);
    const worker = identify(pid);
    expect(pidsOf(processes.tree(handle(freshMark(), worker))).sort()).toEqual([pid, Number(said)].sort());
    expect(pidsOf(processes.tree(handle(freshMark(), { ...worker, startTime: '1' })))).toEqual([]);
  });

  it('leaves zombies and ourselves out', async () => {
    const mark = freshMark();
    const script = 'sleep 0 & echo $!; exec env -i sleep 300';
    const { said } = await start(['sh', '-c', script], { [MARK_VARIABLE]: mark });
    const endMs = performance.now() + 5_000;
    while (processes.identify(Number(said)) !== null && performance.now() < endMs)
      await new Promise((r) => setTimeout(r, 5));
    expect(pidsOf(processes.tree(handle(mark)))).not.toContain(Number(said));
    expect(pidsOf(processes.tree(handle(mark, processes.self())))).not.toContain(process.pid);
  });

  it('names a worker whose life cannot be judged as unknown', () => {
    const worker = { ...processes.self(), pid: 4_000_000, machineId: 'another' };
    expect(processes.tree(handle(freshMark(), worker))).toMatchObject({ members: [], unknown: [4_000_000] });
  });

  it('contains a process that has lost its mark and holds the lock under its own number', async () => {
    const lockFile = join(folder, 'held.lock');
    const fd = openSync(lockFile, 'a', 0o600);
    expect(spawnSync('flock', ['-w', '5', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] }).status).toBe(0);
    const { child, pid } = await start(['env', '-i', '/bin/sh', '-c', 'echo ready; exec /bin/sleep 300'], {}, [fd]);
    closeSync(fd);
    const mark = freshMark();
    expect(processes.tree(handle(mark, null, lockFile))).toMatchObject({ members: [{ pid }], isLocked: true });
    await end(child);
    expect(processes.tree(handle(mark, null, lockFile))).toEqual({ members: [], unknown: [], isLocked: false });
  });

  it('has no lock that anybody holds where there is no file, and a probe makes none', () => {
    const lockFile = join(folder, 'absent.lock');
    expect(processes.tree(handle(freshMark(), null, lockFile)).isLocked).toBe(false);
    expect(existsSync(lockFile)).toBe(false);
  });

  it('names what it may not look into as unknown, if it is of our user and not older than the worker', async () => {
    // A program that may be run but not read gives a process whose environment nobody may read.
    const closed = join(folder, 'closed');
    copyFileSync('/bin/sleep', closed);
    chmodSync(closed, isRoot ? 0o711 : 0o111);
    const program = `
      import { spawn } from 'node:child_process';
      const { linuxProcesses } = await import(process.argv[1]);
      const processes = linuxProcesses('/nowhere');
      const worker = spawn('sleep', ['300']);
      await new Promise((r) => worker.once('spawn', r));
      const self = processes.self();
      const identity = processes.identify(worker.pid);
      worker.kill('SIGKILL');
      await new Promise((r) => worker.once('exit', r));
      const child = spawn(process.argv[2], ['300'], { detached: true });
      await new Promise((r) => child.once('spawn', r));
      const unknown = (worker) => processes.tree({ mark: 'm', lockFile: null, worker, isNamespaced: false }).unknown;
      const later = { ...identity, startTime: String(Number(identity.startTime) + 100_000_000) };
      console.log(JSON.stringify({ pid: child.pid, after: unknown(identity), before: unknown(later), none: unknown(null) }));
      child.kill('SIGKILL');
    `;
    const as = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    const [command = '', ...args] = [...as, process.execPath, '--input-type=module', '-e', program];
    const done = spawnSync(command, [...args, builtPath('src/adapters/processes/linux.ts'), closed], {
      encoding: 'utf8',
      cwd: '/',
    });
    const { pid, after, before, none } = JSON.parse(done.stdout || `"${done.stderr}"`);
    expect(after).toEqual([pid]);
    expect(before).toEqual([]);
    expect(none).toEqual([]);
  });
});
