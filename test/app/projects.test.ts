/** What may be registered as a project, under which id, and what is read of it. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { type AddRequest, addProject, factsFrom, removeProject } from '../../src/app/projects.ts';
import { createSandboxRepo, type SandboxRepo } from '../../src/prove/real/sandbox-repo.ts';
import { Files } from '../../src/store/files.ts';
import { HomePaths } from '../../src/store/home/home-paths.ts';
import { ProjectStore } from '../../src/store/home/projects.ts';
import { toldBy } from '../store/store-kit.ts';

function repository(): { readonly repo: SandboxRepo; readonly store: ProjectStore } {
  const repo = createSandboxRepo();
  onTestFinished(() => repo.remove());
  return { repo, store: new ProjectStore(new Files(nodeFs, systemClock), new HomePaths(join(repo.root, 'state'))) };
}

const asked = (path: string, more: Partial<AddRequest> = {}): AddRequest => ({
  path,
  by: 'ada',
  key: null,
  bodyHash: null,
  ...more,
});

describe('the top level of a repository', () => {
  it('is registered under its folder, its links resolved', async () => {
    const { repo, store } = repository();
    const link = join(repo.root, 'link');
    symlinkSync(repo.path, link);
    const added = await addProject(store, asked(link));
    expect(added).toMatchObject({ isNew: true, record: { id: 'repo', name: 'repo', path: repo.path, by: 'ada' } });
    expect(await toldBy(() => addProject(store, asked(repo.path, { id: 'other' })))).toMatchObject({
      code: 'PAWL_PROJECT_EXISTS',
    });
  });

  it.each([
    ['My App (2)', 'my-app-2-'],
    ['..Ünder_score', 'nder_score'],
    ['a..b', 'a.b'],
    ['日本', 'project'],
    ['x'.repeat(200), 'x'.repeat(60)],
  ])('that is called %s gets a valid id', async (folder, id) => {
    const { repo, store } = repository();
    const path = join(repo.root, folder);
    repo.git(['init', '--quiet', path]);
    expect((await addProject(store, asked(path)))?.record).toMatchObject({ id, name: folder });
  });
});

describe('what is no project', () => {
  it.each([
    ['a folder below the top', 'repo/src'],
    ['a folder outside of any repository', 'home'],
    ['a folder that is not there', 'nowhere'],
    ['a linked worktree', 'linked'],
    ['a bare repository', 'bare'],
    ['a file', 'repo/README.md'],
  ])('is %s', async (_what, place) => {
    const { repo, store } = repository();
    repo.git(['worktree', 'add', '--quiet', join(repo.root, 'linked')]);
    repo.git(['init', '--quiet', '--bare', join(repo.root, 'bare')]);
    mkdirSync(join(repo.path, 'src'), { recursive: true });
    const told = await toldBy(() => addProject(store, asked(join(repo.root, place))));
    expect(told.code).toBe('PAWL_PROJECT_INVALID');
    expect(store.list()).toEqual([]);
  });
});

it('a registration with a key is made once, and the key refuses another body', async () => {
  const { repo, store } = repository();
  const first = await addProject(store, asked(repo.path, { key: 'k', bodyHash: 'h' }));
  expect(await addProject(store, asked(repo.path, { key: 'k', bodyHash: 'h' }))).toEqual({ ...first, isNew: false });
  expect(await addProject(store, asked(repo.path, { key: 'k', bodyHash: 'other' }))).toBeNull();
});

it('a project whose runs have not ended is archived by force alone', async () => {
  const { repo, store } = repository();
  await addProject(store, asked(repo.path));
  const order = { id: 'repo', by: 'ada', open: ['run_a', 'run_b'], isForced: false };
  expect(await toldBy(() => removeProject(store, order))).toMatchObject({
    code: 'PAWL_PROJECT_BUSY',
    message: '2 runs of repo have not ended: run_a, run_b.',
  });
  expect(store.list()).toHaveLength(1);
  await removeProject(store, { ...order, isForced: true });
  expect(store.list()).toEqual([]);
});

it.each([
  ['https://ada:secret@forge.example/a/b.git', 'https://forge.example/a/b.git'],
  ['https://ada:sec@ret#x@forge.example/a/b.git', 'https://forge.example/a/b.git'],
  ['https://token@forge.example:8443/a/b.git', 'https://forge.example:8443/a/b.git'],
  ['ssh://git@forge.example/a/b@2', 'ssh://forge.example/a/b@2'],
  ['git@forge.example:a/b.git', 'git@forge.example:a/b.git'],
  ['/srv/git/a@b.git', '/srv/git/a@b.git'],
])('the origin %s is shown as %s', (origin, repo) => {
  expect(factsFrom({ origin, defaultBranches: ['main', 'master'] })).toEqual({ repo, defaultBranch: 'main' });
});

it('a repository without origin and branch has neither', () => {
  expect(factsFrom({ origin: null, defaultBranches: [] })).toEqual({ repo: null, defaultBranch: null });
});
