/** A rescue ref is made once: what stands is never overwritten, whoever was faster. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openGit } from '../../src/adapters/git/git.ts';
import { createRef, rescueAndReset } from '../../src/adapters/git/rescue.ts';
import type { GitContext } from '../../src/adapters/git/worktree.ts';
import { createFixture, type Fixture, NO_SYNC, RUN_ID } from './git-fixture.ts';
import { RESCUE_REF } from './rescue-kit.ts';

let fix: Fixture;
let git: GitContext;
beforeEach(async () => {
  fix = createFixture();
  await fix.git.prepareWorkspace(fix.spec());
  const { path: repository, environment } = fix.repo;
  git = openGit({ repository, helperFd: null, environment, syncDisks: NO_SYNC });
});
afterEach(() => fix.repo.remove());

const stands = (): string => fix.repo.git(['rev-parse', RESCUE_REF]);

test('an existing ref is not made again with different content', async () => {
  const tree = fix.repo.git(['rev-parse', `${fix.base}^{tree}`]);
  await createRef(git, RESCUE_REF, tree, [fix.base], 'first\n');
  const first = stands();
  await createRef(git, RESCUE_REF, tree, [fix.base], 'second\n');
  expect(stands()).toBe(first);
});

test('one that another process made between check and creation keeps its value', async () => {
  fix.put('new.txt', 'ours\n');
  const run: GitContext['run'] = Object.assign(
    (call: Parameters<GitContext['run']>[0]) => {
      if (call.args[0] === 'update-ref' && call.args.includes(RESCUE_REF))
        fix.repo.git(['update-ref', RESCUE_REF, fix.base]);
      return git.run(call);
    },
    { environment: git.run.environment },
  );
  expect(await rescueAndReset({ ...git, run }, fix.resetSpec())).toBe(RESCUE_REF);
  expect(stands()).toBe(fix.base);
});

test('a rescue that is requested again, when the worktree is back in place, names the existing ref', async () => {
  fix.put('new.txt', 'ours\n');
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expect(await fix.git.rescue(fix.resetSpec())).toBe(RESCUE_REF);
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
});

test('a ref that cannot be made is an error, and nothing is reset', async () => {
  fix.put('new.txt', 'ours\n');
  // A ref of that name forbids any below it.
  fix.repo.git(['update-ref', `refs/pawl/rescue/${RUN_ID}`, fix.base]);
  await expect(fix.git.rescueAndReset(fix.resetSpec())).rejects.toMatchObject({ code: 'PAWL_GIT_FAILED' });
  expect(fix.inside(['status', '--porcelain'])).toBe('?? new.txt');
});
