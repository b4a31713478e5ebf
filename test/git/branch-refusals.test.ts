/** Branches that no run may have, and places that the system cannot hold: refused before anything is made. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WorkspaceSpec } from '../../src/ports/git.ts';
import { createFixture, type Fixture, fingerprint } from './git-fixture.ts';

let fix: Fixture;
beforeEach(() => {
  fix = createFixture();
});
afterEach(() => fix.repo.remove());

/** The code that both the look and the deed answer with; neither changes anything. */
async function refusalOf(changes: Partial<WorkspaceSpec>): Promise<string> {
  const before = fingerprint(fix.repo.root);
  const looked = await fix.git.workspaceProblem(fix.spec(changes));
  const done = await fix.git.prepareWorkspace(fix.spec(changes));
  expect(done).toEqual({ kind: 'refused', blocker: looked });
  expect(fingerprint(fix.repo.root)).toEqual(before);
  return looked?.code ?? '';
}

test('the default branch is refused although the user has checked out something else', async () => {
  fix.repo.git(['checkout', '--quiet', '-b', 'topic']);
  for (const changes of [{ branch: 'main' }, { branch: 'MAIN' }, { branch: 'main', baseBranch: 'topic' }]) {
    expect(await refusalOf(changes)).toBe('PAWL_WORKSPACE_BRANCH_PROTECTED');
  }
});

test('the base that the packet names is refused, whatever it is called', async () => {
  fix.repo.git(['branch', 'release']);
  expect(await refusalOf({ branch: 'release', baseBranch: 'release' })).toBe('PAWL_WORKSPACE_BRANCH_PROTECTED');
  expect(await fix.git.workspaceProblem(fix.spec({ branch: 'release', baseBranch: 'main' }))).toBeNull();
});

test('where no branch has a usual name, the one that is checked out is the default branch', async () => {
  fix.repo.git(['checkout', '--quiet', '-b', 'trunk']);
  expect(await fix.git.facts()).toMatchObject({ defaultBranches: ['main'] });
  fix.repo.git(['branch', '--quiet', '-D', 'main']);
  expect(await fix.git.facts()).toMatchObject({ defaultBranches: ['trunk'] });
  expect(await refusalOf({ branch: 'trunk' })).toBe('PAWL_WORKSPACE_BRANCH_PROTECTED');
  fix.repo.git(['branch', 'release']);
  fix.repo.git(['checkout', '--quiet', '--detach']);
  expect(await fix.git.facts()).toMatchObject({ defaultBranches: [] });
  expect(await refusalOf({ branch: 'release', baseBranch: 'release' })).toBe('PAWL_WORKSPACE_BRANCH_PROTECTED');
});

test('a worktree that stands already, made when its base was not told, is refused as well', async () => {
  fix.repo.git(['branch', 'trunk']);
  expect(await fix.git.prepareWorkspace(fix.spec({ branch: 'work', baseBranch: 'trunk' }))).toMatchObject({
    kind: 'ready',
  });
  expect(await fix.git.prepareWorkspace(fix.spec({ branch: 'trunk' }))).toMatchObject({
    kind: 'refused',
    blocker: { code: 'PAWL_WORKSPACE_BRANCH_PROTECTED' },
  });
});

test('the default branch is what origin calls its head, and then no other name is protected', async () => {
  fix.repo.git(['update-ref', 'refs/remotes/origin/trunk', fix.base]);
  fix.repo.git(['symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk']);
  expect(await refusalOf({ branch: 'trunk' })).toBe('PAWL_WORKSPACE_BRANCH_PROTECTED');
  fix.repo.git(['checkout', '--quiet', '-b', 'topic']);
  expect(await fix.git.workspaceProblem(fix.spec({ branch: 'main', baseBranch: 'trunk' }))).toBeNull();
});

test('where origin does not say it, what another remote calls its head is protected beside the usual names', async () => {
  fix.repo.git(['update-ref', 'refs/remotes/upstream/release/next', fix.base]);
  fix.repo.git(['symbolic-ref', 'refs/remotes/upstream/HEAD', 'refs/remotes/upstream/release/next']);
  fix.repo.git(['symbolic-ref', 'refs/remotes/odd/HEAD', 'refs/heads/main']);
  expect(await fix.git.facts()).toMatchObject({ defaultBranches: ['main', 'release/next'] });
  expect(await refusalOf({ branch: 'release/next' })).toBe('PAWL_WORKSPACE_BRANCH_PROTECTED');
});

test('the facts are the address of origin and the default branches, read without the network', async () => {
  expect(await fix.git.facts()).toEqual({ origin: null, defaultBranches: ['main'] });
  fix.repo.git(['remote', 'add', 'origin', 'git@github.invalid:acme/widgets.git']);
  fix.repo.git(['config', 'init.defaultBranch', 'trunk']);
  fix.repo.git(['branch', 'trunk']);
  expect(await fix.git.facts()).toEqual({
    origin: 'git@github.invalid:acme/widgets.git',
    defaultBranches: ['trunk', 'main'],
  });
});

const URL = 'git@github.invalid:acme/widgets.git';
const ORIGINS: readonly (readonly [string, ...(readonly string[])[]])[] = [
  ['none'],
  ['one', ['remote.origin.url', URL]],
  ['of another remote', ['remote.upstream.url', URL]],
  ['two', ['remote.origin.url', URL], ['--add', 'remote.origin.url', 'second.invalid:x']],
  ['one that is only fetched from', ['remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*']],
  ['one that is rewritten', ['remote.origin.url', 'work:x'], ['url.git@github.invalid:acme/.insteadOf', 'work:']],
  ['one whose pushes are rewritten', ['remote.origin.url', 'a:x'], ['url.b:.pushInsteadOf', 'a:']],
  ['of several lines', ['remote.origin.url', 'a\nb'], ['user.note', 'c\nremote.origin.url']],
  ['one that pushes elsewhere', ['remote.origin.url', URL], ['remote.origin.pushurl', 'elsewhere.invalid:x']],
];
test.each(ORIGINS)('the address of origin is what git says: %s', async (_name, ...settings) => {
  for (const setting of settings) fix.repo.git(['config', ...setting]);
  const said = spawnSync('git', ['remote', 'get-url', 'origin'], {
    cwd: fix.repo.path,
    env: { ...process.env, ...fix.repo.environment },
    encoding: 'utf8',
  });
  const { origin } = await fix.git.facts();
  expect(origin).toBe(said.status === 0 ? said.stdout.replace(/\n$/, '') : null);
});

test.each(['remotes', 'branches'])('an origin as early versions of git kept it, in %s, is known', async (folder) => {
  const path = join(fix.repo.path, '.git', folder);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'origin'), folder === 'remotes' ? `URL: ${URL}\n` : `${URL}\n`);
  expect((await fix.git.facts()).origin).toBe(URL);
});

test('a branch that git cannot lock is refused, and the longest one that it can is made', async () => {
  expect(await refusalOf({ branch: 'a'.repeat(252) })).toBe('PAWL_WORKSPACE_PATH_TOO_LONG');
  expect(await refusalOf({ branch: `a/${'é'.repeat(126)}` })).toBe('PAWL_WORKSPACE_PATH_TOO_LONG');
  const longest = 'a'.repeat(250);
  expect(await fix.git.prepareWorkspace(fix.spec({ branch: longest }))).toMatchObject({ kind: 'ready' });
  execFileSync('git', ['rev-parse', '--verify', `refs/heads/${longest}`], { cwd: fix.repo.path });
});

test('a worktree whose path leaves no room for files is refused', async () => {
  const deep = Array.from({ length: 40 }, () => 'd'.repeat(100)).join('/');
  expect(await refusalOf({ worktree: join(fix.repo.root, deep, 'run_x') })).toBe('PAWL_WORKSPACE_PATH_TOO_LONG');
});
