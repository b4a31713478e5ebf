import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, statSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { flockHelperLock } from '../../src/adapters/git/helper-lock.ts';
import { createGitRun } from '../../src/adapters/git/run-git.ts';
import { createSandboxRepo, type SandboxRepo } from '../../src/prove/real/sandbox-repo.ts';

const hasFlock = spawnSync('flock', ['--version']).status === 0;

let repo: SandboxRepo;
let lock: string;
beforeEach(() => {
  repo = createSandboxRepo();
  lock = join(repo.root, 'lock.alive');
});
afterEach(() => repo.remove());

/** Whether somebody else could take the lock now. */
const isFree = (): boolean => spawnSync('flock', ['-n', lock, 'true']).status === 0;

async function take(): Promise<number> {
  const taken = await flockHelperLock.take(lock, 0);
  if (typeof taken === 'string') throw new Error(taken);
  return taken.fd;
}

test.skipIf(!hasFlock)(
  'the lock stays with our descriptor, keeps others out, and is free once it is closed',
  async () => {
    const fd = await take();
    expect(statSync(lock).mode & 0o777).toBe(0o600);
    expect(isFree()).toBe(false);
    expect(await flockHelperLock.take(lock, 0)).toBe('busy');
    expect(await flockHelperLock.take(lock, 50)).toBe('busy');
    closeSync(fd);
    expect(isFree()).toBe(true);
  },
);

test.skipIf(!hasFlock)('a child that was not given the descriptor does not hold the lock', async () => {
  const fd = await take();
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  closeSync(fd);
  expect(isFree()).toBe(true);
  await ended(child);
});

test('a machine without flock(1) has no lock to give', async () => {
  const path = process.env.PATH;
  process.env.PATH = repo.root;
  try {
    expect(await flockHelperLock.take(lock, 0)).toBe('unavailable');
  } finally {
    process.env.PATH = path;
  }
});

test.skipIf(!hasFlock)('whoever waits for the lock holds up nothing else, and has it once it is free', async () => {
  const fd = await take();
  const waiting = flockHelperLock.take(lock, 60_000);
  const first = await Promise.race([waiting, nextTurn().then(() => 'something else')]);
  expect(first).toBe('something else');
  closeSync(fd);
  const taken = await waiting;
  expect(taken).toEqual({ fd: expect.any(Number) });
  if (typeof taken === 'object') closeSync(taken.fd);
  expect(isFree()).toBe(true);
});

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

test.skipIf(!hasFlock)('a git that outlives its runner holds the lock until it ends', async () => {
  const bin = join(repo.root, 'bin');
  const began = join(repo.root, 'began');
  const go = join(repo.root, 'go');
  mkdirSync(bin);
  spawnSync('mkfifo', [go]);
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n: > '${began}'\nread line < '${go}'\n`, { mode: 0o755 });
  const fd = await take();
  const environment = { ...repo.environment, PATH: `${bin}:${process.env.PATH}` };
  const run = createGitRun({ helperFd: fd, environment });
  const running = run({ args: ['status'], cwd: repo.path, gitDir: join(repo.path, '.git'), workTree: null });
  await appeared(began);
  closeSync(fd);
  expect(isFree()).toBe(false);
  expect(await flockHelperLock.take(lock, 20)).toBe('busy');
  writeFileSync(go, 'go\n');
  await running;
  expect(isFree()).toBe(true);
});

/** Resolves once the file is there; the test's own time limit ends a wait in vain. */
async function appeared(path: string): Promise<void> {
  const watcher = watch(repo.root);
  try {
    while (!existsSync(path)) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}
