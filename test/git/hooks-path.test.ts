/** Hooks that git would run are seen wherever the configuration, or a link, puts them. */
import { chmodSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Fixture } from './git-fixture.ts';
import { type SettingsWatch, watchSettings } from './settings-watch.ts';

let fix: Fixture;
let watch: SettingsWatch;
beforeEach(async () => {
  watch = await watchSettings();
  ({ fix } = watch);
});
afterEach(() => fix.repo.remove());

test('hooks behind a link are seen, and where the link leads', async () => {
  rmSync(watch.common('hooks'), { recursive: true, force: true });
  fix.repo.write(join(fix.repo.root, 'mine/pre-push'), 'x\n');
  await watch.lookAgain();
  symlinkSync(join(fix.repo.root, 'mine'), watch.common('hooks'));
  expect(await watch.changes()).toEqual(['hooks was set', 'hooks/pre-push was set']);
  await watch.lookAgain();
  fix.repo.write(join(fix.repo.root, 'mine/pre-push'), 'y\n');
  expect(await watch.changes()).toEqual(['hooks/pre-push was changed']);
});

test('hooks of a relative folder count unless they are as the commit has them that is checked out', async () => {
  fix.repo.git(['config', 'core.hooksPath', '.githooks']);
  await watch.lookAgain();
  fix.repo.git(['checkout', '--quiet', '-b', 'mine']);
  fix.repo.write('.githooks/pre-push', 'x\n');
  expect(await watch.changes()).toEqual(['.githooks/pre-push was set']);
  fix.repo.git(['add', '-A']);
  fix.repo.git(['commit', '--quiet', '-m', 'Hooks']);
  expect(await watch.changes()).toEqual([]);
  chmodSync(join(fix.repo.path, '.githooks/pre-push'), 0o755);
  expect(await watch.changes()).toEqual(['.githooks/pre-push was set']);
  fix.repo.git(['checkout', '--quiet', '--force', 'main']);
  expect(await watch.changes()).toEqual([]);
});
