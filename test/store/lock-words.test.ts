/** What is said of a registry that cannot be had, and which lock files are read as locks. */
import { describe, expect, it } from 'vitest';
import type { Life } from '../../src/base/process-identity.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { linkAtOnce, writeAtOnce } from '../../src/prove/memory/other-process.ts';
import { listRuns } from '../../src/run/error-actions.ts';
import { takeOver } from '../../src/run/next-actions.ts';
import { jsonBytes } from '../../src/store/json-file.ts';
import { abandonedSince, assertHolderKnown, readHolder, takeLock } from '../../src/store/registry-lock.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { clock, filesOver, toldBy } from './store-kit.ts';

const OPTIONS = ['--registry', '/r'];
const paths = new RegistryPaths('/r', OPTIONS);
const HOLDER = { pid: 41, startTime: '1', bootId: 'b', pidNamespace: 'n', hostname: 'desk', machineId: 'm' };
const LOCK = { v: 1, generation: 1, nonce: 'x', holder: HOLDER, atMs: 1_700_000_000_000, takeOver: null };

/** A registry with these locks, and this word on whether their holders live. */
function registry(life: Life, ...locks: readonly object[]) {
  const disk = new MemoryFs();
  disk.makeFolder('/r');
  for (const [index, lock] of locks.entries()) {
    linkAtOnce(disk, paths.lock(index + 1), jsonBytes({ ...LOCK, generation: index + 1, ...lock }));
  }
  const processes = {
    self: () => HOLDER,
    life: () => life,
    signal: () => false,
    tree: () => ({ members: [], unknown: [], isLocked: false }),
    work: () => [],
    startHost: () => null,
  };
  return { disk, files: filesOver(disk), paths, clock, processes, helperLock: null };
}

function release(request: ReturnType<typeof registry>, generation: number, change: object = {}): void {
  const released = { v: 1, generation, nonce: 'x', ...change };
  linkAtOnce(request.disk, paths.released(generation), jsonBytes(released));
}

const UNKNOWN = {
  code: 'PAWL_REGISTRY_LOCKED',
  kind: 'needsHuman',
  subject: '/r',
  hint: 'Verify that it no longer runs, then assert its death.',
  actions: [takeOver(OPTIONS, 'your confirmation is recorded')],
  cause: undefined,
};
const KNOWN = {
  ...UNKNOWN,
  kind: 'retryable',
  hint: 'Let it finish, or end that process, then start again.',
  actions: [listRuns(OPTIONS)],
};

describe('assertHolderKnown', () => {
  it.each([
    ['nobody', registry('unknown')],
    ['one that lives', registry('alive', {})],
    ['one that is dead', registry('dead', {})],
  ])('passes %s', (_who, request) => {
    expect(assertHolderKnown(request)).toBeUndefined();
  });

  it('passes a holder that released the lock, whatever is known about it', () => {
    const request = registry('unknown', {});
    release(request, 1);
    expect(assertHolderKnown(request)).toBeUndefined();
  });

  it('refuses a holder about which nothing is known, and asks for an assertion', async () => {
    expect(await toldBy(() => assertHolderKnown(registry('unknown', {})))).toEqual({
      ...UNKNOWN,
      message:
        '/r is held by process 41 on desk since 2023-11-14T22:13:20.000Z, and from here it cannot be proven dead',
    });
    expect(await toldBy(() => assertHolderKnown(registry('alive', {}, { v: 2 })))).toEqual({
      ...UNKNOWN,
      message: '/r is held (generation 2) by an unknown process: the lock file is unreadable',
    });
  });
});

describe('a registry that cannot be taken', () => {
  it('is told by who lives and holds it', async () => {
    expect(await toldBy(() => takeLock(registry('alive', {})))).toEqual({
      ...KNOWN,
      message: '/r is held by process 41 on desk since 2023-11-14T22:13:20.000Z',
    });
    expect((await toldBy(() => takeLock(registry('alive', { atMs: Number.MAX_SAFE_INTEGER })))).message).toBe(
      '/r is held by process 41 on desk since an unknown time',
    );
  });

  it('because others were faster 16 times is told by the last of them', async () => {
    const request = registry('dead');
    let generation = 0;
    const exists = request.files.exists.bind(request.files);
    request.files.exists = (path) => {
      generation += 1;
      writeAtOnce(request.disk, paths.lock(generation), jsonBytes({ ...LOCK, generation, nonce: `${generation}` }));
      return exists(path);
    };
    expect(await toldBy(() => takeLock(request))).toEqual({
      ...KNOWN,
      message: '/r was taken by other processes in the meantime, last by process 41 on desk',
    });
    expect(generation).toBe(16);
  });

  it('because of helpers of the former runner is reported with their lock', async () => {
    const request = { ...registry('dead', {}), helperLock: { take: async () => 'busy' as const } };
    expect(await toldBy(() => takeLock(request))).toEqual({
      ...KNOWN,
      message: 'helper processes of the former runner still hold /r/lock.alive after 30000 ms',
      hint: 'Wait until its git commands have ended, or end them, then start again.',
      actions: [],
    });
  });

  it('and relying on a released lock is a bug', async () => {
    const lock = await takeLock(registry('alive'));
    await lock.release();
    expect(() => lock.assertHighest(lock.generation)).toThrow(new Error('bug: the lock of /r was released'));
  });
});

describe('a lock file', () => {
  const takeOver = { reason: 'r', by: 'ada' };

  it.each([LOCK, { ...LOCK, takeOver }, { ...LOCK, nonce: '', atMs: 0 }])('is read as it is: %j', (content) => {
    expect(readHolder(registry('alive', content))).toEqual({ kind: 'alive', generation: 1, content });
  });

  it.each([
    { v: 2 },
    { generation: 2 },
    { nonce: 1 },
    { holder: null },
    { holder: { ...HOLDER, pid: 0 } },
    { atMs: -1 },
    { atMs: '1' },
    { takeOver: 'x' },
    { takeOver: { ...takeOver, reason: 1 } },
    { takeOver: { ...takeOver, by: null } },
    { takeOver: undefined },
  ])('with %j is unreadable', (change) => {
    expect(readHolder(registry('alive', change))).toEqual({ kind: 'unknown', generation: 1, content: null });
  });

  it.each([{ v: 2 }, { generation: 2 }, { nonce: 'y' }])('is not let go of by a release with %j', (change) => {
    const request = registry('alive', {});
    release(request, 1, change);
    expect(readHolder(request).kind).toBe('alive');
  });

  it('of the highest generation counts, and names that are no locks do not', () => {
    const request = registry('dead', {}, {}, {});
    writeAtOnce(request.disk, '/r/lock.000009x', jsonBytes({}));
    expect(readHolder(request)).toEqual({ kind: 'free', generation: 3, content: { ...LOCK, generation: 3 } });
  });
});

describe('abandonedSince', () => {
  const since = (generation: number, prepare: (request: ReturnType<typeof registry>) => void = () => undefined) => {
    const times = Array.from({ length: generation - 1 }, (_, index) => ({ atMs: 100 + index + 1 }));
    const request = registry('dead', ...times);
    prepare(request);
    return abandonedSince(request.files, paths, generation);
  };

  it('is when the first of the consecutive holders took it that never released it', () => {
    expect([1, 2, 3].map((generation) => since(generation))).toEqual([null, 101, 101]);
    expect(since(4, (request) => release(request, 1))).toBe(102);
    expect(since(4, (request) => release(request, 2))).toBe(103);
    expect(since(4, (request) => release(request, 3))).toBeNull();
  });

  it('looks back over 16 runners, and no further', () => {
    expect(since(17)).toBe(101);
    expect(since(18)).toBe(102);
  });

  it('stops at a lock that is not there or not readable', () => {
    const { files } = registry('dead', { atMs: 1 }, { v: 2 }, { atMs: 3 });
    expect(abandonedSince(files, paths, 4)).toBe(3);
    expect(abandonedSince(files, paths, 3)).toBeNull();
    expect(abandonedSince(files, paths, 6)).toBeNull();
  });
});

it('a helper lock that cannot be released is reported with its path', async () => {
  const request = registry('alive');
  const fs = new FaultFs(request.files.fs);
  const take = async () => ({ fd: fs.open(paths.aliveLock, 'a+') });
  const lock = await takeLock({ ...request, files: filesOver(fs), helperLock: { take } });
  fs.plan = { ops: ['close'], at: 1, fault: { code: 'EIO' } };
  expect((await toldBy(() => lock.release())).message).toBe('could not close /r/lock.alive: EIO');
});
