import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createGitRun, type GitCall, gitNow, pathStream } from '../../src/adapters/git/run-git.ts';
import { headOf, recordTree } from '../../src/adapters/git/tree.ts';
import { configuredUser } from '../../src/adapters/git/user-settings.ts';
import { createSandboxRepo, type SandboxRepo } from '../../src/prove/real/sandbox-repo.ts';

let repo: SandboxRepo;
beforeEach(() => {
  repo = createSandboxRepo();
});
afterEach(() => repo.remove());

const call = (args: readonly string[], extra: Partial<GitCall> = {}): GitCall => ({
  args,
  cwd: repo.path,
  gitDir: join(repo.path, '.git'),
  workTree: repo.path,
  ...extra,
});

function fakeGit(script: string): NodeJS.ProcessEnv {
  mkdirSync(join(repo.root, 'bin'), { recursive: true });
  writeFileSync(join(repo.root, 'bin/git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { ...repo.environment, PATH: `${join(repo.root, 'bin')}:${process.env.PATH}` };
}

test('a failure names the command, the exit code and what git said, safe to show', async () => {
  const environment = fakeGit('printf "fatal: \\033[31mno\\007 token=abcdef0123456789 in\\n there" >&2; exit 128');
  const expected = expect.objectContaining({
    code: 'PAWL_GIT_FAILED',
    message: `git commit-tree HEAD failed in ${repo.path}: exit 128: fatal: no token=[secret] in there`,
  });
  await expect(createGitRun({ helperFd: null, environment })(call(['commit-tree', 'HEAD', 'x']))).rejects.toEqual(
    expected,
  );
});

test.each([
  ['[[garbage', /^Git cannot read its configuration\. Look at line (\d+) of (\S+) \(sed -n \1p \2\), undo/],
  ['[core]\n\thooksPath', /Look at line \d+ of \S+\.git\/config \(sed/],
  ['[core]\n\tfileMode = maybe', /Look at core\.filemode in the configuration/],
])('a configuration that git cannot work with is named with the place to look at: %s', async (planted, hint) => {
  appendFileSync(join(repo.path, '.git/config'), `${planted}\n`);
  const expected = { code: 'PAWL_GIT_FAILED', hint: expect.stringMatching(hint) };
  const run = createGitRun({ helperFd: null, environment: repo.environment });
  // Not even a caller to whom a failure is an answer is told that there is no such commit.
  await expect(run(call(['rev-parse', 'main'], { answers: [0, 1, 128] }))).rejects.toMatchObject(expected);
});

test('a question asked before there is a registry fails with the same place to look at', () => {
  appendFileSync(join(repo.path, '.git/config'), '[[garbage\n');
  const hint = expect.stringMatching(/Look at line \d+ of \S+\.git\/config \(sed/);
  expect(() => configuredUser(repo.path, repo.environment)).toThrow(expect.objectContaining({ hint }));
});

test('a call that concerns no files does not go where the shared configuration says', async () => {
  repo.git(['config', 'core.worktree', '../nowhere']);
  const run = createGitRun({ helperFd: null, environment: repo.environment });
  expect((await run(call(['rev-parse', 'main'], { workTree: null }))).exitCode).toBe(0);
  expect(configuredUser(repo.path, repo.environment)).not.toBeNull();
});

test('a git that is killed is a failure, and so is a git that is not there', async () => {
  const killed = createGitRun({ helperFd: null, environment: fakeGit('kill -9 $$') });
  await expect(killed(call(['status']))).rejects.toMatchObject({ message: expect.stringContaining('SIGKILL') });
  const absent = createGitRun({ helperFd: null, environment: { PATH: repo.root } });
  await expect(absent(call(['status']))).rejects.toMatchObject({
    message: expect.stringContaining('git was not found'),
  });
});

test('no git variable of the caller reaches git, and every call is quiet and local', async () => {
  const environment = { ...fakeGit('env'), GIT_DIR: '/x', GIT_AUTHOR_NAME: 'x', GIT_CONFIG_COUNT: '1', KEPT: 'yes' };
  const { text } = await createGitRun({ helperFd: null, environment })(call(['status'], { isRead: true }));
  const names = text
    .split('\n')
    .filter((line) => line.startsWith('GIT_'))
    .sort();
  expect(names).toEqual([
    'GIT_ALLOW_PROTOCOL=',
    'GIT_ATTR_NOSYSTEM=1',
    `GIT_DIR=${join(repo.path, '.git')}`,
    'GIT_GRAFT_FILE=/dev/null/none',
    'GIT_NO_LAZY_FETCH=1',
    'GIT_NO_REPLACE_OBJECTS=1',
    'GIT_OPTIONAL_LOCKS=0',
    'GIT_TERMINAL_PROMPT=0',
    'GIT_TRACE2=0',
    'GIT_TRACE2_EVENT=0',
    'GIT_TRACE2_PERF=0',
    `GIT_WORK_TREE=${repo.path}`,
  ]);
  expect(text).toContain('LC_ALL=C\n');
  expect(text).toContain('KEPT=yes\n');
});

test('a trace that the configuration of the user asks for is not written', async () => {
  const traced = ['normalTarget', 'eventTarget', 'perfTarget'].map((key) => join(repo.root, key));
  for (const path of traced) repo.git(['config', '--global', `trace2.${path.slice(repo.root.length + 1)}`, path]);
  for (const path of traced) rmSync(path, { force: true });
  await createGitRun({ helperFd: null, environment: repo.environment })(call(['status'], { isRead: true }));
  gitNow(['status'], repo.path, repo.environment);
  expect(traced.filter((path) => existsSync(path))).toEqual([]);
});

test('git may use no transport at all', async () => {
  const run = createGitRun({ helperFd: null, environment: repo.environment });
  await expect(run(call(['fetch', repo.path]))).rejects.toMatchObject({
    message: expect.stringMatching(/transport .* not allowed/),
  });
});

test('input is given and output taken whole, or as it comes', async () => {
  const run = createGitRun({ helperFd: null, environment: repo.environment });
  const id = (await run(call(['hash-object', '-w', '--stdin'], { input: 'x'.repeat(300_000) }))).text.trim();
  expect((await run(call(['cat-file', 'blob', id]))).text).toBe('x'.repeat(300_000));
  let bytes = 0;
  const onBytes = (chunk: Uint8Array): void => {
    bytes += chunk.length;
  };
  expect((await run(call(['cat-file', 'blob', id], { onBytes }))).text).toBe('');
  expect(bytes).toBe(300_000);
});

test('paths are taken out of a stream wherever its chunks end', () => {
  const bytes = Buffer.from('one\0zwölf\0three\n3\0');
  for (let size = 1; size <= bytes.length; size += 1) {
    const paths: string[] = [];
    const take = pathStream((path) => paths.push(path));
    for (let at = 0; at < bytes.length; at += size) take(bytes.subarray(at, at + size));
    expect(paths).toEqual(['one', 'zwölf', 'three\n3']);
  }
});

test('what cannot be recorded of a worktree is null with a reason, never an exception', async () => {
  const git = { environment: repo.environment, helperFd: null };
  const head = repo.git(['rev-parse', 'HEAD']);
  const tree = repo.git(['rev-parse', 'HEAD^{tree}']);
  expect(await recordTree(repo.path, git)).toEqual({ head, tree, reason: null });
  expect(await headOf(repo.path, git)).toBe(head);
  const inside = join(repo.path, 'src');
  expect(await recordTree(inside, git)).toMatchObject({ head: null, tree: null, reason: expect.stringMatching(/./) });
  expect(await headOf(inside, git)).toBeNull();
  repo.write('src/.git', 'gitdir: ../../nowhere\n');
  expect(await recordTree(inside, git)).toMatchObject({ tree: null, reason: expect.stringMatching(/./) });
  rmSync(join(inside, '.git'));
  repo.git(['init', '--quiet'], inside);
  // It holds tracked files: git sees them, and the repository around them is not part of the work.
  expect(await recordTree(repo.path, git)).toEqual({ head, tree, reason: null });
  repo.write('new/inner/file.txt', 'x\n');
  repo.git(['init', '--quiet'], join(repo.path, 'new/inner'));
  expect(await recordTree(repo.path, git)).toMatchObject({ head, reason: expect.stringContaining('inside') });
  expect(await recordTree(inside, git)).toMatchObject({ head: null, tree: expect.stringMatching(/^[0-9a-f]{40}$/) });
  const none = { environment: { PATH: repo.root }, helperFd: null };
  expect(await recordTree(repo.path, none)).toMatchObject({
    tree: null,
    reason: expect.stringContaining('git was not found'),
  });
  expect(await headOf(repo.path, none)).toBeNull();
});
