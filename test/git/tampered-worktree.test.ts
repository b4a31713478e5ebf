/** What a worker has written into the administration of its worktree, or in the place of its branch, keeps no retry from putting both back. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { todaysPart } from '../support/draw.ts';
import { BRANCH, createFixture, type Fixture, usersCheckout } from './git-fixture.ts';
import { all, expectWhole, type Harm, RESCUE_REF } from './rescue-kit.ts';

/** Three days in a row try every harm. */
const DAYS = 3;
let fix: Fixture;
beforeEach(async () => {
  fix = createFixture();
  await fix.git.prepareWorkspace(fix.spec());
});
afterEach(() => fix.repo.remove());

const gitFile = (f: Fixture, path: string): string => join(f.repo.path, '.git', path);
const ref = (f: Fixture): string => gitFile(f, `refs/heads/${BRANCH}`);
const inAdmin =
  (name: string, text: string): Harm =>
  (f) =>
    writeFileSync(join(f.admin, name), text);
/** A folder of junk where that file was. */
const asFolder =
  (path: (f: Fixture) => string): Harm =>
  (f) => {
    rmSync(path(f), { recursive: true, force: true });
    f.repo.write(join(path(f), 'deep/junk'), 'junk\n');
  };
const nowhere = inAdmin('gitdir', '/nowhere/.git\n');

/** The text that has to be found where what was in the way is kept; null where nothing was. */
const HARMS: readonly (readonly [name: string, harm: Harm, kept: string | null])[] = [
  ['a registration that leads nowhere', nowhere, null],
  ['a registration that leads nowhere, and no HEAD', all(nowhere, (f) => rmSync(join(f.admin, 'HEAD'))), null],
  ['a registration that leads nowhere, and no link', all(nowhere, (f) => rmSync(join(f.worktree, '.git'))), null],
  [
    'its administration elsewhere, and a link in its place',
    (f) => {
      const elsewhere = join(f.repo.root, 'elsewhere');
      cpSync(f.admin, elsewhere, { recursive: true });
      rmSync(f.admin, { recursive: true });
      symlinkSync(elsewhere, f.admin);
    },
    null,
  ],
  ['a registration that leads into a file', inAdmin('gitdir', `${import.meta.filename}/x/.git\n`), null],
  ['a registration that is no path', inAdmin('gitdir', 'a\0/'.repeat(9_000)), null],
  ["a registration that names the user's checkout", (f) => inAdmin('gitdir', `${f.repo.path}/.git\n`)(f), null],
  [
    'a registration that names a copy of it',
    (f) => {
      cpSync(f.worktree, `${f.worktree}-copy`, { recursive: true });
      inAdmin('gitdir', `${f.worktree}-copy/.git\n`)(f);
    },
    null,
  ],
  [
    'folders in the place of its files',
    all(...['gitdir', 'HEAD', 'index', 'commondir'].map((name) => asFolder((f) => join(f.admin, name)))),
    'junk\n',
  ],
  [
    'a file in the place of its administration',
    (f) => {
      rmSync(f.admin, { recursive: true });
      writeFileSync(f.admin, 'junk\n');
    },
    'junk\n',
  ],
  [
    'a lock on it, and a branch that is no ref',
    all(
      (f) => void f.inside(['worktree', 'lock', '.']),
      (f) => writeFileSync(ref(f), 'zz\n'),
    ),
    'zz\n',
  ],
  ['a branch that names what is no ref', (f) => writeFileSync(ref(f), 'ref: ../../zz\n'), null],
  ['a folder in the place of its branch', asFolder(ref), 'junk\n'],
  [
    'a folder in the place of its branch, which is packed',
    all((f) => void f.repo.git(['pack-refs', '--all']), asFolder(ref)),
    'junk\n',
  ],
  [
    'a file in the place of the folder of its branch',
    (f) => {
      rmSync(dirname(ref(f)), { recursive: true });
      writeFileSync(dirname(ref(f)), 'junk\n');
    },
    'junk\n',
  ],
  [
    'a folder in the place of the log of its branch',
    asFolder((f) => gitFile(f, `logs/refs/heads/${BRANCH}`)),
    'junk\n',
  ],
  ['a folder in the place of the lock of its branch', asFolder((f) => `${ref(f)}.lock`), 'junk\n'],
];

test.each(todaysPart(HARMS, DAYS))('with %s, what is there is kept and both are put back', async (_, harm, kept) => {
  fix.put('new.txt', 'new\n');
  harm(fix);
  const before = usersCheckout(fix.repo);
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expect(fix.repo.git(['cat-file', 'blob', `${RESCUE_REF}:new.txt`])).toBe('new');
  expectWhole(fix);
  expect(fix.inside(['rev-parse', '--absolute-git-dir'])).toBe(fix.admin);
  expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject({ kind: 'ready', headCommit: fix.base });
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expect(usersCheckout(fix.repo)).toEqual(before);
  const place = join(`${fix.worktree}.kept`, 'attempt-1', 'in-the-way');
  expect(textsBelow(place)).toEqual(kept === null ? [] : expect.arrayContaining([kept]));
  if (kept !== null) expect(fix.repo.git(['show', '-s', '--format=%B', RESCUE_REF])).toContain(place);
});

function textsBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return [...new Set(files.map((file) => readFileSync(file, 'utf8')))];
}

test('what was in the way once keeps nothing from being moved there again', async () => {
  const ready = { kind: 'ready', headCommit: fix.base };
  rmSync(dirname(ref(fix)), { recursive: true });
  writeFileSync(dirname(ref(fix)), 'above\n');
  expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject(ready);
  asFolder(ref)(fix);
  expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject(ready);
  expect(textsBelow(join(`${fix.worktree}.kept`, 'in-the-way')).sort()).toEqual(['above\n', 'junk\n']);
});

describe('a branch in the way', () => {
  const inWay = { code: 'PAWL_WORKSPACE_BRANCH_IN_WAY', evidence: [`${BRANCH}/b`, `${BRANCH}/c`] };

  test('is named and stays, and once it is renamed the worktree is put back', async () => {
    fix.inside(['checkout', '--quiet', '--detach']);
    fix.inside(['branch', '--delete', '--force', BRANCH]);
    fix.inside(['checkout', '--quiet', '-b', `${BRANCH}/b`]);
    fix.inside(['commit', '--quiet', '--allow-empty', '-m', 'On b']);
    fix.inside(['branch', `${BRANCH}/c`]);
    mkdirSync(join(ref(fix), 'junk'));
    fix.put('new.txt', 'new\n');
    await expect(fix.git.rescueAndReset(fix.resetSpec())).rejects.toMatchObject(inWay);
    for (const name of ['b', 'c']) fix.repo.git(['branch', '-m', `${BRANCH}/${name}`, `moved/${BRANCH}/${name}`]);
    expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
    expectWhole(fix);
    expect(fix.inside(['rev-parse', '--absolute-git-dir'])).toBe(fix.admin);
    expect(fix.repo.git(['log', '-1', '--format=%s', `moved/${BRANCH}/b`])).toBe('On b');
    expect(fix.repo.git(['log', '-1', '--format=%s', `${RESCUE_REF}^`])).toBe('On b');
  });

  test('above it is named as well, with its log where it was', async () => {
    fix.inside(['checkout', '--quiet', '--detach']);
    fix.inside(['branch', '--delete', '--force', BRANCH]);
    fix.repo.git(['branch', 'pawl']);
    const evidence = ['pawl'];
    await expect(fix.git.rescueAndReset(fix.resetSpec())).rejects.toMatchObject({ ...inWay, evidence });
    expect(existsSync(gitFile(fix, 'logs/refs/heads/pawl'))).toBe(true);
    expect(fix.repo.git(['rev-parse', 'pawl'])).toBe(fix.base);
    expect(existsSync(`${fix.worktree}.kept`)).toBe(false);
  });
});
