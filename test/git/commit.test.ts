import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordTree } from '../../src/adapters/git/tree.ts';
import type { CommitResult } from '../../src/ports/git.ts';
import { BRANCH, createFixture, type Fixture, KEY, RUN_ID, usersCheckout } from './git-fixture.ts';

let fix: Fixture;
beforeEach(async () => {
  fix = createFixture();
  await fix.git.prepareWorkspace(fix.spec());
});
afterEach(() => fix.repo.remove());

function committed(result: CommitResult): Extract<CommitResult, { kind: 'committed' }> {
  if (result.kind !== 'committed') throw new Error(`not committed: ${JSON.stringify(result)}`);
  return result;
}

const ODD_NAMES = ['a\nb.txt', '"quoted".txt', 'ünïcødé ☃.txt', ' blank ', '-dash', ':(top)magic', 'tab\there'];

test('what a worker left is one commit on the branch, with trailers, and nothing of it is left uncommitted', async () => {
  const before = usersCheckout(fix.repo);
  fix.put('src/one.txt', 'two\n');
  for (const name of ODD_NAMES) fix.put(name, `${name}\n`);
  symlinkSync('/nowhere', join(fix.worktree, 'dangling'));
  rmSync(join(fix.worktree, 'README.md'));
  const { tree } = await recordTree(fix.worktree, { environment: fix.repo.environment, helperFd: null });
  const result = committed(await fix.git.commitWork(fix.commitSpec({ tree, subject: 'Do\0 the\nwork\u001b[31m' })));
  expect(fix.inside(['rev-parse', `refs/heads/${BRANCH}`])).toBe(result.commit);
  expect(fix.inside(['rev-parse', `${result.commit}^{tree}`])).toBe(tree);
  expect(fix.inside(['rev-parse', `${result.commit}^`])).toBe(fix.base);
  expect(fix.inside(['status', '--porcelain'])).toBe('');
  expect(fix.inside(['log', '-1', '--format=%B'])).toBe(
    `Do the work\n\nPawl-Run: ${RUN_ID}\nPawl-Task: implementation-1\nPawl-Effect: ${KEY}\n`,
  );
  expect(fix.inside(['log', '-1', '--format=%an <%ae> %cn <%ce>'])).toBe(
    'A User <user@example.invalid> A User <user@example.invalid>',
  );
  expect([...result.filesChanged].sort()).toEqual([...ODD_NAMES, 'README.md', 'dangling', 'src/one.txt'].sort());
  expect(result.fileCount).toBe(10);
  const patch = execFileSync('git', ['diff', '--binary', '--full-index', fix.base, result.commit], {
    cwd: fix.worktree,
    env: fix.repo.environment,
  });
  expect(result.patchHash).toBe(createHash('sha256').update(patch).digest('hex'));
  expect(usersCheckout(fix.repo)).toEqual(before);
});

test('the commit is found again by its key, and its patch hash is the same under any configuration', async () => {
  fix.put('new.txt', 'new\n');
  const first = await fix.git.commitWork(fix.commitSpec());
  for (const [name, value] of [
    ['diff.noprefix', 'true'],
    ['diff.algorithm', 'patience'],
    ['diff.context', '9'],
    ['color.ui', 'always'],
    ['diff.external', '/bin/false'],
    ['log.showSignature', 'true'],
    ['core.abbrev', '5'],
  ] as const) {
    fix.repo.git(['config', name, value]);
  }
  expect(await fix.git.commitWork(fix.commitSpec())).toEqual(first);
  expect(fix.inside(['rev-list', '--count', `${fix.base}..HEAD`])).toBe('1');
  expect(fix.inside(['status', '--porcelain'])).toBe('');
});

test('a key that only begins alike is another key', async () => {
  fix.put('new.txt', 'new\n');
  const first = committed(await fix.git.commitWork(fix.commitSpec({ key: `${KEY}2` })));
  fix.put('more.txt', 'more\n');
  const second = committed(await fix.git.commitWork(fix.commitSpec({ parentCommit: first.commit })));
  expect(second.commit).not.toBe(first.commit);
  fix.put('again.txt', 'again\n');
  const third = committed(await fix.git.commitWork(fix.commitSpec({ key: KEY.slice(0, -1) })));
  expect([first.commit, second.commit]).not.toContain(third.commit);
});

test('an index left stale between commit and answer is settled when the commit is found again', async () => {
  fix.put('new.txt', 'new\n');
  const index = readFileSync(join(fix.admin, 'index'));
  const first = await fix.git.commitWork(fix.commitSpec());
  writeFileSync(join(fix.admin, 'index'), index);
  writeFileSync(join(fix.admin, 'index.lock'), '');
  expect(fix.inside(['status', '--porcelain'])).not.toBe('');
  expect(await fix.git.commitWork(fix.commitSpec())).toEqual(first);
  expect(fix.inside(['status', '--porcelain'])).toBe('');
});

test("commits of the worker's own stand as they are, and no empty one is added", async () => {
  fix.put('new.txt', 'new\n');
  fix.inside(['add', '-A']);
  fix.inside(['commit', '--quiet', '-m', 'By the worker']);
  const head = fix.inside(['rev-parse', 'HEAD']);
  const result = committed(await fix.git.commitWork(fix.commitSpec()));
  expect(result.commit).toBe(head);
  expect(result.filesChanged).toEqual(['new.txt']);
});

test("what is left beside the worker's own commits is committed on top of them", async () => {
  fix.put('new.txt', 'new\n');
  fix.inside(['add', '-A']);
  fix.inside(['commit', '--quiet', '-m', 'By the worker']);
  fix.put('more.txt', 'more\n');
  const result = committed(await fix.git.commitWork(fix.commitSpec()));
  expect(fix.inside(['rev-list', '--count', `${fix.base}..HEAD`])).toBe('2');
  expect(result.filesChanged).toEqual(['more.txt', 'new.txt']);
});

test('no change at all is empty, and so are commits that undo each other', async () => {
  expect(await fix.git.commitWork(fix.commitSpec())).toMatchObject({ kind: 'empty', commit: fix.base });
  fix.put('new.txt', 'new\n');
  fix.inside(['add', '-A']);
  fix.inside(['commit', '--quiet', '-m', 'There']);
  fix.inside(['revert', '--no-edit', 'HEAD']);
  const head = fix.inside(['rev-parse', 'HEAD']);
  expect(await fix.git.commitWork(fix.commitSpec())).toMatchObject({ kind: 'empty', commit: head });
});

test('a commit that is taken back without a commit leaves a clean worktree, and is empty both times', async () => {
  fix.put('new.txt', 'new\n');
  fix.inside(['add', '-A']);
  fix.inside(['commit', '--quiet', '-m', 'There']);
  rmSync(join(fix.worktree, 'new.txt'));
  const result = await fix.git.commitWork(fix.commitSpec());
  expect(result.kind).toBe('empty');
  expect(fix.inside(['status', '--porcelain'])).toBe('');
  expect(await fix.git.commitWork(fix.commitSpec())).toEqual(result);
});

test('a change in the same clock tick as the index is seen by host and runner', async () => {
  const file = join(fix.worktree, 'racy.txt');
  const tick = new Date(Date.now() - 60_000);
  // Time, size and place of the file are all that git remembers of it.
  fix.repo.git(['config', 'core.trustctime', 'false']);
  fix.put('racy.txt', 'aaaa');
  utimesSync(file, tick, tick);
  fix.inside(['add', 'racy.txt']);
  utimesSync(join(fix.admin, 'index'), tick, tick);
  fix.put('racy.txt', 'bbbb');
  utimesSync(file, tick, tick);
  const { tree } = await recordTree(fix.worktree, { environment: fix.repo.environment, helperFd: null });
  expect(fix.inside(['cat-file', 'blob', `${tree}:racy.txt`])).toBe('bbbb');
  const { commit } = committed(await fix.git.commitWork(fix.commitSpec({ tree })));
  expect(fix.inside(['cat-file', 'blob', `${commit}:racy.txt`])).toBe('bbbb');
});

test('without any identity the commit is in the name of Pawl', async () => {
  fix.repo.git(['config', '--unset', 'user.name']);
  fix.repo.git(['config', '--unset', 'user.email']);
  fix.repo.git(['config', 'user.useConfigOnly', 'true']);
  fix.put('new.txt', 'new\n');
  await fix.git.commitWork(fix.commitSpec());
  expect(fix.inside(['log', '-1', '--format=%an <%ae> %cn <%ce>'])).toBe('Pawl <pawl@localhost> Pawl <pawl@localhost>');
});

test('no hook of the repository runs and nothing is signed', async () => {
  const said = join(fix.repo.root, 'hook-ran');
  const hooks = join(fix.repo.path, '.git/hooks');
  mkdirSync(hooks, { recursive: true });
  const names = [
    'pre-commit',
    'prepare-commit-msg',
    'commit-msg',
    'post-commit',
    'post-checkout',
    'reference-transaction',
    'post-index-change',
  ];
  for (const name of names) {
    writeFileSync(join(hooks, name), `#!/bin/sh\necho ${name} >> '${said}'\nexit 1\n`);
    chmodSync(join(hooks, name), 0o755);
  }
  fix.repo.git(['config', 'commit.gpgsign', 'true']);
  fix.repo.git(['config', 'gpg.program', '/bin/false']);
  const other = fix.spec({ runId: 'run_2', worktree: `${fix.worktree}-2`, branch: 'second' });
  expect((await fix.git.prepareWorkspace(other)).kind).toBe('ready');
  fix.put('new.txt', 'new\n');
  committed(await fix.git.commitWork(fix.commitSpec()));
  fix.put('left.txt', 'left\n');
  expect(await fix.git.rescueAndReset(fix.resetSpec())).not.toBeNull();
  await fix.git.releaseBranch(fix.worktree);
  expect(existsSync(said)).toBe(false);
});

test.each(['true', 'input'])('line ends under autocrlf=%s leave nothing uncommitted', async (value) => {
  fix.repo.git(['config', 'core.autocrlf', value]);
  fix.repo.git(['config', 'core.safecrlf', 'true']);
  fix.put('crlf.txt', 'a\r\nb\r\n');
  fix.put('mixed.txt', 'a\r\nb\n');
  const { tree } = await recordTree(fix.worktree, { environment: fix.repo.environment, helperFd: null });
  committed(await fix.git.commitWork(fix.commitSpec({ tree })));
  expect((await fix.git.state(fix.worktree)).trackedChanges).toEqual([]);
  expect(fix.inside(['status', '--porcelain'])).toBe('');
});

test("ignored files and the answer folder are no part of the work, whatever the worker's ignore rules say", async () => {
  writeFileSync(join(fix.repo.path, '.git/info/exclude'), '');
  fix.put('.pawl-task/completion.json', '{}');
  fix.put('.gitignore', 'build/\n!.pawl-task\n');
  fix.put('build/out.js', 'x\n');
  expect(committed(await fix.git.commitWork(fix.commitSpec())).filesChanged).toEqual(['.gitignore']);
  expect(await fix.git.state(fix.worktree)).toMatchObject({ trackedChanges: [], untracked: [] });
});

test('the answer folder is in no commit, though the worker has committed it: no gate could see another content in it', async () => {
  fix.put('.pawl-task/x.js', 'evil\n');
  fix.put('.pawl-task.js', 'mine\n');
  fix.inside(['add', '--force', '-A']);
  fix.inside(['-c', 'user.name=W', '-c', 'user.email=w@w', 'commit', '--quiet', '-m', 'Work']);
  fix.put('.pawl-task/x.js', 'good\n');
  const listed = (): string[] => fix.inside(['ls-tree', '-r', '--name-only', 'HEAD']).split('\n');
  expect(listed()).toContain('.pawl-task/x.js');
  expect((await fix.git.commitWork(fix.commitSpec())).kind).toBe('committed');
  expect(listed().filter((path) => path.startsWith('.pawl'))).toEqual(['.pawl-task.js']);
  expect(await fix.git.state(fix.worktree)).toMatchObject({ trackedChanges: [], untracked: [] });
});

test('a submodule that the worker added properly is part of the work', async () => {
  const library = join(fix.repo.root, 'library');
  mkdirSync(library);
  fix.repo.git(['init', '--quiet'], library);
  fix.repo.git(['-c', 'user.name=N', '-c', 'user.email=n@n', 'commit', '--quiet', '--allow-empty', '-m', 'N'], library);
  fix.inside(['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'library']);
  expect(committed(await fix.git.commitWork(fix.commitSpec())).filesChanged).toEqual(['.gitmodules', 'library']);
  expect(fix.inside(['status', '--porcelain'])).toBe('');
});

test('of many files the first 200 are named and all are counted', async () => {
  for (let n = 0; n < 450; n += 1) fix.put(`many/${String(n).padStart(4, '0')}.txt`, `${n}\n`);
  const result = committed(await fix.git.commitWork(fix.commitSpec()));
  expect(result.filesChanged).toHaveLength(200);
  expect(result.fileCount).toBe(450);
  expect(await fix.git.filesChanged(fix.worktree, fix.base, result.commit)).toEqual({
    files: result.filesChanged,
    count: 450,
  });
});

test('what changed is reported by file, in lines; no attribute hides a change', async () => {
  fix.put('src/one.txt', 'a\nb\n');
  fix.put('.gitattributes', '*.txt binary -diff\n');
  fix.put('raw', 'x\u0000y\n');
  const { commit } = committed(await fix.git.commitWork(fix.commitSpec()));
  const { files, ...sums } = await fix.git.diffStat(fix.base, commit);
  expect(files.filter(({ path }) => path !== 'README.md')).toEqual([
    { path: '.gitattributes', added: 1, deleted: 0, isBinary: false },
    { path: 'raw', added: expect.any(Number), deleted: 0, isBinary: true },
    { path: 'src/one.txt', added: 2, deleted: expect.any(Number), isBinary: false },
  ]);
  expect(sums.fileCount).toBe(files.length);
  expect(await fix.git.diffStat(fix.base, commit)).toEqual({ files, ...sums });
  await expect(fix.git.diffStat('e'.repeat(40), commit)).rejects.toMatchObject({ code: 'PAWL_GIT_FAILED' });
});

test('commits are listed oldest first', async () => {
  for (const subject of ['One', 'Two']) fix.inside(['commit', '--quiet', '--allow-empty', '-m', `${subject}\n\nBody`]);
  const head = fix.inside(['rev-parse', 'HEAD']);
  expect(await fix.git.commits(fix.worktree, fix.base, head)).toEqual([
    { commit: fix.inside(['rev-parse', 'HEAD^']), subject: 'One' },
    { commit: head, subject: 'Two' },
  ]);
  expect(await fix.git.commits(fix.worktree, head, head)).toEqual([]);
});

test('a lock on the branch that stays the same is taken for stale, but not at once', async () => {
  fix.put('new.txt', 'new\n');
  const lock = join(fix.repo.path, '.git/refs/heads', `${BRANCH}.lock`);
  writeFileSync(lock, '');
  const started = Date.now();
  committed(await fix.git.commitWork(fix.commitSpec()));
  expect(existsSync(lock)).toBe(false);
  // The lock could have been the user's own git at work.
  expect(Date.now() - started).toBeGreaterThanOrEqual(2_000);
});
