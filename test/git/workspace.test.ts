import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shownBlocker } from '../../src/blockers/shown-blocker.ts';
import type { WorkspaceResult } from '../../src/ports/git.ts';
import { BRANCH, createFixture, type Fixture, fingerprint, RUN_ID, usersCheckout } from './git-fixture.ts';

let fix: Fixture;
beforeEach(() => {
  fix = createFixture();
});
afterEach(() => fix.repo.remove());

function blocker(result: WorkspaceResult): string {
  if (result.kind !== 'refused') throw new Error('it was not refused');
  const { message, hint } = shownBlocker(result.blocker);
  expect(message).not.toBe('');
  expect(hint).not.toBe('');
  return result.blocker.code;
}

function expectWhole(result: WorkspaceResult, commit = fix.base): void {
  expect(result).toEqual({ kind: 'ready', baseBranch: 'main', baseCommit: fix.base, headCommit: commit });
  expect(fix.inside(['rev-parse', 'HEAD'])).toBe(commit);
  expect(fix.inside(['symbolic-ref', 'HEAD'])).toBe(`refs/heads/${BRANCH}`);
  expect(fix.inside(['status', '--porcelain'])).toBe('');
  expect(readFileSync(join(fix.worktree, 'src/one.txt'), 'utf8')).toBe('one\n');
  expect(readFileSync(join(fix.admin, 'pawl-ready'), 'utf8').split('\n')[0]).toBe(RUN_ID);
  expect(existsSync(join(fix.admin, 'locked'))).toBe(false);
  expect(readdirSync(join(fix.repo.path, '.git', 'worktrees')).filter((name) => name.startsWith(RUN_ID))).toHaveLength(
    1,
  );
}

test('a worktree is made on a new branch from the default branch, and asking again changes nothing', async () => {
  const before = usersCheckout(fix.repo);
  expectWhole(await fix.git.prepareWorkspace(fix.spec()));
  const made = fingerprint(fix.admin);
  const files = fingerprint(fix.worktree);
  expectWhole(await fix.git.prepareWorkspace(fix.spec()));
  expect(fingerprint(fix.worktree)).toEqual(files);
  expect(fingerprint(fix.admin, (path) => path === 'index')).toEqual(
    Object.fromEntries(Object.entries(made).filter(([path]) => path !== 'index')),
  );
  expect(usersCheckout(fix.repo)).toEqual(before);
});

test('the default base is the branch that origin calls its head, else the one checked out', async () => {
  fix.repo.git(['checkout', '--quiet', '-b', 'topic']);
  const checkedOut = await fix.git.prepareWorkspace(fix.spec());
  expect(checkedOut).toMatchObject({ kind: 'ready', baseBranch: 'topic' });
  fix.repo.git(['update-ref', 'refs/remotes/origin/main', fix.base]);
  fix.repo.git(['symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main']);
  const other = fix.spec({ worktree: `${fix.worktree}-2`, branch: 'other', runId: 'run_2' });
  expect(await fix.git.prepareWorkspace(other)).toMatchObject({ kind: 'ready', baseBranch: 'main' });
});

test('a base that only origin has is used', async () => {
  fix.repo.git(['update-ref', 'refs/remotes/origin/develop', fix.base]);
  const result = await fix.git.prepareWorkspace(fix.spec({ baseBranch: 'develop' }));
  expect(result).toEqual({ kind: 'ready', baseBranch: 'develop', baseCommit: fix.base, headCommit: fix.base });
});

test('a base that is nowhere is refused, and so is a repository without a commit', async () => {
  const before = fingerprint(fix.repo.root);
  expect(blocker(await fix.git.prepareWorkspace(fix.spec({ baseBranch: 'nowhere' })))).toBe(
    'PAWL_WORKSPACE_BASE_MISSING',
  );
  expect(fingerprint(fix.repo.root)).toEqual(before);
  fix.repo.git(['symbolic-ref', 'HEAD', 'refs/heads/unborn']);
  expect(blocker(await fix.git.prepareWorkspace(fix.spec()))).toBe('PAWL_WORKSPACE_BASE_MISSING');
});

test('an existing branch that descends from the base is taken up at its head', async () => {
  fix.repo.git(['checkout', '--quiet', '-b', BRANCH]);
  fix.repo.git(['commit', '--quiet', '--allow-empty', '-m', 'More']);
  const head = fix.repo.git(['rev-parse', 'HEAD']);
  fix.repo.git(['checkout', '--quiet', 'main']);
  expectWhole(await fix.git.prepareWorkspace(fix.spec()), head);
});

test('an existing branch with a commit of its own that does not descend from the base is refused', async () => {
  fix.repo.git(['checkout', '--quiet', '-b', BRANCH]);
  fix.repo.git(['commit', '--quiet', '--allow-empty', '-m', 'Its own']);
  fix.repo.git(['checkout', '--quiet', 'main']);
  fix.repo.git(['commit', '--quiet', '--allow-empty', '-m', 'Main goes on']);
  const before = fingerprint(fix.repo.root);
  expect(blocker(await fix.git.prepareWorkspace(fix.spec()))).toBe('PAWL_WORKSPACE_DIVERGED');
  expect(fingerprint(fix.repo.root)).toEqual(before);
});

test('an existing branch without a commit of its own restarts where its base is now', async () => {
  fix.repo.git(['branch', BRANCH]);
  fix.repo.write('src/later.txt', 'later\n');
  fix.repo.git(['add', '.']);
  fix.repo.git(['commit', '--quiet', '-m', 'Main goes on']);
  const head = fix.repo.git(['rev-parse', 'main']);
  expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject({ baseCommit: head, headCommit: head });
  expect(fix.inside(['rev-parse', BRANCH])).toBe(head);
  expect(fix.inside(['status', '--porcelain'])).toBe('');
  // Once the run has begun there, it stays there.
  fix.repo.git(['commit', '--quiet', '--allow-empty', '-m', 'Main goes on again']);
  expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject({ baseCommit: head, headCommit: head });
});

test('a whole worktree is found again although the base branch has advanced', async () => {
  await fix.git.prepareWorkspace(fix.spec());
  fix.repo.git(['commit', '--quiet', '--allow-empty', '-m', 'Main goes on']);
  expectWhole(await fix.git.prepareWorkspace(fix.spec()));
});

test('a branch that the user has checked out is refused, naming where', async () => {
  fix.repo.git(['checkout', '--quiet', '-b', BRANCH]);
  const result = await fix.git.prepareWorkspace(fix.spec());
  expect(blocker(result)).toBe('PAWL_WORKSPACE_BRANCH_ELSEWHERE');
  expect(result).toMatchObject({ blocker: { evidence: [fix.repo.path] } });
  expect(existsSync(fix.worktree)).toBe(false);
});

test('a branch that the user is rebasing is refused', async () => {
  fix.repo.git(['checkout', '--quiet', '-b', BRANCH]);
  fix.repo.write('src/one.txt', 'ours\n');
  fix.repo.git(['commit', '--quiet', '-am', 'Ours']);
  fix.repo.git(['checkout', '--quiet', 'main']);
  fix.repo.write('src/one.txt', 'theirs\n');
  fix.repo.git(['commit', '--quiet', '-am', 'Theirs']);
  expect(() => fix.repo.git(['rebase', '--quiet', 'main', BRANCH])).toThrow();
  expect(fix.repo.git(['status', '--porcelain', '--branch'])).toContain('HEAD (no branch)');
  const result = await fix.git.prepareWorkspace(fix.spec({ baseBranch: 'main' }));
  expect(blocker(result)).toBe('PAWL_WORKSPACE_BRANCH_ELSEWHERE');
});

test('a worktree of an ended run releases the branch and keeps its files', async () => {
  const old = join(fix.repo.path, '.pawl/worktrees/run_old');
  await fix.git.prepareWorkspace(fix.spec({ worktree: old, runId: 'run_old' }));
  fix.repo.write(join(old, 'left.txt'), 'left\n');
  expect(blocker(await fix.git.prepareWorkspace(fix.spec()))).toBe('PAWL_WORKSPACE_BRANCH_ELSEWHERE');
  expectWhole(await fix.git.prepareWorkspace(fix.spec({ endedWorktrees: [old] })));
  expect(fix.repo.git(['status', '--porcelain', '--branch'], old)).toBe('## HEAD (no branch)\n?? left.txt');
});

test('worktrees of ended runs release their branches, files untouched; others keep theirs', async () => {
  const old = join(fix.repo.path, '.pawl/worktrees/run_old');
  const gone = join(fix.repo.path, '.pawl/worktrees/run_gone');
  await fix.git.prepareWorkspace(fix.spec({ worktree: old, runId: 'run_old' }));
  await fix.git.prepareWorkspace(fix.spec({ branch: 'pawl/other' }));
  fix.repo.write(join(old, 'left.txt'), 'left\n');
  await fix.git.releaseEnded([old, gone]);
  expect(fix.repo.git(['status', '--porcelain', '--branch'], old)).toBe('## HEAD (no branch)\n?? left.txt');
  expect(fix.inside(['symbolic-ref', 'HEAD'])).toBe('refs/heads/pawl/other');
  fix.repo.git(['checkout', '--quiet', BRANCH]);
  // What a worker has put in the place of its worktree leads nowhere.
  const link = join(fix.repo.path, '.pawl/worktrees/run_link');
  symlinkSync(fix.worktree, link);
  const before = fingerprint(fix.repo.root);
  await fix.git.releaseEnded([old, gone, link]);
  expect(fingerprint(fix.repo.root)).toEqual(before);
});

test('a branch held by an ended run and by the user as well is refused, and nobody releases it', async () => {
  const old = join(fix.repo.path, '.pawl/worktrees/run_old');
  await fix.git.prepareWorkspace(fix.spec({ worktree: old, runId: 'run_old' }));
  const own = join(fix.repo.root, 'users-own');
  fix.repo.git(['worktree', 'add', '--quiet', '--force', own, BRANCH]);
  const before = fingerprint(fix.repo.root);
  const result = await fix.git.prepareWorkspace(fix.spec({ endedWorktrees: [old] }));
  expect(blocker(result)).toBe('PAWL_WORKSPACE_BRANCH_ELSEWHERE');
  expect(result).toMatchObject({ blocker: { evidence: [own] } });
  expect(fingerprint(fix.repo.root)).toEqual(before);
});

test('a branch that the main worktree has checked out is held, also where the configuration calls it bare', async () => {
  fix.repo.git(['checkout', '--quiet', '-b', BRANCH]);
  for (const isBare of ['false', 'true']) {
    fix.repo.git(['config', 'core.bare', isBare]);
    expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject({
      blocker: { code: 'PAWL_WORKSPACE_BRANCH_ELSEWHERE', evidence: [fix.repo.path] },
    });
  }
});

test('a worktree of an ended run whose folder is gone releases the branch too', async () => {
  const old = join(fix.repo.path, '.pawl/worktrees/run_old');
  await fix.git.prepareWorkspace(fix.spec({ worktree: old, runId: 'run_old' }));
  rmSync(old, { recursive: true });
  expectWhole(await fix.git.prepareWorkspace(fix.spec({ endedWorktrees: [old] })));
});

test('a foreign folder, file or link in the way is refused and stays as it is', async () => {
  const inTheWay = [
    (): void => fix.repo.write(join(fix.worktree, 'mine.txt'), 'mine\n'),
    (): void => fix.repo.write(fix.worktree, 'a file\n'),
    (): void => {
      mkdirSync(join(fix.repo.path, '.pawl/worktrees'), { recursive: true });
      symlinkSync(fix.repo.root, fix.worktree);
    },
  ];
  for (const put of inTheWay) {
    rmSync(fix.worktree, { recursive: true, force: true });
    put();
    const before = fingerprint(fix.repo.root);
    expect(blocker(await fix.git.prepareWorkspace(fix.spec()))).toBe('PAWL_WORKSPACE_FOREIGN');
    expect(fingerprint(fix.repo.root)).toEqual(before);
  }
});

test("another run's worktree at the same place is foreign", async () => {
  await fix.git.prepareWorkspace(fix.spec());
  const result = await fix.git.prepareWorkspace(fix.spec({ runId: 'run_other' }));
  expect(blocker(result)).toBe('PAWL_WORKSPACE_FOREIGN');
});

test('an empty folder in its place is used', async () => {
  mkdirSync(fix.worktree, { recursive: true });
  expectWhole(await fix.git.prepareWorkspace(fix.spec()));
});

test('a whole worktree with changes, with new files or on another branch is refused and stays as it is', async () => {
  const spoil = [
    (): void => fix.put('src/one.txt', 'changed\n'),
    (): void => fix.put('new file\n"odd".txt', 'new\n'),
    (): void => void fix.inside(['checkout', '--quiet', '-b', 'elsewhere']),
    (): void => rmSync(join(fix.worktree, 'README.md')),
  ];
  for (const harm of spoil) {
    await fix.git.prepareWorkspace(fix.spec());
    harm();
    const before = fingerprint(fix.repo.root);
    expect(blocker(await fix.git.prepareWorkspace(fix.spec()))).toBe('PAWL_WORKSPACE_DIRTY');
    expect(fingerprint(fix.repo.root)).toEqual(before);
    await fix.git.rescueAndReset(fix.resetSpec(`harm-${spoil.indexOf(harm)}`));
  }
});

test('the answer folder and ignored files do not make a worktree dirty', async () => {
  await fix.git.prepareWorkspace(fix.spec());
  writeFileSync(join(fix.repo.path, '.git/info/exclude'), '.pawl*\nbuild/\n');
  fix.put('.pawl-task/completion.json', '{}');
  fix.put('build/out.js', 'x');
  expectWhole(await fix.git.prepareWorkspace(fix.spec()));
});

test('a whole worktree whose folder is gone is checked out again at the head of its branch', async () => {
  await fix.git.prepareWorkspace(fix.spec());
  fix.inside(['commit', '--quiet', '--allow-empty', '-m', 'More']);
  const head = fix.inside(['rev-parse', 'HEAD']);
  rmSync(fix.worktree, { recursive: true });
  expectWhole(await fix.git.prepareWorkspace(fix.spec()), head);
});

test('what a killed `worktree add` leaves is made whole, step by step of it', async () => {
  const zeros = '0'.repeat(40);
  const link = (): void => fix.repo.write(join(fix.worktree, '.git'), `gitdir: ${fix.admin}\n`);
  const registration: (() => void)[] = [
    () => fix.repo.write(join(fix.admin, 'locked'), 'initializing'),
    () => fix.repo.write(join(fix.admin, 'gitdir'), `${join(fix.worktree, '.git')}\n`),
    () => mkdirSync(fix.worktree, { recursive: true }),
    link,
    () => fix.repo.write(join(fix.admin, 'HEAD'), `${zeros}\n`),
    () => fix.repo.write(join(fix.admin, 'commondir'), '../..\n'),
    () => fix.repo.write(join(fix.admin, 'HEAD'), `${fix.base}\n`),
    () => fix.repo.write(join(fix.admin, 'index.lock'), ''),
  ];
  for (let steps = 1; steps <= registration.length; steps += 1) {
    rmSync(fix.worktree, { recursive: true, force: true });
    rmSync(fix.admin, { recursive: true, force: true });
    if (fix.repo.git(['branch', '--list', BRANCH]) !== '') fix.repo.git(['branch', '--quiet', '-D', BRANCH]);
    for (const step of registration.slice(0, steps)) step();
    expectWhole(await fix.git.prepareWorkspace(fix.spec()));
  }
});

test('what a killed checkout leaves is finished: files without an index, half a file, a lock', async () => {
  await fix.git.prepareWorkspace(fix.spec());
  rmSync(join(fix.admin, 'pawl-ready'));
  rmSync(join(fix.admin, 'index'));
  writeFileSync(join(fix.admin, 'index.lock'), '');
  writeFileSync(join(fix.worktree, 'src/one.txt'), 'on');
  rmSync(join(fix.worktree, 'README.md'));
  expectWhole(await fix.git.prepareWorkspace(fix.spec()));
});

test('a half-made worktree that holds files of somebody else is refused and stays as it is', async () => {
  await fix.git.prepareWorkspace(fix.spec());
  rmSync(join(fix.admin, 'pawl-ready'));
  rmSync(join(fix.admin, 'index'));
  fix.put('mine.txt', 'mine\n');
  const before = fingerprint(fix.repo.root);
  expect(blocker(await fix.git.prepareWorkspace(fix.spec()))).toBe('PAWL_WORKSPACE_DIRTY');
  expect(fingerprint(fix.repo.root)).toEqual(before);
});

test('a branch whose name is a folder of another is refused', async () => {
  fix.repo.git(['branch', 'pawl']);
  const before = fingerprint(fix.repo.root);
  expect(blocker(await fix.git.prepareWorkspace(fix.spec()))).toBe('PAWL_WORKSPACE_BRANCH_IN_WAY');
  expect(fingerprint(fix.repo.root)).toEqual(before);
});

test('other worktrees of the user stay registered, even those whose folder is away', async () => {
  const own = join(fix.repo.root, 'own');
  fix.repo.git(['worktree', 'add', '--quiet', '-b', 'own', own]);
  rmSync(own, { recursive: true });
  await fix.git.prepareWorkspace(fix.spec());
  await fix.git.rescueAndReset(fix.resetSpec());
  expect(fix.repo.git(['worktree', 'list', '--porcelain'])).toContain(own);
});

test('the branch tracks nothing and the configuration is not written', async () => {
  fix.repo.git(['config', 'branch.autoSetupMerge', 'always']);
  const before = readFileSync(join(fix.repo.path, '.git/config'), 'utf8');
  await fix.git.prepareWorkspace(fix.spec());
  expect(readFileSync(join(fix.repo.path, '.git/config'), 'utf8')).toBe(before);
});
