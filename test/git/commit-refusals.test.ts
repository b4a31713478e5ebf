import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordTree } from '../../src/adapters/git/tree.ts';
import type { CommitResult } from '../../src/ports/git.ts';
import { BRANCH, createFixture, type Fixture, fingerprint, usersCheckout } from './git-fixture.ts';

let fix: Fixture;
beforeEach(async () => {
  fix = createFixture();
  await fix.git.prepareWorkspace(fix.spec());
});
afterEach(() => fix.repo.remove());

function blocker(result: CommitResult): string {
  if (result.kind !== 'refused') throw new Error(`not refused: ${JSON.stringify(result)}`);
  return result.blocker.code;
}

test('files that were changed after the worker ended are not committed', async () => {
  fix.put('new.txt', 'new\n');
  const { tree } = await recordTree(fix.worktree, { environment: fix.repo.environment, helperFd: null });
  fix.put('new.txt', 'now\n');
  const before = fingerprint(fix.repo.root, (path) => path.includes('objects'));
  const result = await fix.git.commitWork(fix.commitSpec({ tree }));
  expect(blocker(result)).toBe('PAWL_WORKSPACE_CHANGED');
  expect(result).toMatchObject({ blocker: { params: { reason: 'afterEnd' } } });
  expect(fingerprint(fix.repo.root, (path) => path.includes('objects'))).toEqual(before);
});

test.each([
  ['garbage', () => writeFileSync(join(fix.admin, 'HEAD'), 'garbage\n')],
  ['gone', () => rmSync(join(fix.admin, 'HEAD'))],
])('a HEAD of the worktree that is %s is told as what it is', async (_how, damage) => {
  fix.put('new.txt', 'new\n');
  damage();
  expect(await fix.git.commitWork(fix.commitSpec())).toMatchObject({
    blocker: {
      code: 'PAWL_WORKSPACE_CHANGED',
      params: { reason: 'headDamaged' },
      evidence: [join(fix.admin, 'HEAD')],
    },
  });
});

const ODD_STATES: readonly (readonly [string, string, (f: Fixture) => void])[] = [
  ['on another branch', 'PAWL_WORKSPACE_CHANGED', (f) => void f.inside(['checkout', '--quiet', '-b', 'mine'])],
  ['detached', 'PAWL_WORKSPACE_CHANGED', (f) => void f.inside(['checkout', '--quiet', '--detach'])],
  [
    'with its branch deleted',
    'PAWL_WORKSPACE_CHANGED',
    (f) => void f.inside(['update-ref', '-d', `refs/heads/${BRANCH}`]),
  ],
  ['amended', 'PAWL_WORKSPACE_DIVERGED', (f) => void f.inside(['commit', '--quiet', '--amend', '-m', 'Amended'])],
  ['mid-merge with conflicts', 'PAWL_WORKSPACE_CHANGED', (f) => conflict(f, ['merge', 'other'])],
  ['mid-rebase', 'PAWL_WORKSPACE_CHANGED', (f) => conflict(f, ['rebase', 'other'])],
  ['mid-pick', 'PAWL_WORKSPACE_CHANGED', (f) => conflict(f, ['cherry-pick', 'other'])],
  [
    'mid-merge, resolved',
    'PAWL_WORKSPACE_CHANGED',
    (f) => {
      conflict(f, ['merge', 'other']);
      f.inside(['add', '-A']);
    },
  ],
  [
    'with a stash that does not apply',
    'PAWL_WORKSPACE_CHANGED',
    (f) => {
      f.put('src/one.txt', 'stashed\n');
      f.inside(['stash']);
      f.put('src/one.txt', 'other\n');
      f.inside(['commit', '--quiet', '-am', 'Other']);
      expect(() => f.inside(['stash', 'apply'])).toThrow();
    },
  ],
  ['with a repository inside', 'PAWL_WORKSPACE_CHANGED', (f) => nestedRepository(f, true)],
  ['with an unborn repository inside', 'PAWL_WORKSPACE_CHANGED', (f) => nestedRepository(f, false)],
  ['without its link', 'PAWL_WORKSPACE_CHANGED', (f) => rmSync(join(f.worktree, '.git'))],
  [
    'with a repository of the worker in its place',
    'PAWL_WORKSPACE_CHANGED',
    (f) => {
      rmSync(join(f.worktree, '.git'));
      f.inside(['init', '--quiet', `--initial-branch=${BRANCH}`]);
    },
  ],
  ['gone', 'PAWL_WORKSPACE_CHANGED', (f) => rmSync(f.worktree, { recursive: true })],
  ['with a damaged index', 'PAWL_WORKSPACE_CHANGED', (f) => writeFileSync(join(f.admin, 'index'), 'no index')],
  ['with a damaged HEAD', 'PAWL_WORKSPACE_CHANGED', (f) => writeFileSync(join(f.admin, 'HEAD'), '')],
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

function nestedRepository(f: Fixture, hasCommit: boolean): void {
  f.put('deep/nested/file.txt', 'nested\n');
  const nested = join(f.worktree, 'deep/nested');
  f.repo.git(['init', '--quiet'], nested);
  if (hasCommit)
    f.repo.git(['-c', 'user.name=N', '-c', 'user.email=n@n', 'commit', '--quiet', '--allow-empty', '-m', 'N'], nested);
}

test.each(ODD_STATES)(
  "a worktree left %s is a blocker, and the user's checkout stays as it is",
  async (_, code, spoil) => {
    const before = usersCheckout(fix.repo);
    spoil(fix);
    const branch = fix.repo.git(['for-each-ref', '--format=%(objectname)', `refs/heads/${BRANCH}`]);
    expect(blocker(await fix.git.commitWork(fix.commitSpec()))).toBe(code);
    expect(fix.repo.git(['for-each-ref', '--format=%(objectname)', `refs/heads/${BRANCH}`])).toBe(branch);
    expect(usersCheckout(fix.repo)).toEqual(before);
  },
);
