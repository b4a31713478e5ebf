/** Signs of life besides output: work, new processes and changed files; waiting is none, and what cannot be seen fails nothing. */
import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../src/model/limits.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { type Activity, activityOf } from '../../src/worker/activity.ts';
import { type FakeProcess, FakeProcesses, HANDLE } from '../host/fake-processes.ts';
import { plainTurn } from '../host/plain-request.ts';

const SECOND_MS = 1_000;

/** A worker in a worktree, and its activity at a look each second. */
class Bench {
  readonly worker: FakeProcess = { pid: 60, diesOf: [], cpuMs: 500 };
  readonly processes = new FakeProcesses([this.worker]);
  readonly fs = new MemoryFs();
  readonly #activity: Activity;
  #nowMs = 0;

  constructor(isStreaming = false) {
    for (const folder of ['/w', '/w/src', '/w/.git', '/w/node_modules']) this.fs.makeFolder(folder);
    this.write('/w/src/a.ts', 10);
    const turn = { ...plainTurn, isStreaming };
    this.#activity = activityOf(this.processes, this.fs, HANDLE, { cwd: '/w', turn });
    this.look();
  }

  look(): boolean {
    this.#nowMs += SECOND_MS;
    return this.#activity(this.#nowMs);
  }

  write(path: string, bytes: number): void {
    const fd = this.fs.open(path, 'a+');
    this.fs.write(fd, new Uint8Array(bytes), null);
    this.fs.close(fd);
  }

  uses(cpuMs: number): void {
    this.worker.cpuMs = (this.worker.cpuMs ?? 0) + cpuMs;
  }
}

describe('a sign of life', () => {
  it('is none while a worker only waits, however often it is checked', () => {
    const bench = new Bench();
    expect([bench.look(), bench.look(), bench.look()]).toEqual([false, false, false]);
  });

  it('is work of its processes, from a small part of a processor on; more of one that prints its pieces', () => {
    for (const [isStreaming, share] of [
      [false, BOUNDS.busyShare],
      [true, BOUNDS.busyShareStreaming],
    ] as const) {
      const bench = new Bench(isStreaming);
      bench.uses(SECOND_MS * share - 1);
      expect(bench.look()).toBe(false);
      bench.uses(SECOND_MS * share);
      expect(bench.look()).toBe(true);
      expect(bench.look()).toBe(false);
    }
  });

  it('is a new process, and not one that has been there or that ends', () => {
    const bench = new Bench();
    const child: FakeProcess = { pid: 61, diesOf: [] };
    bench.processes.add(child);
    expect([bench.look(), bench.look()]).toEqual([true, false]);
    child.life = 'dead';
    expect(bench.look()).toBe(false);
  });

  it('is a file that is written, made or removed in the worktree, but not what git or a package manager keeps there', () => {
    const bench = new Bench();
    bench.write('/w/src/a.ts', 1);
    expect([bench.look(), bench.look()]).toEqual([true, false]);
    bench.write('/w/b.ts', 0);
    expect(bench.look()).toBe(true);
    bench.fs.unlink('/w/b.ts');
    expect(bench.look()).toBe(true);
    bench.write('/w/.git/index.lock', 5);
    bench.write('/w/node_modules/x', 5);
    expect(bench.look()).toBe(false);
  });

  it('is searched for in a bounded number of files', () => {
    const bench = new Bench();
    for (let n = 0; n < BOUNDS.filesLookedAt + 10; n += 1) bench.write(`/w/src/f${n}`, 0);
    bench.look();
    let stats = 0;
    const stat = bench.fs.stat.bind(bench.fs);
    bench.fs.stat = (path) => {
      stats += 1;
      return stat(path);
    };
    bench.look();
    expect(stats).toBeLessThanOrEqual(BOUNDS.filesLookedAt + 1);
  });

  it('is none where nothing can be seen, and that fails nothing', () => {
    const bench = new Bench();
    bench.fs.list = () => {
      throw Object.assign(new Error('shut'), { code: 'EACCES' });
    };
    bench.look();
    expect(bench.look()).toBe(false);
    bench.fs.list = () => {
      throw new Error('a bug');
    };
    expect(() => bench.look()).toThrow('a bug');
  });
});
