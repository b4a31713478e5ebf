/** Hooks that git would run are seen wherever the configuration, or a link, puts them. */
import { chmodSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { settingChanges } from '../../src/core/git-settings.ts';
import type { GitSettings } from '../../src/model/request.ts';
import { createFixture, type Fixture } from './git-fixture.ts';

let fix: Fixture;
let before: GitSettings;
beforeEach(async () => {
  fix = createFixture();
  await fix.git.prepareWorkspace(fix.spec());
  before = await look();
});
afterEach(() => fix.repo.remove());

const look = async (): Promise<GitSettings> => (await fix.git.settings(fix.worktree)).settings;
const changes = async (): Promise<readonly string[]> => settingChanges(before, await look());
const common = (name: string): string => join(fix.repo.path, '.git', name);

test('hooks behind a link are seen, and where the link leads', async () => {
  rmSync(common('hooks'), { recursive: true, force: true });
  fix.repo.write(join(fix.repo.root, 'mine/pre-push'), 'x\n');
  before = await look();
  symlinkSync(join(fix.repo.root, 'mine'), common('hooks'));
  expect(await changes()).toEqual(['hooks was set', 'hooks/pre-push was set']);
  before = await look();
  fix.repo.write(join(fix.repo.root, 'mine/pre-push'), 'y\n');
  expect(await changes()).toEqual(['hooks/pre-push was changed']);
});

test('hooks of a relative folder count unless they are as the commit has them that is checked out', async () => {
  fix.repo.git(['config', 'core.hooksPath', '.githooks']);
  before = await look();
  fix.repo.git(['checkout', '--quiet', '-b', 'mine']);
  fix.repo.write('.githooks/pre-push', 'x\n');
  expect(await changes()).toEqual(['.githooks/pre-push was set']);
  fix.repo.git(['add', '-A']);
  fix.repo.git(['commit', '--quiet', '-m', 'Hooks']);
  expect(await changes()).toEqual([]);
  chmodSync(join(fix.repo.path, '.githooks/pre-push'), 0o755);
  expect(await changes()).toEqual(['.githooks/pre-push was set']);
  fix.repo.git(['checkout', '--quiet', '--force', 'main']);
  expect(await changes()).toEqual([]);
});
