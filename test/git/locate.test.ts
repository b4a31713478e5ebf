import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { excludePatterns, locateRepository } from '../../src/adapters/git/locate.ts';
import { createSandboxRepo, type SandboxRepo } from '../../src/prove/real/sandbox-repo.ts';

let repo: SandboxRepo;
beforeEach(() => {
  repo = createSandboxRepo();
});
afterEach(() => {
  vi.restoreAllMocks();
  repo.remove();
});

const found = (cwd: string, extra: NodeJS.ProcessEnv = {}): unknown =>
  locateRepository(cwd, { ...repo.environment, ...extra });

test('the main worktree is found from itself, a subfolder, a linked worktree and .git', () => {
  const linked = join(repo.root, 'linked');
  repo.git(['worktree', 'add', '--quiet', '-b', 'linked', linked]);
  mkdirSync(join(linked, 'deep'));
  const place = { mainWorktree: repo.path, commonDir: join(repo.path, '.git') };
  for (const cwd of [repo.path, join(repo.path, 'src'), linked, join(linked, 'deep'), join(repo.path, '.git/refs')]) {
    expect(found(cwd), cwd).toEqual(place);
  }
});

test('git variables of the caller lead nowhere else', () => {
  const other = createSandboxRepo();
  try {
    const extra = { GIT_DIR: join(other.path, '.git'), GIT_WORK_TREE: other.path, GIT_COMMON_DIR: other.path };
    expect(found(repo.path, extra)).toMatchObject({ mainWorktree: repo.path });
  } finally {
    other.remove();
  }
});

test('a git folder apart from its checkout, and a submodule, are found', () => {
  const apart = join(repo.root, 'apart');
  repo.git(['init', '--quiet', `--separate-git-dir=${join(repo.root, 'apart.git')}`, apart]);
  expect(found(apart)).toEqual({ mainWorktree: apart, commonDir: join(repo.root, 'apart.git') });
  repo.git(['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', repo.path, 'sub']);
  const commonDir = join(repo.path, '.git/modules/sub');
  expect(found(join(repo.path, 'sub'))).toEqual({ mainWorktree: join(repo.path, 'sub'), commonDir });
  const linked = join(repo.root, 'linked');
  repo.git(['worktree', 'add', '--quiet', '-b', 'linked', linked], join(repo.path, 'sub'));
  expect(found(linked)).toEqual({ mainWorktree: join(repo.path, 'sub'), commonDir });
});

test.each([
  ['another checkout', '[core]\n\tworktree = ../../elsewhere\n'],
  ['a checkout that is not there', '[core]\n\tworktree = ../nowhere\n'],
  ['no checkout', '[core]\n\tbare = true\n'],
  ['what git cannot read', '[[garbage\n'],
  ['a format of the future', '[core]\n\trepositoryFormatVersion = 99\n'],
])('a shared configuration that names %s hides nothing', (_what, planted) => {
  const linked = join(repo.root, 'linked');
  repo.git(['worktree', 'add', '--quiet', '-b', 'linked', linked]);
  mkdirSync(join(repo.root, 'elsewhere'));
  appendFileSync(join(repo.path, '.git/config'), planted);
  const place = { mainWorktree: repo.path, commonDir: join(repo.path, '.git') };
  for (const cwd of [repo.path, join(repo.path, 'src'), linked, join(repo.path, '.git/refs')]) {
    expect(found(cwd), cwd).toEqual(place);
  }
});

test('a `commondir` planted beside the shared configuration leads nowhere', () => {
  const other = join(repo.root, 'other');
  repo.git(['clone', '--quiet', repo.path, other]);
  writeFileSync(join(repo.path, '.git/commondir'), `${join(other, '.git')}\n`);
  expect(found(join(repo.path, 'src'))).toEqual({ mainWorktree: repo.path, commonDir: join(repo.path, '.git') });
});

test('a `core.worktree` of a submodule counts only where that folder leads back', () => {
  repo.git(['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', repo.path, 'sub']);
  const linked = join(repo.root, 'linked');
  repo.git(['worktree', 'add', '--quiet', '-b', 'linked', linked], join(repo.path, 'sub'));
  repo.git(['config', 'core.worktree', repo.path], join(repo.path, 'sub'));
  expect(() => found(linked)).toThrow(expect.objectContaining({ code: 'PAWL_REPOSITORY_MISSING' }));
  expect(found(join(repo.path, 'sub'))).toMatchObject({ mainWorktree: join(repo.path, 'sub') });
});

test('a link that leads nowhere is no way to the repository above it, and an empty .git is none at all', () => {
  repo.write('damaged/.git', 'gitdir: /nowhere/at/all\n');
  repo.write('blank/.git', '');
  mkdirSync(join(repo.path, 'mounted/.git'), { recursive: true });
  for (const name of ['damaged', 'blank']) {
    expect(() => found(join(repo.path, name)), name).toThrow(
      expect.objectContaining({ code: 'PAWL_REPOSITORY_MISSING' }),
    );
  }
  expect(found(join(repo.path, 'mounted'))).toMatchObject({ mainWorktree: repo.path });
});

/** As if whoever started Pawl were not the one that the repository belongs to. */
function asSomebodyElse(): void {
  vi.spyOn(process, 'geteuid').mockReturnValue(statSync(repo.path).uid + 1);
}

test('a repository of somebody else is refused in the words of git', () => {
  asSomebodyElse();
  const bin = join(repo.root, 'bin');
  const said = "fatal: detected dubious ownership in repository at '/x'";
  repo.write(join(bin, 'git'), `#!/bin/sh\necho "${said}" >&2\nexit 128\n`);
  chmodSync(join(bin, 'git'), 0o755);
  expect(() => found(repo.path, { PATH: `${bin}:${process.env.PATH}` })).toThrow(
    expect.objectContaining({ code: 'PAWL_GIT_FAILED', message: expect.stringContaining(said) }),
  );
});

test('a repository before its first commit has a checkout, a bare one named .git has none', () => {
  const fresh = join(repo.root, 'fresh');
  repo.git(['init', '--quiet', fresh]);
  expect(found(fresh)).toMatchObject({ mainWorktree: fresh });
  const wrapped = join(repo.root, 'wrapped');
  repo.git(['clone', '--quiet', '--bare', repo.path, join(wrapped, '.git')]);
  repo.git(['worktree', 'add', '--quiet', join(wrapped, 'main')], wrapped);
  for (const cwd of [wrapped, join(wrapped, 'main')]) {
    expect(() => found(cwd), cwd).toThrow(
      expect.objectContaining({ message: expect.stringContaining('without a checkout of its own (bare)') }),
    );
  }
});

test('outside a repository, in a bare one and in a missing folder there is none', () => {
  const bare = join(repo.root, 'bare.git');
  repo.git(['clone', '--quiet', '--bare', repo.path, bare]);
  const linked = join(repo.root, 'linked');
  repo.git(['worktree', 'add', '--quiet', linked], bare);
  for (const cwd of [repo.root, bare, linked, join(repo.root, 'absent')]) {
    expect(() => found(cwd), cwd).toThrow(expect.objectContaining({ code: 'PAWL_REPOSITORY_MISSING' }));
  }
});

test('of a repository of the user it is known without git', () => {
  const linked = join(repo.root, 'linked');
  repo.git(['worktree', 'add', '--quiet', '-b', 'linked', linked]);
  for (const cwd of [repo.path, join(repo.path, 'src'), linked])
    expect(found(cwd, { PATH: repo.root }), cwd).toMatchObject({ mainWorktree: repo.path });
});

test('a machine without git is reported where git is needed', () => {
  asSomebodyElse();
  expect(() => found(repo.path, { PATH: repo.root })).toThrow(
    expect.objectContaining({ code: 'PAWL_GIT_FAILED', hint: expect.stringContaining('Install git') }),
  );
});

test('patterns are added to info/exclude once, after what was there', () => {
  const common = join(repo.path, '.git');
  const path = join(common, 'info/exclude');
  writeFileSync(path, '# mine\r\n/.pawl/\r\nlast line without end');
  excludePatterns(common, ['/.pawl/', '/.pawl-task/']);
  expect(readFileSync(path, 'utf8')).toBe('# mine\r\n/.pawl/\r\nlast line without end\n/.pawl-task/\n');
  const before = statSync(path);
  excludePatterns(common, ['/.pawl/', '/.pawl-task/']);
  expect(statSync(path).ino).toBe(before.ino);
  rmSync(join(common, 'info'), { recursive: true });
  excludePatterns(common, ['/.pawl/']);
  expect(readFileSync(path, 'utf8')).toBe('/.pawl/\n');
  expect(readdirSync(join(common, 'info'))).toEqual(['exclude']);
});
