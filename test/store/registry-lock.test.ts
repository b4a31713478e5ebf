import { describe, expect, it } from 'vitest';
import type { Life, ProcessIdentity } from '../../src/base/process-identity.ts';
import { PawlError } from '../../src/model/error.ts';
import type { ProcessesPort } from '../../src/ports/processes.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { type FsOp, MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { Files } from '../../src/store/files.ts';
import { linkRegister } from '../../src/store/register.ts';
import { openRegistry } from '../../src/store/registry.ts';
import {
  type HelperLock,
  type LockRequest,
  type RegistryLock,
  readHolder,
  type TakeOver,
  takeLock,
} from '../../src/store/registry-lock.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { bytesOf, clock, codeOf, filesOver, forEachCrash, forEachMeeting } from './store-kit.ts';

const ROOT = '/repo/.pawl';
const paths = new RegistryPaths(ROOT);

/** Processes of one machine: those that died, and those nobody can tell about; the others live. */
class Machine {
  readonly dead = new Set<number>();
  readonly unknown = new Set<number>();

  port(pid: number): ProcessesPort {
    const self = identity(pid);
    return {
      self: () => self,
      life: (other): Life => (this.dead.has(other.pid) ? 'dead' : this.unknown.has(other.pid) ? 'unknown' : 'alive'),
      signal: () => false,
      tree: () => ({ members: [], unknown: [], isLocked: false }),
      work: () => [],
      startHost: () => null,
    };
  }
}

function identity(pid: number): ProcessIdentity {
  return { pid, startTime: `${pid}`, bootId: 'b', pidNamespace: 'n', hostname: 'desk', machineId: 'm' };
}

function registry(): MemoryFs {
  const fs = new MemoryFs();
  filesOver(fs).ensureFolders(['/repo']);
  openRegistry(filesOver(fs), ROOT);
  return fs;
}

function request(fs: MemoryFs | FaultFs, machine: Machine, pid: number, takeOver?: TakeOver): LockRequest {
  const base = { files: new Files(fs, clock), paths, clock, processes: machine.port(pid), helperLock: null };
  return takeOver === undefined ? base : { ...base, takeOver };
}

function errorOf(body: () => unknown): PawlError {
  try {
    body();
  } catch (error) {
    if (error instanceof PawlError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

describe('takeLock', () => {
  it('takes generation 1 of a new registry, and the next of a released one', () => {
    const [fs, machine] = [registry(), new Machine()];
    expect(readHolder(request(fs, machine, 1))).toMatchObject({ kind: 'free', generation: 0 });
    const first = takeLock(request(fs, machine, 1));
    expect(first.generation).toBe(1);
    expect(readHolder(request(fs, machine, 2))).toMatchObject({ kind: 'alive', generation: 1 });
    first.release();
    first.release();
    expect(readHolder(request(fs, machine, 2))).toMatchObject({ kind: 'free', generation: 1 });
    expect(takeLock(request(fs, machine, 2)).generation).toBe(2);
    expect(fs.list(ROOT).filter((name) => /^(lock|released)/.test(name))).toEqual([
      'lock.000001',
      'lock.000002',
      'released.000001',
    ]);
  });

  it('is refused while the holder lives, also by itself, and says who, where, since when', () => {
    const [fs, machine] = [registry(), new Machine()];
    takeLock(request(fs, machine, 41));
    for (const pid of [41, 42]) {
      const error = errorOf(() => takeLock(request(fs, machine, pid)));
      expect(error.code).toBe('PAWL_REGISTRY_LOCKED');
      expect(error.message).toMatch(/process 41 on desk since 2023-/);
    }
    expect(fs.stat(paths.lock(2))).toBeNull();
  });

  it('takes over from a holder that is proven dead, and the dead one trips over it', () => {
    const [fs, machine] = [registry(), new Machine()];
    const first = takeLock(request(fs, machine, 1));
    first.assertHighest();
    machine.dead.add(1);
    const second = takeLock(request(fs, machine, 2));
    expect([second.generation, second.content.takeOver]).toEqual([2, null]);
    second.assertHighest();
    expect(errorOf(() => first.assertHighest())).toMatchObject({ code: 'PAWL_REGISTRY_LOCKED' });
  });

  it('an unknown holder is asserted dead by an operator only, with the reason kept', () => {
    const [fs, machine] = [registry(), new Machine()];
    takeLock(request(fs, machine, 1));
    machine.unknown.add(1);
    const error = errorOf(() => takeLock(request(fs, machine, 2)));
    expect(error).toMatchObject({ code: 'PAWL_REGISTRY_LOCKED', kind: 'needsHuman' });
    expect(error.actions.map(({ command }) => command)).toEqual(["pawl recover --take-over --reason ''"]);
    const takeOver = { reason: 'the machine was sold', by: 'ada' };
    const lock = takeLock(request(fs, machine, 2, takeOver));
    expect(readHolder(request(fs, machine, 2))).toMatchObject({ generation: 2, content: { takeOver } });
    expect(lock.generation).toBe(2);
  });

  it('nobody can assert the death of a holder that is seen alive', () => {
    const [fs, machine] = [registry(), new Machine()];
    takeLock(request(fs, machine, 1));
    const asserted = request(fs, machine, 2, { reason: 'hurry', by: 'ada' });
    expect(codeOf(() => takeLock(asserted))).toBe('PAWL_REGISTRY_LOCKED');
  });

  it('records no assertion where none was needed', () => {
    const [fs, machine] = [registry(), new Machine()];
    expect(takeLock(request(fs, machine, 1, { reason: 'x', by: 'ada' })).content.takeOver).toBeNull();
  });

  it.each(['', 'null', '{"v":1}', '{"v":2,"generation":1}'])(
    'an unreadable lock is held by somebody unknown: %j',
    (content) => {
      const [fs, machine] = [registry(), new Machine()];
      linkRegister(filesOver(fs), paths.lock(1), bytesOf(content));
      expect(readHolder(request(fs, machine, 1))).toEqual({ kind: 'unknown', generation: 1, content: null });
      expect(codeOf(() => takeLock(request(fs, machine, 1)))).toBe('PAWL_REGISTRY_LOCKED');
      expect(takeLock(request(fs, machine, 1, { reason: 'x', by: 'ada' })).generation).toBe(2);
    },
  );

  it('a release that is not of this lock releases nothing', () => {
    const [fs, machine] = [registry(), new Machine()];
    takeLock(request(fs, machine, 1));
    linkRegister(filesOver(fs), paths.released(1), bytesOf('{"v":1,"generation":1,"nonce":"other"}'));
    expect(readHolder(request(fs, machine, 2)).kind).toBe('alive');
  });

  it('of two takers of a dead lock exactly one wins, wherever they meet', () => {
    const machine = new Machine();
    machine.dead.add(1);
    const outcomes: (number | string | null)[] = [];
    const take = (pid: number) => (fs: MemoryFs) => {
      outcomes.push(codeOf(() => takeLock(request(fs, machine, pid))));
    };
    const meetings = forEachMeeting(
      (fs) => {
        outcomes.splice(0);
        filesOver(fs).ensureFolders([ROOT]);
        takeLock(request(fs, machine, 1));
      },
      take(2),
      take(3),
      (fs) => {
        expect([...outcomes].sort()).toEqual(['PAWL_REGISTRY_LOCKED', null]);
        expect(fs.stat(paths.lock(3))).toBeNull();
      },
    );
    expect(meetings).toBeGreaterThan(12);
  });

  it('a slow taker never steps back behind those who took and released while it slept', () => {
    const machine = new Machine();
    const generations: number[] = [];
    const meetings = forEachMeeting(
      (fs) => {
        generations.splice(0);
        filesOver(fs).ensureFolders([ROOT]);
      },
      (fs) => generations.push(takeLock(request(fs, machine, 1)).generation),
      (fs) => {
        for (const pid of [2, 3]) {
          const code = codeOf(() => {
            const lock = takeLock(request(fs, machine, pid));
            generations.push(lock.generation);
            lock.release();
          });
          // The slow one was there first: it lives.
          if (code !== null) expect(code).toBe('PAWL_REGISTRY_LOCKED');
        }
      },
      () => expect(new Set(generations).size).toBe(generations.length),
    );
    expect(meetings).toBeGreaterThan(12);
  });

  it('a taker killed at any call leaves a lock that the next one can take', () => {
    const machine = new Machine();
    const ways = forEachCrash<RegistryLock>(
      (fs) => filesOver(fs).ensureFolders([ROOT]),
      (fs, acknowledged) => {
        const lock = takeLock(request(fs, machine, 1));
        acknowledged.push(lock);
        lock.release();
      },
      (survivor, acknowledged, _choice, hasEnded) => {
        const next = new Machine();
        const isTaken = survivor.stat(paths.lock(1)) !== null;
        if (acknowledged.length > 0) expect(isTaken).toBe(true);
        if (hasEnded) expect(readHolder(request(survivor, next, 2)).kind).toBe('free');
        next.dead.add(1);
        expect(takeLock(request(survivor, next, 2)).generation).toBe(isTaken ? 2 : 1);
      },
    );
    expect(ways).toBeGreaterThan(20);
  });

  it('the tripwire costs one stat', () => {
    const fs = new FaultFs(registry());
    const lock = takeLock(request(fs, new Machine(), 1));
    fs.calls.splice(0);
    lock.assertHighest();
    expect(fs.calls).toEqual(['stat'] satisfies FsOp[]);
    lock.release();
    expect(() => lock.assertHighest()).toThrow('bug');
  });
});

describe('the lock of helper processes', () => {
  const helperLock = (fs: MemoryFs, isBusy: boolean): HelperLock => ({
    take: (path, waitMs) => {
      expect([path, waitMs]).toEqual([paths.aliveLock, 30_000]);
      return isBusy ? 'busy' : { fd: fs.open(path, 'a+') };
    },
  });

  it('is taken after winning, kept, and given back with the release', () => {
    const [fs, machine] = [registry(), new Machine()];
    const lock = takeLock({ ...request(fs, machine, 1), helperLock: helperLock(fs, false) });
    expect(lock.helperFd).toBeTypeOf('number');
    expect(fs.openCount).toBe(1);
    lock.release();
    expect(fs.openCount).toBe(0);
  });

  it('a taker that finds helpers of the former runner does not drive, and stands in nobody’s way', () => {
    const [fs, machine] = [registry(), new Machine()];
    const error = errorOf(() => takeLock({ ...request(fs, machine, 1), helperLock: helperLock(fs, true) }));
    expect(error.code).toBe('PAWL_REGISTRY_LOCKED');
    expect(takeLock({ ...request(fs, machine, 2), helperLock: helperLock(fs, false) }).generation).toBe(2);
  });

  it('a taker whose helper lock fails stands in nobody’s way', () => {
    const [fs, machine] = [registry(), new Machine()];
    const take = (): never => {
      throw new Error('flock is gone');
    };
    expect(() => takeLock({ ...request(fs, machine, 1), helperLock: { take } })).toThrow('flock is gone');
    expect(takeLock(request(fs, machine, 2)).generation).toBe(2);
  });

  it('is done without where the system has none', () => {
    const unavailable: HelperLock = { take: () => 'unavailable' };
    const lock = takeLock({ ...request(registry(), new Machine(), 1), helperLock: unavailable });
    expect(lock.helperFd).toBeNull();
  });
});
