/** A repository whose files are kept by a filter is refused by name before any worker starts; one that merely could be is not. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFixture, type Fixture } from './git-fixture.ts';

let fix: Fixture;
beforeEach(() => {
  fix = createFixture();
});
afterEach(() => fix.repo.remove());

function track(path: string, content: string): void {
  fix.repo.write(path, content);
  fix.repo.git(['add', '-A']);
  fix.repo.git(['-c', 'filter.f.clean=cat', 'commit', '--quiet', '-m', `Track ${path}`]);
}

test('Git LFS is refused by its name with where it is asked for, installed or not, and nothing is made', async () => {
  track('assets/.gitattributes', '*.psd filter=lfs diff=lfs merge=lfs -text\n');
  const result = await fix.git.prepareWorkspace(fix.spec());
  expect(result).toMatchObject({ kind: 'refused', blocker: { code: 'PAWL_REPOSITORY_FILTERS' } });
  expect(JSON.stringify(result)).toContain('Git LFS (assets/.gitattributes:1 *.psd)');
  expect(await fix.git.workspaceProblem(fix.spec())).toMatchObject({ code: 'PAWL_REPOSITORY_FILTERS' });
  expect(fix.repo.git(['worktree', 'list', '--porcelain']).match(/^worktree /gm)).toHaveLength(1);
});

test('another filter is refused where it is set up, and is no matter where git itself does not run it', async () => {
  track('.gitattributes', '*.secret filter=f\n*.ipynb filter=absent\n');
  expect(await fix.git.workspaceProblem(fix.spec())).toBeNull();
  fix.repo.git(['config', 'filter.f.smudge', 'cat']);
  const problem = await fix.git.workspaceProblem(fix.spec());
  expect(problem?.code).toBe('PAWL_REPOSITORY_FILTERS');
  expect(problem?.message).toContain('the filter f (.gitattributes:1 *.secret)');
  expect(problem?.message).not.toContain('absent');
});

test('filters that are set up and asked for by nothing that is tracked are no reason to refuse', async () => {
  for (const way of ['clean', 'smudge', 'process']) fix.repo.git(['config', `filter.lfs.${way}`, `git-lfs ${way}`]);
  fix.repo.git(['config', 'filter.f.clean', 'false']);
  fix.repo.write(join(fix.repo.path, '.git/info/attributes'), '* filter=f\n');
  expect((await fix.git.prepareWorkspace(fix.spec())).kind).toBe('ready');
  fix.repo.write(join(fix.repo.path, '.git/info/attributes'), '*.psd filter=lfs\n');
  expect(await fix.git.workspaceProblem(fix.spec())).toMatchObject({ code: 'PAWL_REPOSITORY_FILTERS' });
});
