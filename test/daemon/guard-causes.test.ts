/** Each guard tells of its real cause when that comes, and when it has gone: in the log, in its posture, and in the feed as soon as that can be written. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { DaemonCore } from '../../src/daemon/core.ts';
import { DAEMON_BOUNDS } from '../../src/daemon/daemon-bounds.ts';
import type { GuardId } from '../../src/daemon/guards.ts';
import { Files } from '../../src/store/files.ts';
import type { GenerationLock } from '../../src/store/generation-lock.ts';
import { takeHomeLock } from '../../src/store/home/home-lock.ts';
import { HomePaths } from '../../src/store/home/home-paths.ts';
import { ensureToken } from '../../src/store/home/token-file.ts';

const MIB = 1024 ** 2;
const PAGE = 4_096;
const root = mkdtempSync(join(tmpdir(), 'pawl-guards-'));
const disk = join(root, 'disk');
const home = new HomePaths(join(disk, 'home'));
const files = new Files(nodeFs, systemClock);
const lines: string[] = [];
const { monotonicMs } = systemClock;
/** How far the test has let time pass. */
let aheadMs = 0;
let canMount = false;
let lock: GenerationLock;
let core: DaemonCore;

beforeAll(() => {
  mkdirSync(disk);
  canMount = mount('size=400m');
});

beforeEach(async () => {
  vi.spyOn(systemClock, 'monotonicMs').mockImplementation(() => monotonicMs() + aheadMs);
  await files.ensureFolders([home.root, home.projects, home.changes]);
  lock = await takeHomeLock({ files, home, clock: systemClock, processes: systemProcesses() });
  core = await DaemonCore.open({ files, home, lock, version: '0.0.0', log: (line) => void lines.push(line) });
});

afterEach(async () => {
  vi.restoreAllMocks();
  rmSync(join(disk, 'filler'), { force: true });
  if (canMount) remount('size=400m');
  await core.close();
  await lock.release();
  lines.splice(0);
});

afterAll(() => {
  if (canMount) execFileSync('umount', ['--lazy', disk]);
  rmSync(root, { recursive: true, force: true });
});

/** The folder is a disk of its own, in memory; false where this user may not mount one. */
function mount(options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // Only root mounts, and not in every container: the tests that need it say so.
  }
}

function remount(options: string): void {
  execFileSync('mount', ['-o', `remount,${options}`, disk]);
}

/** The file of the feed ends a few bytes before the end of a page: the next change needs another one from the disk. */
async function fillPage(): Promise<void> {
  const sizeOf = (): number => {
    const names = files.listNames(home.changes).map((name) => files.fs.stat(join(home.changes, name))?.size ?? 0);
    return names.reduce((sum, size) => sum + size, 0);
  };
  const append = (text: string) =>
    core.feed.append({
      source: null,
      changes: [{ type: 'project_updated', project: 'p', system: null, atMs: 0, data: { text } }],
    });
  const before = sizeOf();
  await append('');
  const line = sizeOf() - before;
  await append('x'.repeat(2 * PAGE - ((sizeOf() + line) % PAGE) - 20));
  expect(PAGE - (sizeOf() % PAGE)).toBeLessThan(40);
}

/** So much later everything is looked at, also what is looked at seldom. */
async function lookLater(): Promise<void> {
  aheadMs += DAEMON_BOUNDS.guardSlowMs;
  await core.guards.look();
}

const reasonOf = (guard: GuardId): string | null => core.guards.list().find(({ id }) => id === guard)?.reason ?? null;
const errored = (): readonly GuardId[] =>
  core.guards.list().flatMap(({ id, posture }) => (posture === 'on' ? [] : [id]));

/** What the feed has told of guards since `after`. */
async function told(after: number): Promise<readonly string[]> {
  const read = await core.feed.read(after, { limit: 100, filter: ({ type }) => type === 'guard_changed' });
  if (read.kind !== 'changes') throw new Error('the feed has lost something');
  return read.changes.map(({ change: { data } }) => `${data.guard} ${data.posture}`);
}

it('disk: less room than the floor, and enough again', async (context) => {
  if (!canMount) return context.skip('this user may not mount a disk');
  await core.guards.look();
  expect(errored()).toEqual([]);
  const { head } = core.feed;
  remount('size=64m');
  await lookLater();
  expect([errored(), reasonOf('disk')]).toEqual([['disk'], `less than 100 MiB is left at ${home.root}`]);
  remount('size=400m');
  await lookLater();
  expect([errored(), await told(head)]).toEqual([[], ['disk errored', 'disk on']]);
});

it('feed: the disk is full, and has room again', async (context) => {
  if (!canMount) return context.skip('this user may not mount a disk');
  await core.guards.look();
  await fillPage();
  const { head } = core.feed;
  remount('size=16m');
  expect(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(32 * MIB))).toThrow('ENOSPC');
  // That there is no room is to be told, and cannot be.
  await lookLater();
  await core.guards.look();
  expect(errored()).toEqual(['disk', 'feed']);
  expect(reasonOf('feed')).toMatch(/^could not write .*: ENOSPC$/);
  expect(await told(head)).toEqual([]);
  rmSync(join(disk, 'filler'));
  remount('size=400m');
  await lookLater();
  await core.guards.look();
  expect(errored()).toEqual([]);
  // What could not be told then is told as it is now.
  expect(await told(head)).toEqual(['disk on', 'feed on']);
});

it('watch: the folder of the projects has gone, and is back', async () => {
  await core.guards.look();
  const { head } = core.feed;
  renameSync(home.projects, `${home.projects}-away`);
  await lookLater();
  expect(reasonOf('watch')).toBe(`${home.projects} cannot be watched: ENOENT`);
  renameSync(`${home.projects}-away`, home.projects);
  await lookLater();
  expect([errored(), await told(head)]).toEqual([[], ['watch errored', 'watch on']]);
});

it('lock: another one has taken the next generation; nothing is told of it, because nothing may be written any more', async () => {
  await core.guards.look();
  const { head } = core.feed;
  const next = home.lock(lock.generation + 1);
  writeFileSync(next, JSON.stringify({ ...lock.content, generation: lock.generation + 1, nonce: 'another' }));
  await core.guards.look();
  expect((await core.broken()).code).toBe('PAWL_DAEMON_RUNNING');
  expect([core.feed.head, await told(head)]).toEqual([head, []]);
  rmSync(next);
});

it('a token file that has gone lets nobody in, and no new one is made of it until somebody does', async () => {
  const token = await ensureToken(files, home);
  expect(core.isToken(token)).toBe(true);
  let replaced = 0;
  const endLook = core.onNewToken(() => {
    replaced += 1;
  });
  rmSync(home.tokenFile);
  expect([core.isToken(token), core.isToken(''), core.isToken(null)]).toEqual([false, false, false]);
  await core.guards.look();
  expect([errored(), replaced]).toEqual([[], 0]);
  endLook();
});
