import { describe, expect, it } from 'vitest';
import type { Life, ProcessIdentity } from '../../src/base/process-identity.ts';
import { PawlError } from '../../src/model/error.ts';
import type { ProcessesPort } from '../../src/ports/processes.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { type FsOp, MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { Files } from '../../src/store/files.ts';
import type { TakeOver } from '../../src/store/generation-lock.ts';
import { linkRegister } from '../../src/store/register.ts';
import { openRegistry } from '../../src/store/registry.ts';
import {
  type HelperLock,
  type LockRequest,
  type RegistryLock,
  readHolder,
  takeLock,
} from '../../src/store/registry-lock.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { forEachMeeting } from './meetings.ts';
import { bytesOf, clock, codeOf, filesOver, forEachCrash } from './store-kit.ts';

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

async function registry(): Promise<MemoryFs> {
  const fs = new MemoryFs();
  await filesOver(fs).ensureFolders(['/repo']);
  await openRegistry(filesOver(fs), ROOT);
  return fs;
}

function request(fs: MemoryFs | FaultFs, machine: Machine, pid: number, takeOver?: TakeOver): LockRequest {
  const base = { files: new Files(fs, clock), paths, clock, processes: machine.port(pid), helperLock: null };
  return takeOver === undefined ? base : { ...base, takeOver };
}

async function errorOf(body: () => unknown): Promise<PawlError> {
  try {
    await body();
  } catch (error) {
    if (error instanceof PawlError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

describe('takeLock', () => {
  it('takes generation 1 of a new registry, and the next of a released one', async () => {
    const [fs, machine] = [await registry(), new Machine()];
    expect(readHolder(request(fs, machine, 1))).toMatchObject({ kind: 'free', generation: 0 });
    const first = await takeLock(request(fs, machine, 1));
    expect(first.generation).toBe(1);
    expect(readHolder(request(fs, machine, 2))).toMatchObject({ kind: 'alive', generation: 1 });
    await first.release();
    await first.release();
    expect(readHolder(request(fs, machine, 2))).toMatchObject({ kind: 'free', generation: 1 });
    expect((await takeLock(request(fs, machine, 2))).generation).toBe(2);
    expect(fs.list(ROOT).filter((name) => /^(lock|released)/.test(name))).toEqual([
      'lock.000001',
      'lock.000002',
      'released.000001',
    ]);
  });

  it('is refused while the holder lives, also by itself, and says who, where, since when', async () => {
    const [fs, machine] = [await registry(), new Machine()];
    await takeLock(request(fs, machine, 41));
    for (const pid of [41, 42]) {
      const error = await errorOf(() => takeLock(request(fs, machine, pid)));
      expect(error.code).toBe('PAWL_REGISTRY_LOCKED');
      expect(error.message).toMatch(/process 41 on desk since 2023-/);
    }
    expect(fs.stat(paths.lock(2))).toBeNull();
  });

  it('takes over from a holder that is proven dead, and the dead one trips over it', async () => {
    const [fs, machine] = [await registry(), new Machine()];
    const first = await takeLock(request(fs, machine, 1));
    first.assertHighest(first.generation);
    machine.dead.add(1);
    const second = await takeLock(request(fs, machine, 2));
    expect([second.generation, second.content.takeOver]).toEqual([2, null]);
    second.assertHighest(second.generation);
    expect(await errorOf(() => first.assertHighest(first.generation))).toMatchObject({ code: 'PAWL_REGISTRY_LOCKED' });
  });

  it('an unknown holder is asserted dead by an operator only, with the reason kept', async () => {
    const [fs, machine] = [await registry(), new Machine()];
    await takeLock(request(fs, machine, 1));
    machine.unknown.add(1);
    const error = await errorOf(() => takeLock(request(fs, machine, 2)));
    expect(error).toMatchObject({ code: 'PAWL_REGISTRY_LOCKED', kind: 'needsHuman' });
    expect(error.actions.map(({ command }) => command)).toEqual(["pawl recover --take-over --reason ''"]);
    const takeOver = { reason: 'the machine was sold', by: 'ada' };
    const lock = await takeLock(request(fs, machine, 2, takeOver));
    expect(readHolder(request(fs, machine, 2))).toMatchObject({ generation: 2, content: { takeOver } });
    expect(lock.generation).toBe(2);
  });

  it('nobody can assert the death of a holder that is seen alive', async () => {
    const [fs, machine] = [await registry(), new Machine()];
    await takeLock(request(fs, machine, 1));
    const asserted = request(fs, machine, 2, { reason: 'hurry', by: 'ada' });
    expect(await codeOf(() => takeLock(asserted))).toBe('PAWL_REGISTRY_LOCKED');
  });

  it('records no assertion where none was needed', async () => {
    const [fs, machine] = [await registry(), new Machine()];
    expect((await takeLock(request(fs, machine, 1, { reason: 'x', by: 'ada' }))).content.takeOver).toBeNull();
  });

  it.each(['', 'null', '{"v":1}', '{"v":2,"generation":1}'])(
    'an unreadable lock is held by somebody unknown: %j',
    async (content) => {
      const [fs, machine] = [await registry(), new Machine()];
      await linkRegister(filesOver(fs), paths.lock(1), bytesOf(content));
      expect(readHolder(request(fs, machine, 1))).toEqual({ kind: 'unknown', generation: 1, content: null });
      expect(await codeOf(() => takeLock(request(fs, machine, 1)))).toBe('PAWL_REGISTRY_LOCKED');
      expect((await takeLock(request(fs, machine, 1, { reason: 'x', by: 'ada' }))).generation).toBe(2);
    },
  );

  it('a release that is not of this lock releases nothing', async () => {
    const [fs, machine] = [await registry(), new Machine()];
    await takeLock(request(fs, machine, 1));
    await linkRegister(filesOver(fs), paths.released(1), bytesOf('{"v":1,"generation":1,"nonce":"other"}'));
    expect(readHolder(request(fs, machine, 2)).kind).toBe('alive');
  });

  it('of two takers of a dead lock exactly one wins, wherever they meet', async () => {
    const machine = new Machine();
    machine.dead.add(1);
    const take = (pid: number) => (fs: MemoryFs) => codeOf(() => takeLock(request(fs, machine, pid)));
    const meetings = await forEachMeeting(
      async (fs) => {
        await filesOver(fs).ensureFolders([ROOT]);
        await takeLock(request(fs, machine, 1));
      },
      take(2),
      take(3),
      (fs, ...outcomes) => {
        expect([...outcomes].sort()).toEqual(['PAWL_REGISTRY_LOCKED', null]);
        expect(fs.stat(paths.lock(3))).toBeNull();
      },
    );
    expect(meetings).toBeGreaterThan(12);
  });

  it('a slow taker never steps back behind those who took and released while it slept', async () => {
    const machine = new Machine();
    const meetings = await forEachMeeting(
      (fs) => filesOver(fs).ensureFolders([ROOT]),
      async (fs) => (await takeLock(request(fs, machine, 1))).generation,
      async (fs) => {
        const generations: number[] = [];
        for (const pid of [2, 3]) {
          const code = await codeOf(async () => {
            const lock = await takeLock(request(fs, machine, pid));
            generations.push(lock.generation);
            await lock.release();
          });
          // The slow one was there first: it lives.
          if (code !== null) expect(code).toBe('PAWL_REGISTRY_LOCKED');
        }
        return generations;
      },
      (_fs, slow, others) => expect(new Set([slow, ...others]).size).toBe(others.length + 1),
    );
    expect(meetings).toBeGreaterThan(12);
  });

  it('a taker killed at any call leaves a lock that the next one can take', async () => {
    const machine = new Machine();
    const ways = await forEachCrash<RegistryLock>(
      (fs) => filesOver(fs).ensureFolders([ROOT]),
      async (fs, acknowledged) => {
        const lock = await takeLock(request(fs, machine, 1));
        acknowledged.push(lock);
        await lock.release();
      },
      async (survivor, acknowledged, choice, hasEnded) => {
        const next = new Machine();
        const isTaken = survivor.stat(paths.lock(1)) !== null;
        if (acknowledged.length > 0) expect(isTaken).toBe(true);
        if (hasEnded && choice === 'everything') expect(readHolder(request(survivor, next, 2)).kind).toBe('free');
        // By its boot id after a power cut, which may take the marker or its content.
        next.dead.add(1);
        expect((await takeLock(request(survivor, next, 2))).generation).toBe(isTaken ? 2 : 1);
      },
    );
    expect(ways).toBeGreaterThan(20);
  });

  it.each([{ machineId: '' }, { bootId: '' }])(
    'the marker of its release is durable where no later boot can prove its holder dead: %o',
    async (unnamed) => {
      for (const [self, isDurable] of [
        [identity(1), false],
        [{ ...identity(1), ...unnamed }, true],
      ] as const) {
        const fs = await registry();
        const lock = await takeLock({
          ...request(fs, new Machine(), 1),
          processes: { ...new Machine().port(1), self: () => self },
        });
        await lock.release();
        expect(fs.crash('nothing').stat(paths.released(1)) !== null).toBe(isDurable);
      }
    },
  );

  it('the tripwire costs one stat', async () => {
    const fs = new FaultFs(await registry());
    const lock = await takeLock(request(fs, new Machine(), 1));
    fs.calls.splice(0);
    lock.assertHighest(lock.generation);
    expect(fs.calls).toEqual(['stat'] satisfies FsOp[]);
    await lock.release();
    expect(() => lock.assertHighest(lock.generation)).toThrow('bug');
  });
});

describe('the lock of helper processes', () => {
  const helperLock = (fs: MemoryFs, isBusy: boolean): HelperLock => ({
    take: async (path, waitMs) => {
      expect([path, waitMs]).toEqual([paths.aliveLock, 30_000]);
      return isBusy ? 'busy' : { fd: fs.open(path, 'a+') };
    },
  });

  it('is taken after winning, kept, and given back with the release', async () => {
    const [fs, machine] = [await registry(), new Machine()];
    const lock = await takeLock({ ...request(fs, machine, 1), helperLock: helperLock(fs, false) });
    expect(lock.helperFd).toBeTypeOf('number');
    expect(fs.openCount).toBe(1);
    await lock.release();
    expect(fs.openCount).toBe(0);
  });

  it('a taker that finds helpers of the former runner does not drive, and blocks nobody', async () => {
    const [fs, machine] = [await registry(), new Machine()];
    const error = await errorOf(() => takeLock({ ...request(fs, machine, 1), helperLock: helperLock(fs, true) }));
    expect(error.code).toBe('PAWL_REGISTRY_LOCKED');
    expect((await takeLock({ ...request(fs, machine, 2), helperLock: helperLock(fs, false) })).generation).toBe(2);
  });

  it('a taker whose helper lock fails blocks nobody', async () => {
    const [fs, machine] = [await registry(), new Machine()];
    const take = async (): Promise<never> => {
      throw new Error('flock is gone');
    };
    await expect(takeLock({ ...request(fs, machine, 1), helperLock: { take } })).rejects.toThrow('flock is gone');
    expect((await takeLock(request(fs, machine, 2))).generation).toBe(2);
  });

  it('is done without where the system has none', async () => {
    const unavailable: HelperLock = { take: async () => 'unavailable' };
    const lock = await takeLock({ ...request(await registry(), new Machine(), 1), helperLock: unavailable });
    expect(lock.helperFd).toBeNull();
  });
});
