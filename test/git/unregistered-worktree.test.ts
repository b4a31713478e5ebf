/** Files in the place of a run's worktree that git does not know any more are what its worker left: they are kept, and the worktree is made anew. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BRANCH, createFixture, type Fixture, fingerprint, RUN_ID } from './git-fixture.ts';
import { expectWhole, RESCUE_REF } from './rescue-kit.ts';

let fix: Fixture;
beforeEach(async () => {
  fix = createFixture();
  await fix.git.prepareWorkspace(fix.spec());
});
afterEach(() => fix.repo.remove());

/** What lies in the place of a worktree that git does not know any more. */
const UNREGISTERED: readonly (readonly [name: string, put: (f: Fixture) => void])[] = [
  ['files without a link', (f) => f.put('mine.txt', 'mine\n')],
  [
    'files and an empty link, which nothing of ours names',
    (f) => {
      f.put('mine.txt', 'mine\n');
      f.put('.git', '');
    },
  ],
  [
    'a folder in the way of its registration',
    (f) => {
      f.put('mine.txt', 'mine\n');
      mkdirSync(f.admin, { recursive: true });
    },
  ],
  [
    'its registration taken by another worktree',
    (f) => {
      f.put('mine.txt', 'mine\n');
      f.repo.git(['worktree', 'add', '--quiet', '--detach', join(f.repo.root, 'elsewhere', RUN_ID)]);
    },
  ],
];

describe('files in the place of a worktree that is registered no more', () => {
  const unregister = (f: Fixture): void => {
    rmSync(f.worktree, { recursive: true });
    rmSync(f.admin, { recursive: true });
  };
  test.each(UNREGISTERED)(
    '%s: kept by a reset, which recreates the worktree, and refused before it was ever made',
    async (_, put) => {
      unregister(fix);
      put(fix);
      const before = fingerprint(fix.repo.root);
      expect(await fix.git.prepareWorkspace(fix.spec())).toMatchObject({ blocker: { code: 'PAWL_WORKSPACE_FOREIGN' } });
      expect(fingerprint(fix.repo.root)).toEqual(before);
      expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
      expect(fix.repo.git(['cat-file', 'blob', `${RESCUE_REF}:mine.txt`])).toBe('mine');
      expectWhole(fix);
      expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
      expectWhole(fix);
    },
  );

  test("a worker's `worktree remove` and an answer left afterwards: recreated around the answer", async () => {
    fix.repo.git(['worktree', 'remove', '--force', fix.worktree]);
    fix.repo.git(['branch', '-D', BRANCH]);
    fix.put('.pawl-task/a1/completion.json', '{}\n');
    await fix.git.rescueAndReset(fix.resetSpec());
    expectWhole(fix);
    expect(readFileSync(join(fix.worktree, '.pawl-task/a1/completion.json'), 'utf8')).toBe('{}\n');
  });

  test("a worker's `worktree prune` without the link: what is there is kept", async () => {
    fix.put('src/one.txt', 'half\n');
    rmSync(join(fix.worktree, '.git'));
    fix.repo.git(['worktree', 'prune', '--expire', 'now']);
    expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
    expect(fix.repo.git(['cat-file', 'blob', `${RESCUE_REF}:src/one.txt`])).toBe('half');
    expectWhole(fix);
  });
});
