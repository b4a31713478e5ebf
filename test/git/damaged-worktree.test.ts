/** What a power cut leaves of a worktree of ours is told to be ours, kept as far as it can be read, and made anew; a stranger's folder never is. */
import { mkdirSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { todaysPart } from '../support/draw.ts';
import { BRANCH, createFixture, type Fixture, fingerprint, RUN_ID, usersCheckout } from './git-fixture.ts';
import { all, expectWhole, type Harm, RESCUE_REF } from './rescue-kit.ts';

/** Three days in a row try every damage. */
const DAYS = 3;
let fix: Fixture;
beforeEach(async () => {
  fix = createFixture();
  await fix.git.prepareWorkspace(fix.spec());
});
afterEach(() => fix.repo.remove());

/** It is whole, and the only one that is registered for its run. */
function expectAnew(commit = fix.base): void {
  expectWhole(fix, commit);
  expect(readdirSync(fix.worktree).sort()).toEqual(['.git', 'README.md', 'src']);
  const registered = readdirSync(join(fix.repo.path, '.git', 'worktrees')).filter((name) => name.startsWith(RUN_ID));
  expect(registered).toHaveLength(1);
}

type Case = readonly [name: string, harm: Harm];

const ref = (f: Fixture): string => join(f.repo.path, '.git/refs/heads', BRANCH);
const empty = (path: (f: Fixture) => string, text = ''): Harm => {
  return (f) => writeFileSync(path(f), text);
};
const inAdmin = (name: string) => (f: Fixture) => join(f.admin, name);
/** Of the administration only the folder is left. */
const emptyAdmin: Harm = (f) => {
  for (const name of readdirSync(f.admin)) rmSync(join(f.admin, name), { recursive: true });
};
/** Nothing was checked out yet. */
const noFiles: Harm = (f) => {
  for (const name of readdirSync(f.worktree)) if (name !== '.git') rmSync(join(f.worktree, name), { recursive: true });
  rmSync(join(f.admin, 'index'), { force: true });
  renameSync(join(f.admin, 'pawl-ready'), join(f.admin, 'pawl-making'));
};
const noMark: Harm = (f) => rmSync(join(f.admin, 'pawl-making'));

/** Each of them in a whole worktree. */
const ONE_BY_ONE: readonly Case[] = [
  ['its link empty', empty((f) => join(f.worktree, '.git'))],
  ['half of its link', empty((f) => join(f.worktree, '.git'), 'gitdir: /tm')],
  ['zeros in its link', empty((f) => join(f.worktree, '.git'), '\0'.repeat(40))],
  ['its HEAD empty', empty(inAdmin('HEAD'))],
  ['its index empty', empty(inAdmin('index'))],
  ['its gitdir empty', empty(inAdmin('gitdir'))],
  ['its commondir empty', empty(inAdmin('commondir'))],
  ['no HEAD', (f) => rmSync(join(f.admin, 'HEAD'))],
  ['no gitdir', (f) => rmSync(join(f.admin, 'gitdir'))],
  ['no commondir', (f) => rmSync(join(f.admin, 'commondir'))],
  [
    'everything of its administration empty but the mark',
    (f) =>
      ['HEAD', 'index', 'gitdir', 'commondir', 'ORIG_HEAD'].forEach(
        (name) => void writeFileSync(join(f.admin, name), ''),
      ),
  ],
  ['its branch empty', empty(ref)],
  [
    'its branch empty, and the log of it',
    (f) => [ref(f), join(f.repo.path, '.git/logs/refs/heads', BRANCH)].forEach((path) => void truncateSync(path)),
  ],
  ['no branch', (f) => rmSync(ref(f))],
  ['no folder', (f) => rmSync(f.worktree, { recursive: true })],
  ['no folder, and its gitdir empty', all((f) => rmSync(f.worktree, { recursive: true }), empty(inAdmin('gitdir')))],
];

/** Each of them where a cut came before the first file of it was checked out. */
const BEFORE_FILES: readonly Case[] = [
  ['its link empty', empty((f) => join(f.worktree, '.git'))],
  ['no link', (f) => rmSync(join(f.worktree, '.git'))],
  ['its gitdir empty', empty(inAdmin('gitdir'))],
  [
    'its link and its gitdir empty',
    all(
      empty((f) => join(f.worktree, '.git')),
      empty(inAdmin('gitdir')),
    ),
  ],
  ['its HEAD empty', empty(inAdmin('HEAD'))],
  ['its HEAD and its commondir empty', all(empty(inAdmin('HEAD')), empty(inAdmin('commondir')))],
  ['no mark', noMark],
  [
    'no mark, and all of its administration empty',
    all(noMark, ...['HEAD', 'gitdir', 'commondir'].map((name) => empty(inAdmin(name)))),
  ],
  [
    'no mark, and its link and its gitdir empty',
    all(
      noMark,
      empty((f) => join(f.worktree, '.git')),
      empty(inAdmin('gitdir')),
    ),
  ],
  ['an empty administration', emptyAdmin],
  [
    'an empty administration and an empty link',
    all(
      emptyAdmin,
      empty((f) => join(f.worktree, '.git')),
    ),
  ],
  ['an empty administration and no folder', all(emptyAdmin, (f) => rmSync(f.worktree, { recursive: true }))],
  ['its link and no administration', (f) => rmSync(f.admin, { recursive: true })],
  [
    'an empty link and no administration',
    all(
      (f) => rmSync(f.admin, { recursive: true }),
      empty((f) => join(f.worktree, '.git')),
    ),
  ],
  ['its branch empty', empty(ref)],
];

describe('a worktree that was being prepared when the power was cut is prepared', () => {
  test.each(todaysPart(ONE_BY_ONE, DAYS))('with %s', async (_, harm) => {
    const before = usersCheckout(fix.repo);
    harm(fix);
    const ready = { kind: 'ready', baseCommit: fix.base, headCommit: fix.base };
    expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject(ready);
    expectAnew();
    expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject(ready);
    expect(usersCheckout(fix.repo)).toEqual(before);
  });

  test.each(todaysPart(BEFORE_FILES, DAYS))('without files and with %s', async (_, harm) => {
    const before = usersCheckout(fix.repo);
    noFiles(fix);
    harm(fix);
    expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject({ kind: 'ready', headCommit: fix.base });
    expectAnew();
    expect(usersCheckout(fix.repo)).toEqual(before);
  });
});

describe('a worktree in which a worker was when the power was cut is put back, and what can be read is kept', () => {
  const kept = (path: string): string => fix.repo.git(['cat-file', 'blob', `${RESCUE_REF}:${path}`]);
  const HAS_FOLDER = ONE_BY_ONE.filter(([name]) => !name.startsWith('no folder'));

  test.each(todaysPart(HAS_FOLDER, DAYS))('with %s', async (_, harm) => {
    const before = usersCheckout(fix.repo);
    fix.put('src/one.txt', 'half\n');
    fix.put('new.txt', 'new\n');
    harm(fix);
    expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
    expect([kept('src/one.txt'), kept('new.txt')]).toEqual(['half', 'new']);
    expectAnew();
    expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
    expect(usersCheckout(fix.repo)).toEqual(before);
  });

  test.each(todaysPart(ONE_BY_ONE, DAYS))('with %s, even if nothing else has to be kept', async (_, harm) => {
    harm(fix);
    await fix.git.rescueAndReset(fix.resetSpec());
    expectAnew();
  });

  test.each(todaysPart(BEFORE_FILES, DAYS))('without files and with %s', async (_, harm) => {
    noFiles(fix);
    harm(fix);
    await fix.git.rescueAndReset(fix.resetSpec());
    expectAnew();
  });

  test('with an administration that is gone, and files', async () => {
    fix.put('new.txt', 'new\n');
    rmSync(fix.admin, { recursive: true });
    expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
    expect(kept('new.txt')).toBe('new');
    expectAnew();
  });

  test('with its branch empty: commits that only the log of it names are kept', async () => {
    fix.put('new.txt', 'new\n');
    fix.inside(['add', '-A']);
    fix.inside(['commit', '--quiet', '-m', 'By the worker']);
    truncateSync(ref(fix));
    expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
    expect(fix.repo.git(['log', '--format=%s', RESCUE_REF])).toContain('By the worker');
    expectAnew();
  });

  test("with the objects of its worker's own commit empty: they are written again from the files", async () => {
    fix.put('deep/new.txt', 'new\n');
    fix.inside(['add', '-A']);
    fix.inside(['commit', '--quiet', '-m', 'By the worker']);
    const made = fix.repo.git(['rev-list', '--objects', `${fix.base}..${BRANCH}`]).split('\n');
    for (const line of made) {
      const [object = ''] = line.split(' ');
      truncateSync(join(fix.repo.path, '.git/objects', object.slice(0, 2), object.slice(2)));
    }
    expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
    expect(kept('deep/new.txt')).toBe('new');
    expect(fix.repo.git(['fsck', '--no-dangling', '--no-reflogs'])).toBe('');
    expect(fix.inside(['rev-parse', 'HEAD'])).toBe(fix.base);
    expect(fix.inside(['status', '--porcelain'])).toBe('');
    fix.put('deep/new.txt', 'new\n');
    const committed = await fix.git.commitWork(fix.commitSpec());
    const commit = committed.kind === 'committed' ? committed.commit : '';
    expect(await fix.git.storedContent(commit, fix.base)).toMatchObject({ kind: 'whole' });
  });

  test('with its rescue ref empty: it is made again', async () => {
    fix.put('new.txt', 'new\n');
    fix.repo.write(join(fix.repo.path, '.git', RESCUE_REF), '');
    expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
    expect(kept('new.txt')).toBe('new');
    expectAnew();
  });
});

describe('a folder that is not ours is refused, and stays as it is', () => {
  const STRANGERS: readonly Case[] = [
    [
      'a repository',
      (f) => {
        f.put('mine.txt', 'mine\n');
        f.repo.git(['init', '--quiet'], f.worktree);
      },
    ],
    [
      'a worktree of another repository',
      (f) => f.put('.git', `gitdir: ${join(f.repo.root, 'elsewhere/.git/worktrees/x')}\n`),
    ],
    [
      "a worktree of the user's under another name",
      (f) => {
        f.repo.git(['worktree', 'add', '--quiet', '--detach', `${f.worktree}-own`]);
        renameSync(`${f.worktree}-own`, f.worktree);
      },
    ],
  ];

  test.each(STRANGERS)('%s', async (_, put) => {
    rmSync(fix.worktree, { recursive: true });
    rmSync(fix.admin, { recursive: true });
    mkdirSync(join(fix.worktree, '..'), { recursive: true });
    put(fix);
    const before = fingerprint(fix.repo.root);
    expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject({ blocker: { code: 'PAWL_WORKSPACE_FOREIGN' } });
    await expect(fix.git.rescueAndReset(fix.resetSpec())).rejects.toMatchObject({ code: 'PAWL_WORKSPACE_FOREIGN' });
    expect(fingerprint(fix.repo.root)).toEqual(before);
  });

  test('a repository, or the worktree of another run, in the place of a worktree whose gitdir was lost', async () => {
    rmSync(fix.worktree, { recursive: true });
    truncateSync(join(fix.admin, 'gitdir'));
    fix.put('mine.txt', 'mine\n');
    fix.repo.git(['init', '--quiet'], fix.worktree);
    const isRefused = async (): Promise<void> => {
      const before = fingerprint(fix.repo.root);
      await expect(fix.git.rescueAndReset(fix.resetSpec())).rejects.toMatchObject({ code: 'PAWL_WORKSPACE_FOREIGN' });
      expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject({ blocker: { code: 'PAWL_WORKSPACE_FOREIGN' } });
      expect(fingerprint(fix.repo.root)).toEqual(before);
    };
    await isRefused();
    rmSync(join(fix.worktree, '.git'), { recursive: true });
    fix.put('.git', '');
    writeFileSync(join(fix.admin, 'pawl-ready'), `run_other\nmain\n${fix.base}\n`);
    await isRefused();
  });
});

test('the damaged worktree of another run keeps no worktree from being made or put back', async () => {
  const other = join(fix.repo.path, '.pawl/worktrees/run_other');
  await fix.git.prepareWorkspace(fix.spec({ worktree: other, runId: 'run_other', branch: 'pawl/other' }));
  for (const name of ['commondir', 'HEAD', 'gitdir', 'index'])
    truncateSync(join(fix.repo.path, '.git/worktrees/run_other', name));
  rmSync(fix.worktree, { recursive: true });
  rmSync(fix.admin, { recursive: true });
  expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject({ kind: 'ready' });
  await fix.git.rescueAndReset(fix.resetSpec());
  expectAnew();
});
