import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createGit } from '../../src/adapters/git/git.ts';
import type { GitPort } from '../../src/ports/git.ts';
import { DAY, DAYS_OF_WEEK, IS_WHOLE, SEED } from '../support/draw.ts';
import { BRANCH, createFixture, type Fixture, fingerprint, NO_SYNC, usersCheckout } from './git-fixture.ts';

/** Where the k-th git of an operation is killed; every later one is killed before it does anything, as if the runner had died with it. */
const MOMENTS = ['before', 'during', 'after'] as const;
type Moment = (typeof MOMENTS)[number];

const realGit = (process.env.PATH ?? '')
  .split(':')
  .map((folder) => join(folder, 'git'))
  .find((path) => existsSync(path));

let fixtures: Fixture[] = [];
afterEach(() => {
  for (const fix of fixtures) fix.repo.remove();
  fixtures = [];
});

interface Deadly {
  readonly git: GitPort;
  /** How often git was started. */
  count(): number;
}

/** The port over a git that dies at its k-th start. */
function deadlyGit(fix: Fixture, k: number, moment: Moment): Deadly {
  const bin = join(fix.repo.root, `bin-${k}-${moment}`);
  const count = join(bin, 'count');
  const delayMs = ((SEED * 7919 + k * 104_729) % 40) / 10;
  const last = {
    before: 'kill -9 $$',
    during: `timeout -s KILL ${(delayMs / 1_000).toFixed(4)} '${realGit}' "$@"; kill -9 $$`,
    after: `'${realGit}' "$@"; kill -9 $$`,
  }[moment];
  const script = [
    '#!/bin/sh',
    `read -r n < '${count}'; n=$((n + 1)); echo $n > '${count}'`,
    `if [ $n -gt ${k} ]; then kill -9 $$; fi`,
    `if [ $n -eq ${k} ]; then ${last}; fi`,
    `exec '${realGit}' "$@"`,
  ];
  fix.repo.write(join(bin, 'git'), `${script.join('\n')}\n`);
  chmodSync(join(bin, 'git'), 0o755);
  // The port finds the repository when it is made: that start is not counted.
  writeFileSync(count, '-1000\n');
  const environment = { ...fix.repo.environment, PATH: `${bin}:${process.env.PATH}` };
  const git = createGit({ repository: fix.repo.path, helperFd: null, environment, syncDisks: NO_SYNC });
  writeFileSync(count, '0\n');
  return { git, count: () => Number(readFileSync(count, 'utf8')) };
}

/** What must be the same however often the operation was killed: refs by content, HEAD, status, files, and what lies in the administration. */
function finalState(fix: Fixture): unknown {
  const content = fix.repo.git(['for-each-ref', '--format=%(refname) %(tree) %(subject) %(authorname)']);
  const files = Object.keys(fingerprint(fix.worktree));
  const contents = files
    .filter((path) => path !== '.git')
    .map((path) => [path, readFileSync(join(fix.worktree, path), 'utf8')]);
  return {
    content,
    head: fix.inside(['symbolic-ref', 'HEAD']),
    commits: fix.inside(['rev-list', '--count', 'HEAD']),
    status: fix.inside(['status', '--porcelain']),
    contents,
    admin: readdirSync(fix.admin).filter((name) => !['ORIG_HEAD', 'COMMIT_EDITMSG'].includes(name)),
    registered: readdirSync(join(fix.repo.path, '.git/worktrees')),
  };
}

/** Kills `act` at every git it starts, at `moment` (null: another for each, by the seed), lets it run again, and compares with a life without a kill. */
async function killEverywhere(
  always: Moment | null,
  arrange: (fix: Fixture) => Promise<void>,
  act: (fix: Fixture, git: GitPort) => Promise<unknown>,
): Promise<void> {
  const fresh = async (): Promise<Fixture> => {
    const fix = createFixture();
    fixtures.push(fix);
    await arrange(fix);
    return fix;
  };
  const peaceful = await fresh();
  const counted = deadlyGit(peaceful, Number.MAX_SAFE_INTEGER, 'before');
  const kind = withoutIds(await act(peaceful, counted.git));
  const wanted = finalState(peaceful);
  const starts = counted.count();
  expect(starts).toBeGreaterThan(5);

  // Every seventh git, at that moment or at one that the seed chooses: a week takes all of them.
  const step = IS_WHOLE ? 1 : DAYS_OF_WEEK;
  for (let k = 1 + (DAY % step); k <= starts; k += step) {
    const moment = always ?? MOMENTS[(Math.floor(SEED / 7) + k) % MOMENTS.length] ?? 'after';
    const fix = await fresh();
    const before = usersCheckout(fix.repo);
    const told = `seed ${SEED}, day ${DAY}: git ${k} of ${starts} killed ${moment} its work`;
    await expect(act(fix, deadlyGit(fix, k, moment).git), told).rejects.toMatchObject({ code: 'PAWL_GIT_FAILED' });
    expect(withoutIds(await act(fix, fix.git)), told).toEqual(kind);
    expect(finalState(fix), told).toEqual(wanted);
    expect(withoutIds(await act(fix, fix.git)), told).toEqual(kind);
    expect(finalState(fix), told).toEqual(wanted);
    expect(usersCheckout(fix.repo), told).toEqual(before);
    fix.repo.remove();
  }
}

/** Commits hold times: two lives have other ids, and all else alike. */
function withoutIds(value: unknown): string {
  return JSON.stringify(value).replace(/"[0-9a-f]{40}"/g, '"id"');
}

function leftovers(fix: Fixture): void {
  fix.put('src/one.txt', 'changed\n');
  fix.put('new/file.txt', 'new\n');
  fix.put('.gitignore', 'hidden.txt\n');
  fix.put('hidden.txt', 'hidden\n');
  rmSync(join(fix.worktree, 'README.md'));
}

test.each(MOMENTS)(
  'a worktree being made is finished, whichever git was killed %s its work',
  { timeout: 300_000 },
  async (moment) => {
    await killEverywhere(
      moment,
      async () => undefined,
      (fix, git) => git.prepareWorkspace(fix.spec()),
    );
  },
);

test('a worktree on a branch that is moved to its base is finished there, whichever git was killed', {
  timeout: 300_000,
}, async () => {
  await killEverywhere(
    null,
    async (fix) => {
      fix.repo.git(['branch', BRANCH]);
      fix.repo.write('src/later.txt', 'later\n');
      fix.repo.git(['add', '.']);
      fix.repo.git(['commit', '--quiet', '-m', 'Main goes on']);
    },
    (fix, git) => git.prepareWorkspace(fix.spec()),
  );
});

test('a worktree being made on a base that continues meanwhile is finished on the base it began with', async () => {
  const counting = createFixture();
  fixtures.push(counting);
  const counted = deadlyGit(counting, Number.MAX_SAFE_INTEGER, 'before');
  await counted.git.prepareWorkspace(counting.spec());
  const step = IS_WHOLE ? 1 : DAYS_OF_WEEK;
  for (let k = 1 + (DAY % step); k <= counted.count(); k += step) {
    const fix = createFixture();
    fixtures.push(fix);
    await expect(deadlyGit(fix, k, 'after').git.prepareWorkspace(fix.spec())).rejects.toThrow();
    const hadBranch = fix.repo.git(['branch', '--list', BRANCH]) !== '';
    fix.repo.git(['commit', '--quiet', '--allow-empty', '-m', 'Main goes on']);
    const result = await fix.git.prepareWorkspace(fix.spec());
    const told = `seed ${SEED}, day ${DAY}: git ${k}`;
    expect(result, told).toMatchObject({ kind: 'ready' });
    if (hadBranch) expect(result, told).toMatchObject({ baseCommit: fix.base, headCommit: fix.base });
  }
});

test('work is committed once, whichever git was killed at its work', { timeout: 300_000 }, async () => {
  await killEverywhere(
    null,
    async (fix) => {
      await fix.git.prepareWorkspace(fix.spec());
      leftovers(fix);
    },
    (fix, git) => git.commitWork(fix.commitSpec()),
  );
});

test('leftovers are kept and the worktree put back, whichever git was killed at its work', {
  timeout: 300_000,
}, async () => {
  await killEverywhere(
    null,
    async (fix) => {
      await fix.git.prepareWorkspace(fix.spec());
      leftovers(fix);
      fix.inside(['add', 'new/file.txt']);
      fix.inside(['commit', '--quiet', '-m', 'Of the dead attempt']);
    },
    (fix, git) => git.rescueAndReset(fix.resetSpec()),
  );
});
