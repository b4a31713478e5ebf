/** A worktree goes, and nothing that was only there is lost. */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { syncDisks } from '../../src/adapters/disk-sync.ts';
import { openGit } from '../../src/adapters/git/git.ts';
import { createWorktreeRemover } from '../../src/adapters/git/removal.ts';
import { createTrash } from '../../src/adapters/trash.ts';
import type { WorktreeRemover } from '../../src/ports/worktree-remover.ts';
import { BRANCH, createFixture, type Fixture, RUN_ID } from './git-fixture.ts';

let fixture: Fixture;
let remover: WorktreeRemover;
beforeEach(async () => {
  fixture = createFixture();
  const { path, environment } = fixture.repo;
  remover = createWorktreeRemover(openGit({ repository: path, helperFd: null, environment, syncDisks }));
  await fixture.git.prepareWorkspace(fixture.spec());
});
afterEach(() => fixture.repo.remove());

const keep = () => remover.keep({ runId: RUN_ID, worktree: fixture.worktree, commit: fixture.base });
const listed = (ref: string): string[] => fixture.repo.git(['ls-tree', '-r', '--name-only', ref]).split('\n');
const refs = (): string[] => fixture.repo.git(['for-each-ref', '--format=%(refname)', 'refs/pawl']).split('\n');
const branchSpec = (commit: string | null) => ({
  branch: BRANCH,
  baseBranch: 'main',
  commit,
  worktree: fixture.worktree,
});

async function goneFor(): Promise<void> {
  rmSync(fixture.worktree, { recursive: true });
  await remover.forget(fixture.worktree);
}

describe('what is only in a worktree', () => {
  test('nothing: no ref is made, and git forgets the worktree', async () => {
    expect(await remover.look(fixture.worktree)).toBe('ours');
    expect(await keep()).toBeNull();
    await goneFor();
    expect(await remover.look(fixture.worktree)).toBe('absent');
    expect(fixture.repo.git(['worktree', 'list', '--porcelain'])).not.toContain(RUN_ID);
    expect(existsSync(fixture.admin)).toBe(false);
    expect(fixture.repo.git(['fsck', '--no-progress', '--no-dangling'])).toBe('');
  });

  test('changes and new files are under a ref, once, and a later change under another', async () => {
    fixture.put('new.txt', 'new\n');
    const ref = await keep();
    expect(ref).toBe(`refs/pawl/rescue/${RUN_ID}/clean`);
    expect(listed(ref ?? '')).toContain('new.txt');
    expect(await keep()).toBe(ref);
    fixture.put('later.txt', 'later\n');
    expect(await keep()).toBe(`${ref}-2`);
    expect(listed(`${ref}-2`)).toContain('later.txt');
    expect(refs()).toEqual([ref, `${ref}-2`]);
  });

  test('a commit that no ref leads to is kept, though nothing differs from it', async () => {
    fixture.put('only-here.txt', 'x\n');
    fixture.inside(['add', '-A']);
    fixture.inside(['commit', '--quiet', '-m', 'Here']);
    const commit = fixture.inside(['rev-parse', 'HEAD']);
    expect(await keep()).toBeNull();
    fixture.inside(['checkout', '--quiet', '--detach']);
    fixture.repo.git(['branch', '-D', BRANCH]);
    const ref = await keep();
    expect(fixture.repo.git(['merge-base', '--is-ancestor', commit, ref ?? ''])).toBe('');
    expect(await keep()).toBe(ref);
  });

  test('a repository inside of it moves out whole', async () => {
    const inner = join(fixture.worktree, 'inner');
    mkdirSync(inner);
    fixture.repo.git(['init', '--quiet'], inner);
    writeFileSync(join(inner, 'a'), 'a');
    await keep();
    expect(readdirSync(join(`${fixture.worktree}.kept`, 'clean', 'inner')).sort()).toEqual(['.git', 'a']);
    expect(existsSync(inner)).toBe(false);
  });

  test('files below submodules move out, and so does a submodule with a repository of its own', async () => {
    for (const path of ['vendor/s b', 'own\nline', 'gone', 'repo']) {
      fixture.inside(['update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},${path}`]);
    }
    fixture.put('vendor/s b/deep/new.txt', 'new\n');
    fixture.put('own\nline/x', 'x\n');
    fixture.put('repo/y', 'y\n');
    fixture.repo.git(['init', '--quiet'], join(fixture.worktree, 'repo'));
    await keep();
    const kept = join(`${fixture.worktree}.kept`, 'clean');
    expect(readdirSync(join(kept, 'vendor/s b/deep'))).toEqual(['new.txt']);
    expect(readdirSync(join(kept, 'own\nline'))).toEqual(['x']);
    expect(readdirSync(join(kept, 'repo')).sort()).toEqual(['.git', 'y']);
    fixture.put('vendor/s b/later.txt', 'later\n');
    await keep();
    expect(readdirSync(join(kept, 'vendor')).sort()).toEqual(['s b', 's b-2']);
  });

  test('files below a submodule of the commit move out though the index is gone', async () => {
    fixture.inside(['update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`]);
    fixture.inside(['commit', '--quiet', '-m', 'Sub']);
    fixture.put('sub/new.txt', 'new\n');
    rmSync(join(fixture.admin, 'index'));
    await keep();
    expect(readdirSync(join(`${fixture.worktree}.kept`, 'clean', 'sub'))).toEqual(['new.txt']);
  });

  test('its commits are kept though its folder is gone already', async () => {
    fixture.put('a', 'a');
    fixture.inside(['add', '-A']);
    fixture.inside(['commit', '--quiet', '-m', 'Here']);
    fixture.inside(['checkout', '--quiet', '--detach']);
    fixture.repo.git(['branch', '-D', BRANCH]);
    rmSync(fixture.worktree, { recursive: true });
    expect(await remover.look(fixture.worktree)).toBe('ours');
    expect(listed((await keep()) ?? '')).toContain('a');
    await remover.forget(fixture.worktree);
    expect(await remover.look(fixture.worktree)).toBe('absent');
  });
});

describe('what is left alone', () => {
  test('a folder that is no worktree of the repository, or a link in its place', async () => {
    fixture.put('a', 'a');
    rmSync(fixture.admin, { recursive: true });
    expect(await remover.look(fixture.worktree)).toBe('foreign');
    await remover.forget(fixture.worktree);
    expect(existsSync(join(fixture.worktree, 'a'))).toBe(true);
  });

  test('a worktree that is locked, one with submodules, and one whose place a link has taken', async () => {
    writeFileSync(join(fixture.admin, 'locked'), 'mine');
    expect(await remover.look(fixture.worktree)).toBe('locked');
    writeFileSync(join(fixture.admin, 'locked'), 'initializing');
    expect(await remover.look(fixture.worktree)).toBe('ours');
    mkdirSync(join(fixture.admin, 'modules'));
    expect(await remover.look(fixture.worktree)).toBe('submodules');
    rmSync(join(fixture.admin, 'modules'), { recursive: true });
    rmSync(fixture.worktree, { recursive: true });
    symlinkSync(fixture.repo.path, fixture.worktree);
    expect(await remover.look(fixture.worktree)).not.toBe('ours');
    await remover.forget(fixture.worktree);
    expect(existsSync(join(fixture.repo.path, 'README.md'))).toBe(true);
  });

  test('a worktree whose folder is there is never forgotten', async () => {
    await remover.forget(fixture.worktree);
    expect(await remover.look(fixture.worktree)).toBe('ours');
  });
});

describe('a branch', () => {
  const commit = (): string => {
    fixture.put('work.txt', 'work\n');
    fixture.inside(['add', '-A']);
    fixture.inside(['commit', '--quiet', '-m', 'Work']);
    return fixture.inside(['rev-parse', 'HEAD']);
  };
  const hasBranch = (): boolean => fixture.repo.git(['branch', '--list', BRANCH]) !== '';

  test('without a commit of its own goes', async () => {
    expect(await remover.branchFate(branchSpec(fixture.base))).toBe('merged');
    expect(hasBranch()).toBe(true);
    expect(await remover.dropBranch(branchSpec(fixture.base))).toBe('merged');
    expect(hasBranch()).toBe(false);
    expect(await remover.dropBranch(branchSpec(fixture.base))).toBe('absent');
  });

  test('with work that its base lacks stays; once it is merged it goes', async () => {
    const head = commit();
    expect(await remover.dropBranch(branchSpec(head))).toBe('unmerged');
    expect(hasBranch()).toBe(true);
    fixture.repo.git(['merge', '--quiet', '--no-ff', '-m', 'Merge', BRANCH]);
    expect(await remover.dropBranch(branchSpec(head))).toBe('merged');
    expect(hasBranch()).toBe(false);
  });

  test('that was moved, that follows a remote, or that is checked out elsewhere stays', async () => {
    const head = commit();
    expect(await remover.dropBranch(branchSpec(fixture.base))).toBe('moved');
    expect(await remover.dropBranch(branchSpec(null))).toBe('moved');
    fixture.repo.git(['merge', '--quiet', BRANCH]);
    fixture.repo.git(['config', `branch.${BRANCH}.remote`, 'origin']);
    expect(await remover.dropBranch(branchSpec(head))).toBe('tracked');
    fixture.repo.git(['config', '--unset', `branch.${BRANCH}.remote`]);
    fixture.inside(['checkout', '--quiet', '--detach']);
    fixture.repo.git(['checkout', '--quiet', BRANCH]);
    expect(await remover.dropBranch(branchSpec(head))).toBe('checkedOut');
    expect(hasBranch()).toBe(true);
  });
});

test('the trash measures, takes away at once, and deletes what is read only, but follows no link', async () => {
  const { root } = fixture.repo;
  const folder = join(root, 'old');
  mkdirSync(join(folder, 'deep'), { recursive: true });
  writeFileSync(join(folder, 'deep', 'file'), 'x'.repeat(10_000));
  writeFileSync(join(root, 'outside'), 'stays');
  symlinkSync(join(root, 'outside'), join(folder, 'link'));
  chmodSync(join(folder, 'deep'), 0o500);
  const names = ['1', '2'];
  const trash = createTrash(
    join(root, 'trash'),
    () => names.shift() ?? '',
    async () => undefined,
  );
  const bytes = await trash.bytesOf(folder);
  expect(bytes).toBeGreaterThanOrEqual(10_000);
  await trash.take(folder);
  expect(existsSync(folder)).toBe(false);
  await trash.take(folder);
  expect(await trash.empty()).toBe(bytes);
  expect(readdirSync(join(root, 'trash'))).toEqual([]);
  expect(existsSync(join(root, 'outside'))).toBe(true);
  expect([await trash.bytesOf(folder), await trash.empty()]).toEqual([0, 0]);
});
