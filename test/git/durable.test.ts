/** What a call of the git port has changed is on the disk before the call returns: then it is recorded (L1). */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { syncDisks } from '../../src/adapters/disk-sync.ts';
import { createGit } from '../../src/adapters/git/git.ts';
import type { GitPort } from '../../src/ports/git.ts';
import { BRANCH, createFixture, type Fixture, RUN_ID } from './git-fixture.ts';

let fixtures: Fixture[] = [];
afterEach(() => {
  for (const { repo } of fixtures) repo.remove();
  fixtures = [];
});

/** A fixture whose worktree is prepared, and the port with what `look` has seen at every sync. */
async function watched<T>(look: (fix: Fixture) => T): Promise<{ fix: Fixture; git: GitPort; seen: T[] }> {
  const fix = createFixture();
  fixtures.push(fix);
  await fix.git.prepareWorkspace(fix.spec());
  const seen: T[] = [];
  const git = createGit({
    repository: fix.repo.path,
    helperFd: null,
    environment: fix.repo.environment,
    syncDisks: async (paths) => {
      expect(paths).toEqual([fix.worktree, join(fix.repo.path, '.git')]);
      seen.push(look(fix));
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
  return { fix, git, seen };
}

const rescued = (fix: Fixture): string => fix.repo.git(['for-each-ref', '--format=%(refname:lstrip=4)', 'refs/pawl']);

test('a worktree is synced once it is registered, before any file is in it, before it is said to be whole, and once it is', async () => {
  const isRegistered = (fix: Fixture): boolean => existsSync(join(fix.admin, 'gitdir'));
  const { fix, git, seen } = await watched((each) => ({
    isRegistered: isRegistered(each),
    hasFiles: existsSync(join(each.worktree, 'README.md')),
    isMarked: existsSync(join(each.admin, 'pawl-ready')),
  }));
  rmSync(fix.worktree, { recursive: true });
  rmSync(fix.admin, { recursive: true });
  const whole = { isRegistered: true, hasFiles: true, isMarked: true };
  await git.prepareWorkspace(fix.spec());
  const begun = { isRegistered: true, hasFiles: false, isMarked: false };
  expect(seen).toEqual([begun, { ...begun, hasFiles: true }, whole]);
  await git.prepareWorkspace(fix.spec());
  expect(seen.slice(3)).toEqual([whole]);
});

test('a commit is synced once the branch is at it, also where it is found again', async () => {
  const { fix, git, seen } = await watched((each) => each.repo.git(['rev-parse', BRANCH]));
  fix.put('new.txt', 'new\n');
  const first = await git.commitWork(fix.commitSpec());
  expect(first).toMatchObject({ kind: 'committed', commit: seen[0] });
  expect(await git.commitWork(fix.commitSpec())).toEqual(first);
  expect(seen).toEqual([seen[0], seen[0]]);
});

test('a rescue is synced once its ref exists, and a reset once the files are back', async () => {
  const { fix, git, seen } = await watched((each) => `${rescued(each)} ${existsSync(join(each.worktree, 'new.txt'))}`);
  fix.put('new.txt', 'new\n');
  await git.rescue(fix.resetSpec('kept'));
  await git.rescueAndReset(fix.resetSpec('reset'));
  await git.rescueAndReset(fix.resetSpec('reset'));
  expect(seen).toEqual(['kept true', 'kept\nreset false', 'kept\nreset false']);
});

test('a branch that is released is synced', async () => {
  const { fix, git, seen } = await watched((each) => readFileSync(join(each.admin, 'HEAD'), 'utf8').trim());
  await git.releaseBranch(fix.worktree);
  expect(seen).toEqual([fix.base]);
});

test('where the disk cannot be synced every call that changes something fails, and nothing is recorded', async () => {
  const fix = createFixture();
  fixtures.push(fix);
  await fix.git.prepareWorkspace(fix.spec());
  const syncDisksFails = () => Promise.reject(new Error('the disk is gone'));
  const { path, environment } = fix.repo;
  const git = createGit({ repository: path, helperFd: null, environment, syncDisks: syncDisksFails });
  fix.put('new.txt', 'new\n');
  for (const call of [
    () => git.rescue(fix.resetSpec('kept')),
    () => git.commitWork(fix.commitSpec()),
    () => git.rescueAndReset(fix.resetSpec('reset')),
    () => git.prepareWorkspace(fix.spec()),
    () => git.releaseBranch(fix.worktree),
  ])
    await expect(call()).rejects.toThrow('the disk is gone');
});

test('the disks of paths are synced, also where one of them is gone, or it is said that they cannot be', async () => {
  const fix = createFixture();
  fixtures.push(fix);
  await syncDisks([fix.repo.path, join(fix.repo.path, '.pawl', 'worktrees', RUN_ID), '/dev/shm']);
  const { PATH } = process.env;
  try {
    process.env.PATH = join(fix.repo.root, 'nothing');
    await expect(syncDisks([fix.repo.path])).rejects.toMatchObject({ code: 'PAWL_STORE_SYNC_FAILED' });
  } finally {
    process.env.PATH = PATH;
  }
});
