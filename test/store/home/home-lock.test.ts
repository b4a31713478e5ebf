/** One daemon for a state folder: who gets the lock, who is refused, and what is said of it. */
import { describe, expect, it } from 'vitest';
import { nodeFs } from '../../../src/adapters/node-fs.ts';
import { linuxProcesses } from '../../../src/adapters/processes/linux.ts';
import type { Life, ProcessIdentity } from '../../../src/base/process-identity.ts';
import type { FsPort } from '../../../src/ports/fs.ts';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { linkAtOnce } from '../../../src/prove/memory/other-process.ts';
import { readHomeHolder, takeHomeLock } from '../../../src/store/home/home-lock.ts';
import { HomePaths } from '../../../src/store/home/home-paths.ts';
import { forEachMeeting } from '../meetings.ts';
import { bytesOf, clock, codeOf, filesOver, forEachCrash, forEachFault, toldBy } from '../store-kit.ts';
import { temporaryFolder } from './real-folder.ts';

const home = new HomePaths('/state/pawl');

const identity = (pid: number): ProcessIdentity => ({
  pid,
  startTime: `${pid}`,
  bootId: 'b',
  pidNamespace: 'n',
  hostname: 'desk',
  machineId: 'm',
});

const processesOf = (pid: number, lives: Readonly<Record<number, Life>> = {}) => ({
  self: () => identity(pid),
  life: (other: ProcessIdentity): Life => lives[other.pid] ?? 'alive',
  signal: () => false,
  tree: () => ({ members: [], unknown: [], isLocked: false }),
  work: () => [],
  startHost: () => null,
});

const request = (fs: FsPort, pid: number, lives?: Readonly<Record<number, Life>>) => ({
  files: filesOver(fs),
  home,
  clock,
  processes: processesOf(pid, lives),
});

async function newHome(): Promise<MemoryFs> {
  const fs = new MemoryFs();
  await filesOver(fs).ensureFolders([home.root]);
  return fs;
}

describe('the lock of a state folder', () => {
  it('is that of the first, and of the next one after its release', async () => {
    const fs = await newHome();
    const first = await takeHomeLock(request(fs, 1));
    expect(readHomeHolder(filesOver(fs), home, processesOf(2))).toMatchObject({ kind: 'alive', generation: 1 });
    await first.release();
    expect(readHomeHolder(filesOver(fs), home, processesOf(2))).toMatchObject({ kind: 'free', generation: 1 });
    expect((await takeHomeLock(request(fs, 2))).generation).toBe(2);
  });

  it('is refused while its holder lives, and the refusal says who that is and what to do', async () => {
    const fs = await newHome();
    await takeHomeLock(request(fs, 41));
    expect(await toldBy(() => takeHomeLock(request(fs, 42)))).toMatchObject({
      code: 'PAWL_DAEMON_RUNNING',
      kind: 'retryable',
      message: 'A daemon already runs for /state/pawl: process 41 on desk.',
      hint: 'See it with `pawl status`; end it with `pawl stop`.',
    });
  });

  it('is refused while it is unknown whether its holder lives', async () => {
    const fs = await newHome();
    await takeHomeLock(request(fs, 41));
    const told = await toldBy(() => takeHomeLock(request(fs, 42, { 41: 'unknown' })));
    expect(told).toMatchObject({ code: 'PAWL_DAEMON_UNKNOWN', kind: 'needsHuman' });
    expect(told.message).toContain('process 41 on desk, which cannot be proven dead from here');
    expect(fs.stat(home.lock(2))).toBeNull();
  });

  it('is refused while its file cannot be read', async () => {
    const fs = await newHome();
    linkAtOnce(fs, home.lock(1), bytesOf('{'));
    expect(await toldBy(() => takeHomeLock(request(fs, 42)))).toMatchObject({
      code: 'PAWL_DAEMON_UNKNOWN',
      message: expect.stringContaining('generation 1 is held by an unknown process'),
    });
  });

  it('is taken from a holder that is proven dead, which trips over it', async () => {
    const fs = await newHome();
    const first = await takeHomeLock(request(fs, 1));
    first.assertHighest(1);
    const second = await takeHomeLock(request(fs, 2, { 1: 'dead' }));
    expect(second.generation).toBe(2);
    expect(await codeOf(() => first.assertHighest(1))).toBe('PAWL_DAEMON_RUNNING');
  });

  it('is that of exactly one of two, wherever they meet', async () => {
    const take = (pid: number) => (fs: MemoryFs) => codeOf(() => takeHomeLock(request(fs, pid)));
    const meetings = await forEachMeeting(
      (fs) => filesOver(fs).ensureFolders([home.root]),
      take(1),
      take(2),
      (fs, ...outcomes) => {
        expect([...outcomes].sort()).toEqual(['PAWL_DAEMON_RUNNING', null]);
        expect(fs.stat(home.lock(2))).toBeNull();
      },
    );
    expect(meetings).toBeGreaterThan(8);
  });

  it('that a failed call has kept from being taken is there for the next one', async () => {
    const faults = await forEachFault(
      { ops: ['open', 'write', 'sync', 'link', 'list', 'stat', 'read'], fault: { code: 'EIO' } },
      (fs) => filesOver(fs).ensureFolders([home.root]),
      async (fs, memory) => {
        const code = await codeOf(() => takeHomeLock(request(fs, 1)));
        expect([null, 'PAWL_STORE_FAILED', 'PAWL_STORE_SYNC_FAILED']).toContain(code);
        expect(await codeOf(() => takeHomeLock(request(memory, 2, { 1: 'dead' })))).toBeNull();
      },
    );
    expect(faults).toBeGreaterThan(5);
  });

  it('of a daemon that was killed at any call is there for the next one', async () => {
    const ways = await forEachCrash<number>(
      (fs) => filesOver(fs).ensureFolders([home.root]),
      async (fs, acknowledged) => {
        const lock = await takeHomeLock(request(fs, 1));
        acknowledged.push(lock.generation);
        await lock.release();
      },
      async (survivor, acknowledged) => {
        const next = await takeHomeLock(request(survivor, 2, { 1: 'dead' }));
        expect(next.generation).toBeGreaterThan(acknowledged[0] ?? 0);
      },
    );
    expect(ways).toBeGreaterThan(10);
  });
});

it.runIf(process.platform === 'linux')(
  'a pid that a stranger has by now does not keep the lock of the daemon that had it',
  async () => {
    const real = new HomePaths(temporaryFolder());
    const machine = linuxProcesses('/nowhere');
    const former = { ...machine.self(), startTime: '1' };
    await takeHomeLock({ ...request(nodeFs, 1), home: real, processes: { ...machine, self: () => former } });
    // Our own pid lives, but began at another time than the holder did.
    const lock = await takeHomeLock({ ...request(nodeFs, 1), home: real, processes: machine });
    expect(lock.generation).toBe(2);
    expect(await codeOf(() => takeHomeLock({ ...request(nodeFs, 1), home: real, processes: machine }))).toBe(
      'PAWL_DAEMON_RUNNING',
    );
  },
);
