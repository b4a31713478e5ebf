/** A repository whose files are kept by a filter is refused by name before any worker starts, and so is work that brings one before it is committed. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { messageOf } from '../../src/blockers/shown-blocker.ts';
import { BRANCH, createFixture, type Fixture, KEY } from './git-fixture.ts';

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
  expect(result.kind === 'refused' && messageOf(result.blocker)).toContain('Git LFS (assets/.gitattributes:1 *.psd)');
  expect(await fix.git.workspaceProblem(fix.spec())).toMatchObject({ code: 'PAWL_REPOSITORY_FILTERS' });
  expect(fix.repo.git(['worktree', 'list', '--porcelain']).match(/^worktree /gm)).toHaveLength(1);
});

test('another filter is refused where it is set up, and is no matter where git itself does not run it', async () => {
  track('.gitattributes', '*.secret filter=f\n*.ipynb filter=absent\n');
  expect(await fix.git.workspaceProblem(fix.spec())).toBeNull();
  fix.repo.git(['config', 'filter.f.smudge', 'cat']);
  const problem = await fix.git.workspaceProblem(fix.spec());
  expect(problem?.code).toBe('PAWL_REPOSITORY_FILTERS');
  expect(problem && messageOf(problem)).toContain('the filter f (.gitattributes:1 *.secret)');
  expect(problem && messageOf(problem)).not.toContain('absent');
});

test('filters that are set up and asked for by nothing that is tracked are no reason to refuse', async () => {
  for (const way of ['clean', 'smudge', 'process']) fix.repo.git(['config', `filter.lfs.${way}`, `git-lfs ${way}`]);
  fix.repo.git(['config', 'filter.f.clean', 'false']);
  fix.repo.write(join(fix.repo.path, '.git/info/attributes'), '* filter=f\n');
  expect((await fix.git.prepareWorkspace(fix.spec())).kind).toBe('ready');
  fix.repo.write(join(fix.repo.path, '.git/info/attributes'), '*.psd filter=lfs\n');
  expect(await fix.git.workspaceProblem(fix.spec())).toMatchObject({ code: 'PAWL_REPOSITORY_FILTERS' });
});

describe('work', () => {
  const rules = '*.bin filter=lfs diff=lfs merge=lfs -text\n*.ipynb filter=strip\n';
  const FILTERS = { kind: 'refused', blocker: { code: 'PAWL_WORKSPACE_FILTERS' } };

  test('that brings a filter is not committed, set up here or not, whoever has committed it', async () => {
    await fix.git.prepareWorkspace(fix.spec());
    fix.put('assets/.gitattributes', rules);
    fix.put('assets/x.bin', 'raw\n');
    const refused = await fix.git.commitWork(fix.commitSpec());
    expect(refused).toMatchObject(FILTERS);
    const named = 'Git LFS and the filter strip (assets/.gitattributes:1 *.bin, assets/.gitattributes:2 *.ipynb)';
    expect(refused.kind === 'refused' && messageOf(refused.blocker)).toContain(named);
    expect(await fix.git.branchHead(BRANCH)).toBe(fix.base);
    fix.inside(['add', '--all']);
    fix.inside(['-c', 'filter.lfs.clean=cat', 'commit', '--quiet', '-m', `Mine\n\nPawl-Effect: ${KEY}`]);
    expect(await fix.git.commitWork(fix.commitSpec())).toMatchObject(FILTERS);
    const ref = (await fix.git.rescueAndReset(fix.resetSpec())) ?? '';
    expect(fix.repo.git(['cat-file', 'blob', `${ref}:assets/x.bin`])).toBe('raw');
    expect(fix.inside(['status', '--porcelain'])).toBe('');
  });

  test('under attributes without a filter, or with one that the base has and nobody has set up, is committed', async () => {
    track('.gitattributes', '*.ipynb filter=strip\n');
    await fix.git.prepareWorkspace(fix.spec());
    fix.put('.gitattributes', '*.ipynb filter=strip\n*.nb filter=strip\n*.txt text\n*.c -filter\n');
    const parentCommit = fix.repo.git(['rev-parse', 'main']);
    expect(await fix.git.commitWork(fix.commitSpec({ parentCommit }))).toMatchObject({ kind: 'committed' });
  });
});
