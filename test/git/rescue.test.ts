import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rescueRef } from '../../src/adapters/git/rescue.ts';
import { todaysPart } from '../support/draw.ts';
import { BRANCH, createFixture, type Fixture, fingerprint, RUN_ID, usersCheckout } from './git-fixture.ts';
import { expectInPlace, RESCUE_REF } from './rescue-kit.ts';

let fix: Fixture;
beforeEach(async () => {
  fix = createFixture();
  await fix.git.prepareWorkspace(fix.spec());
});
afterEach(() => fix.repo.remove());

/** It is in place, and no trace of an interrupted operation is left. */
function expectBack(): void {
  expectInPlace(fix);
  expect(readdirSync(fix.worktree).sort()).toEqual(['.git', 'README.md', 'src']);
  expect(fix.inside(['rev-parse', '--absolute-git-dir'])).toBe(fix.admin);
  const left = readdirSync(fix.admin).filter((name) => /lock|rebase|MERGE|PICK|BISECT|pawl-index/.test(name));
  expect(left).toEqual([]);
}

function kept(path: string, ref = RESCUE_REF): string {
  return fix.repo.git(['cat-file', 'blob', `${ref}:${path}`]);
}

test('when nothing differs nothing is kept and nothing is touched', async () => {
  const before = fingerprint(fix.repo.root);
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBeNull();
  expect(await fix.git.rescue(fix.resetSpec())).toBeNull();
  const objects = (path: string): boolean => path.includes('/objects/');
  expect(fingerprint(fix.repo.root, objects)).toEqual(
    Object.fromEntries(Object.entries(before).filter(([path]) => !objects(path))),
  );
});

test('tracked and untracked changes are under the ref, then the worktree is back', async () => {
  const before = usersCheckout(fix.repo);
  fix.put('src/one.txt', 'changed\n');
  fix.put('new\nfile.txt', 'new\n');
  fix.inside(['add', 'src/one.txt']);
  fix.put('src/one.txt', 'changed again\n');
  rmSync(join(fix.worktree, 'README.md'));
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expect(kept('src/one.txt')).toBe('changed again');
  expect(kept('new\nfile.txt')).toBe('new');
  expect(() => kept('README.md')).toThrow();
  expect(fix.repo.git(['rev-parse', `${RESCUE_REF}^`])).toBe(fix.base);
  expectBack();
  expect(usersCheckout(fix.repo)).toEqual(before);
});

test('a rescue alone leaves worktree, index and branch as they are', async () => {
  fix.put('src/one.txt', 'changed\n');
  fix.inside(['add', 'src/one.txt']);
  fix.put('new.txt', 'new\n');
  const skip = (path: string): boolean => path.includes('/objects/') || path.includes('refs/pawl');
  const before = fingerprint(fix.repo.root, skip);
  expect(await fix.git.rescue(fix.resetSpec())).toBe(RESCUE_REF);
  expect(fingerprint(fix.repo.root, skip)).toEqual(before);
  expect(kept('new.txt')).toBe('new');
});

test('a ref that is there already is kept as it is', async () => {
  fix.put('new.txt', 'first\n');
  await fix.git.rescue(fix.resetSpec());
  const first = fix.repo.git(['rev-parse', RESCUE_REF]);
  fix.put('new.txt', 'second\n');
  expect(await fix.git.rescue(fix.resetSpec())).toBe(RESCUE_REF);
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expect(fix.repo.git(['rev-parse', RESCUE_REF])).toBe(first);
  expectBack();
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
});

test('a lock that a killed helper left on the rescue ref does not keep the rescue from being made', async () => {
  fix.put('new.txt', 'new\n');
  fix.repo.write(join(fix.repo.path, '.git', `${RESCUE_REF}.lock`), '');
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expect(kept('new.txt')).toBe('new');
  expectBack();
});

test('commits of the dead attempt stay reachable: its branch, a detached HEAD, a rebase and its stash', async () => {
  fix.put('src/one.txt', 'on the branch\n');
  fix.inside(['commit', '--quiet', '-am', 'On the branch']);
  const onBranch = fix.inside(['rev-parse', 'HEAD']);
  fix.inside(['checkout', '--quiet', '--detach', fix.base]);
  fix.put('detached.txt', 'detached\n');
  fix.inside(['add', '-A']);
  fix.inside(['commit', '--quiet', '-m', 'Detached']);
  const detached = fix.inside(['rev-parse', 'HEAD']);
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expect(fix.repo.git(['show', '-s', '--format=%P', RESCUE_REF]).split(' ')).toEqual([detached, onBranch]);
  expectBack();

  fix.inside(['checkout', '--quiet', '-b', 'other']);
  fix.put('src/one.txt', 'theirs\n');
  fix.inside(['commit', '--quiet', '-am', 'Theirs']);
  fix.inside(['checkout', '--quiet', BRANCH]);
  fix.put('src/one.txt', 'ours\n');
  fix.inside(['commit', '--quiet', '-am', 'Ours']);
  const ours = fix.inside(['rev-parse', 'HEAD']);
  fix.put('README.md', 'stashed\n');
  expect(() => fix.inside(['rebase', '--autostash', 'other'])).toThrow();
  const ref = await fix.git.rescueAndReset(fix.resetSpec('attempt-2'));
  expect(ref).toBe(`refs/pawl/rescue/${RUN_ID}/attempt-2`);
  const reachable = fix.repo.git(['rev-list', ref ?? '']).split('\n');
  expect(reachable).toContain(ours);
  expect(fix.repo.git(['log', '-p', '-m', '--format=', ref ?? '', '--', 'README.md'])).toContain('+stashed');
  expectBack();
});

/** Three days in a row try every wreck. */
const DAYS = 3;

const WRECKS: readonly (readonly [string, (f: Fixture) => void])[] = [
  ['in a merge with conflicts', (f) => conflict(f, ['merge', 'other'])],
  ['in a pick', (f) => conflict(f, ['cherry-pick', 'other'])],
  ['in a revert of nothing staged', (f) => f.repo.write(join(f.admin, 'REVERT_HEAD'), `${f.base}\n`)],
  ['in a bisect', (f) => void f.inside(['bisect', 'start'])],
  ['without its branch', (f) => void f.inside(['update-ref', '-d', `refs/heads/${BRANCH}`])],
  ['without an index', (f) => rmSync(join(f.admin, 'index'))],
  ['with a damaged index', (f) => writeFileSync(join(f.admin, 'index'), 'no index')],
  ['with an empty HEAD', (f) => writeFileSync(join(f.admin, 'HEAD'), '')],
  [
    'with locks of killed processes',
    (f) => ['index', 'HEAD'].forEach((name) => void writeFileSync(join(f.admin, `${name}.lock`), '')),
  ],
  [
    'with a file where a folder was',
    (f) => {
      rmSync(join(f.worktree, 'src'), { recursive: true });
      f.put('src', 'file\n');
    },
  ],
  [
    'with a folder where a file was',
    (f) => {
      rmSync(join(f.worktree, 'README.md'));
      f.put('README.md/deep/file', 'file\n');
    },
  ],
  ['without its link', (f) => rmSync(join(f.worktree, '.git'))],
  [
    'empty',
    (f) => {
      for (const name of readdirSync(f.worktree)) rmSync(join(f.worktree, name), { recursive: true });
    },
  ],
  ['without its folder', (f) => rmSync(f.worktree, { recursive: true })],
  [
    'without folder and registration',
    (f) => {
      rmSync(f.worktree, { recursive: true });
      rmSync(f.admin, { recursive: true });
    },
  ],
];

function conflict(f: Fixture, args: readonly string[]): void {
  f.inside(['checkout', '--quiet', '-b', 'other', f.base]);
  f.put('src/one.txt', 'theirs\n');
  f.inside(['commit', '--quiet', '-am', 'Theirs']);
  f.inside(['checkout', '--quiet', BRANCH]);
  f.put('src/one.txt', 'ours\n');
  f.inside(['commit', '--quiet', '-am', 'Ours']);
  expect(() => f.inside(args)).toThrow();
}

test.each(todaysPart(WRECKS, DAYS))(
  "a worktree left %s is put back, and the user's checkout stays as it is",
  async (_, wreck) => {
    const before = usersCheckout(fix.repo);
    wreck(fix);
    const ref = await fix.git.rescueAndReset(fix.resetSpec());
    expectBack();
    expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(ref);
    expect(usersCheckout(fix.repo)).toEqual(before);
  },
);

test('repositories that a worker made inside are moved out with their history', async () => {
  fix.put('deep/nested/file.txt', 'nested\n');
  fix.put('deep/other.txt', 'other\n');
  const nested = join(fix.worktree, 'deep/nested');
  fix.repo.git(['init', '--quiet'], nested);
  fix.repo.git(['-c', 'user.name=N', '-c', 'user.email=n@n', 'commit', '--quiet', '--allow-empty', '-m', 'N'], nested);
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expectBack();
  const moved = join(`${fix.worktree}.kept`, 'attempt-1', 'deep/nested');
  expect(readFileSync(join(moved, 'file.txt'), 'utf8')).toBe('nested\n');
  expect(fix.repo.git(['log', '--format=%s'], moved)).toBe('N');
  expect(kept('deep/other.txt')).toBe('other');
  expect(fix.repo.git(['log', '-1', '--format=%b', RESCUE_REF])).toContain(moved.slice(0, moved.indexOf('deep') - 1));
});

test("a repository in the place of the worktree's link is moved out with its history", async () => {
  rmSync(join(fix.worktree, '.git'));
  fix.inside(['init', '--quiet', '--initial-branch=theirs']);
  fix.inside(['-c', 'user.name=N', '-c', 'user.email=n@n', 'commit', '--quiet', '--allow-empty', '-m', 'N']);
  // Nothing else differs: that it was there is said all the same.
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expectBack();
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expect(fix.repo.git(['log', '-1', '--format=%b', RESCUE_REF])).toContain(`${fix.worktree}.kept/attempt-1/git`);
  expect(fix.repo.git([`--git-dir=${fix.worktree}.kept/attempt-1/git`, 'log', '--format=%s', 'theirs'])).toBe('N');
});

test('what changed ignore rules had hidden is kept before it is removed', async () => {
  fix.put('.gitignore', 'precious.txt\ndeep/\n');
  fix.put('precious.txt', 'precious\n');
  fix.put('deep/.gitignore', 'deeper.txt\n');
  fix.put('deep/deeper.txt', 'deeper\n');
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expect(kept('.gitignore')).toBe('precious.txt\ndeep/');
  expect(kept('precious.txt', `${RESCUE_REF}.hidden-1`)).toBe('precious');
  expect(kept('deep/deeper.txt', `${RESCUE_REF}.hidden-2`)).toBe('deeper');
  expectBack();
});

test('ignored files and the answer folder stay through a reset', async () => {
  writeFileSync(join(fix.repo.path, '.git/info/exclude'), 'node_modules/\n');
  fix.put('node_modules/a/index.js', 'x\n');
  fix.put('.pawl-task/implementation-1/completion.json', '{}');
  fix.put('new.txt', 'new\n');
  await fix.git.rescueAndReset(fix.resetSpec());
  await fix.git.removeUntracked(fix.worktree);
  expect(readdirSync(fix.worktree).sort()).toEqual(['.git', '.pawl-task', 'README.md', 'node_modules', 'src']);
  expect(existsSync(join(fix.worktree, '.pawl-task/implementation-1/completion.json'))).toBe(true);
});

test('removing untracked files leaves tracked changes as they are', async () => {
  fix.put('coverage/report.html', 'x\n');
  fix.put('nested/file.txt', 'x\n');
  fix.repo.git(['init', '--quiet'], join(fix.worktree, 'nested'));
  fix.put('src/one.txt', 'changed\n');
  expect(await fix.git.state(fix.worktree)).toMatchObject({
    trackedChanges: ['src/one.txt'],
    untracked: ['coverage/', 'nested/'],
  });
  await fix.git.removeUntracked(fix.worktree);
  expect(await fix.git.state(fix.worktree)).toMatchObject({ trackedChanges: ['src/one.txt'], untracked: [] });
});

test('a repository in the place of a worktree that is registered no more is never reset', async () => {
  rmSync(fix.worktree, { recursive: true });
  rmSync(fix.admin, { recursive: true });
  fix.put('mine.txt', 'mine\n');
  fix.repo.git(['init', '--quiet'], fix.worktree);
  const before = fingerprint(fix.repo.root);
  await expect(fix.git.rescueAndReset(fix.resetSpec())).rejects.toMatchObject({ code: 'PAWL_WORKSPACE_FOREIGN' });
  await expect(fix.git.state(fix.worktree)).rejects.toMatchObject({ code: 'PAWL_WORKSPACE_FOREIGN' });
  await expect(fix.git.removeUntracked(fix.worktree)).rejects.toMatchObject({ code: 'PAWL_WORKSPACE_FOREIGN' });
  expect(fingerprint(fix.repo.root)).toEqual(before);
});

test('a branch that the user has checked out meanwhile is not moved', async () => {
  fix.inside(['checkout', '--quiet', '--detach']);
  fix.repo.git(['checkout', '--quiet', BRANCH]);
  const before = usersCheckout(fix.repo);
  fix.put('new.txt', 'new\n');
  await expect(fix.git.rescueAndReset(fix.resetSpec())).rejects.toMatchObject({
    code: 'PAWL_WORKSPACE_BRANCH_ELSEWHERE',
  });
  expect(usersCheckout(fix.repo)).toEqual(before);
});

test('a released branch can be checked out by the user, even when the folder is gone', async () => {
  await fix.git.releaseBranch(fix.worktree);
  await fix.git.releaseBranch(fix.worktree);
  expect(await fix.git.state(fix.worktree)).toEqual({
    head: fix.base,
    branch: null,
    tree: fix.repo.git(['rev-parse', 'main^{tree}']),
    trackedChanges: [],
    untracked: [],
  });
  fix.repo.git(['checkout', '--quiet', BRANCH]);
  fix.repo.git(['checkout', '--quiet', 'main']);
  await fix.git.rescueAndReset(fix.resetSpec());
  rmSync(fix.worktree, { recursive: true });
  await fix.git.releaseBranch(fix.worktree);
  fix.repo.git(['checkout', '--quiet', BRANCH]);
  expect(await fix.git.branchHead(BRANCH)).toBe(fix.base);
  expect(await fix.git.branchHead('nowhere')).toBeNull();
});

test('reading the state writes nothing, not even a refreshed index', async () => {
  fix.put('src/one.txt', 'one\n');
  const before = fingerprint(fix.repo.root);
  await fix.git.state(fix.worktree);
  expect(fingerprint(fix.repo.root)).toEqual(before);
});

test('every run id and name makes a ref that git takes', () => {
  for (const part of ['a..b', '.a', 'a.lock', 'a.', 'ä b~^:?*[\\', '...', 'before-implementation.1', '-x', '@{']) {
    const ref = rescueRef(part, part);
    expect(fix.repo.git(['check-ref-format', ref]), ref).toBe('');
  }
  expect(rescueRef('run_a-b.c_0f', 'before-x')).toBe('refs/pawl/rescue/run_a-b.c_0f/before-x');
});

test('files below a submodule stay where they are, and are kept where the submodule goes', async () => {
  const commit = fix.base;
  fix.inside(['update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`]);
  fix.inside(['commit', '--quiet', '-m', 'Submodule']);
  const later = fix.inside(['rev-parse', 'HEAD']);
  fix.put('sub/new.txt', 'new\n');
  fix.put('other.txt', 'other\n');
  expect(await fix.git.rescueAndReset({ ...fix.resetSpec(), commit: later })).toBe(RESCUE_REF);
  expect(readFileSync(join(fix.worktree, 'sub/new.txt'), 'utf8')).toBe('new\n');
  const ref = await fix.git.rescueAndReset({ ...fix.resetSpec('attempt-2'), commit });
  expectBack();
  expect(kept('sub/new.txt', `${ref}.hidden-1`)).toBe('new');
});
