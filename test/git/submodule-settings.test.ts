/** What decides how git works in the user's submodules is seen, and what ordinary work writes there is not mistaken for it. */
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

/** The user's submodule `lib/inner/deep`, cloned with what it has inside; the folder of its git. */
function addSubmodule(): string {
  const allow = ['-c', 'protocol.file.allow=always'];
  const inner = join(fix.repo.root, 'inner');
  for (const key of ['user.name', 'user.email']) fix.repo.git(['config', '--global', key, 'user@example.invalid']);
  fix.repo.git([...allow, 'clone', '--quiet', fix.repo.path, inner]);
  fix.repo.git([...allow, 'submodule', '--quiet', 'add', fix.repo.path, 'deep'], inner);
  fix.repo.git(['commit', '--quiet', '-m', 'Deep'], inner);
  fix.repo.git([...allow, 'submodule', '--quiet', 'add', inner, 'lib/inner']);
  fix.repo.git([...allow, 'submodule', '--quiet', 'update', '--init', '--recursive']);
  return watch.common('modules/lib/inner');
}

test('settings of submodules are seen, nested ones too', async () => {
  const inner = addSubmodule();
  const deep = join(inner, 'modules/deep');
  for (const [plant, expected] of [
    [() => fix.repo.git(['config', 'core.fsmonitor', 'x'], join(fix.repo.path, 'lib/inner')), 'config was set'],
    [
      () => fix.repo.git(['config', 'core.fsmonitor', 'x'], join(fix.repo.path, 'lib/inner/deep')),
      'modules/deep/config was set',
    ],
    [() => fix.repo.write(join(inner, 'hooks/post-checkout'), 'x\n'), 'hooks/post-checkout was set'],
    [() => fix.repo.write(join(deep, 'info/attributes'), '* filter=f\n'), 'modules/deep/info/attributes was set'],
    [
      () => fix.repo.git(['config', 'core.worktree', fix.repo.path], join(fix.repo.path, 'lib/inner')),
      'config was changed',
    ],
    [() => fix.repo.write(join(inner, 'config'), '[[garbage'), 'config was changed'],
  ] as const) {
    await watch.lookAgain();
    plant();
    expect(await watch.changes()).toEqual([`modules/lib/inner/${expected}`]);
  }
  await watch.lookAgain();
  fix.repo.write(watch.common('modules/planted/HEAD'), 'ref: refs/heads/main\n');
  fix.repo.write(watch.common('modules/planted/config'), '[core]\n\tsshCommand = x\n');
  expect(await watch.changes()).toEqual(['modules/planted/config was set']);
});

test('submodules that the user sets up and works in are no change', async () => {
  addSubmodule();
  const inside = join(fix.repo.path, 'lib/inner');
  fix.repo.git(['checkout', '--quiet', '-b', 'topic', '--track', 'origin/HEAD'], inside);
  fix.repo.git(['commit', '--quiet', '--allow-empty', '-m', 'Mine'], inside);
  fix.repo.git(['fetch', '--quiet'], inside);
  fix.repo.git(['gc', '--quiet'], inside);
  fix.repo.git(['submodule', '--quiet', 'sync', '--recursive']);
  expect(await watch.changes()).toEqual([]);
});
