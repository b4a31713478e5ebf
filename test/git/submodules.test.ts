/** What a worktree holds below its submodules is in no commit, and is named instead of passed over in silence. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BRANCH, createFixture, type Fixture } from './git-fixture.ts';

const OTHER = '1'.repeat(40);
let fix: Fixture;
let base: string;

beforeEach(async () => {
  fix = createFixture();
  // A commit of another repository, which nobody has here: as after a clone without its submodules.
  for (const path of ['lib/empty', 'lib/filled', 'gone', 'own\nline'])
    fix.repo.git(['update-index', '--add', '--cacheinfo', `160000,${OTHER},${path}`]);
  fix.repo.git(['commit', '--quiet', '-m', 'Submodules']);
  base = fix.repo.git(['rev-parse', 'main']);
  await fix.git.prepareWorkspace(fix.spec());
});
afterEach(() => fix.repo.remove());

const commit = () => fix.git.commitWork(fix.commitSpec({ parentCommit: base }));

test('empty submodules and files below them are reported with the commit, by name, odd names too', async () => {
  for (const name of ['lib/filled/new.txt', 'lib/filled/deep/er.txt', 'src/one.txt']) fix.put(name, 'two\n');
  mkdirSync(join(fix.worktree, 'lib/empty'), { recursive: true });
  const result = await commit();
  expect(result).toMatchObject({
    kind: 'committed',
    filesChanged: ['src/one.txt'],
    leftOut: {
      emptySubmodules: { paths: ['gone', 'lib/empty', 'own\nline'], count: 3 },
      filesBelowSubmodules: { paths: ['lib/filled/deep/er.txt', 'lib/filled/new.txt'], count: 2 },
    },
  });
  expect(fix.repo.git(['ls-tree', '-r', '--name-only', BRANCH, 'lib/filled/'])).toBe('lib/filled');
});

test('of many the first are named and all are counted', async () => {
  for (let n = 0; n < 30; n += 1) fix.put(`lib/filled/${String(n).padStart(2, '0')}`, '');
  const result = await commit();
  if (result.kind !== 'empty') throw new Error(`not empty: ${JSON.stringify(result)}`);
  expect(result.leftOut?.filesBelowSubmodules.count).toBe(30);
  expect(result.leftOut?.filesBelowSubmodules.paths).toHaveLength(20);
});

test('a submodule with a repository of its own is left to that, and without submodules nothing is reported', async () => {
  for (const path of ['lib/empty', 'lib/filled', 'gone', 'own\nline']) {
    mkdirSync(join(fix.worktree, path), { recursive: true });
    fix.repo.git(['init', '--quiet'], join(fix.worktree, path));
  }
  fix.put('lib/filled/new.txt', 'mine\n');
  expect(await commit()).toMatchObject({ leftOut: null });
});
