/** What decides how git works in a repository is known by name, and what ordinary work writes there is not mistaken for it. */
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { excludePatterns } from '../../src/adapters/git/locate.ts';
import { settingsOf } from '../../src/adapters/git/tree.ts';
import type { Fixture } from './git-fixture.ts';
import { type SettingsWatch, watchSettings } from './settings-watch.ts';

let fix: Fixture;
let watch: SettingsWatch;
beforeEach(async () => {
  watch = await watchSettings();
  ({ fix } = watch);
});
afterEach(() => fix.repo.remove());

const set = (key: string, value: string): void => void fix.repo.git(['config', '--add', key, value]);

const PLANTED: readonly (readonly [string, () => void, readonly unknown[]])[] = [
  ['a filter', () => set('filter.f.clean', 'x'), ['filter.f.clean was set']],
  ['a second value', () => set('user.name', 'x'), ['user.name was changed']],
  [
    'nothing any more',
    () => void fix.repo.git(['config', '--unset', 'core.logAllRefUpdates']),
    ['core.logallrefupdates was removed'],
  ],
  [
    'an included file, and more in it later',
    () => {
      fix.repo.write(join(fix.repo.root, 'more'), '[alias]\n\tx = !y\n');
      set('include.path', join(fix.repo.root, 'more'));
    },
    ['alias.x was set', 'include.path was set'],
  ],
  [
    "the worktree's own configuration",
    () => {
      set('extensions.worktreeConfig', 'true');
      fix.inside(['config', '--worktree', 'core.fsmonitor', 'x']);
    },
    ['core.fsmonitor of the worktree was set', 'extensions.worktreeconfig was set'],
  ],
  ['attributes', () => fix.repo.write(watch.common('info/attributes'), '* filter=f\n'), ['info/attributes was set']],
  ['ignore rules', () => fix.repo.write(watch.common('info/exclude'), 'src/\n'), ['info/exclude was changed']],
  [
    'ignore rules in the home of the user',
    () => fix.repo.write(join(fix.repo.root, 'home/.config/git/ignore'), 'src/\n'),
    ['ignore rules of the user was set'],
  ],
  [
    'ignore rules that the configuration of the user names',
    () => {
      fix.repo.git(['config', '--global', 'core.excludesFile', '~/rules']);
      fix.repo.write(join(fix.repo.root, 'home/rules'), 'src/\n');
    },
    ['ignore rules of the user was changed'],
  ],
  ['grafts', () => fix.repo.write(watch.common('info/grafts'), `${fix.base}\n`), ['info/grafts was set']],
  [
    'a sparse checkout',
    () => fix.repo.write(watch.common('info/sparse-checkout'), '/src/\n'),
    ['info/sparse-checkout was set'],
  ],
  [
    'borrowed objects',
    () => fix.repo.write(watch.common('objects/info/alternates'), '/x\n'),
    ['objects/info/alternates was set'],
  ],
  ['a hook', () => fix.repo.write(watch.common('hooks/post-checkout'), 'x\n'), ['hooks/post-checkout was set']],
  ['a hook by a link', () => symlinkSync('/bin/true', watch.common('hooks/pre-push')), ['hooks/pre-push was set']],
  [
    "the main worktree's own configuration",
    () => void fix.repo.git(['config', '--worktree', 'core.fsmonitor', 'x']),
    ['core.fsmonitor of the main worktree was set'],
  ],
  [
    'the configuration of another worktree',
    () => {
      fix.repo.git(['worktree', 'add', '--quiet', join(fix.repo.root, 'other')]);
      fix.repo.git(['config', '--worktree', 'core.fsmonitor', 'y'], join(fix.repo.root, 'other'));
    },
    ['worktrees/other/config.worktree was set'],
  ],
  ['history cut off', () => fix.repo.write(watch.common('shallow'), `${fix.base}\n`), ['shallow was set']],
  ['history whole again', () => rmSync(watch.common('shallow')), []],
  [
    'another place to pull from, and another to push to',
    () => {
      set('branch.main.remote', fix.repo.root);
      set('branch.main.pushRemote', 'not-configured');
      set('branch.main.mergeOptions', '-s x');
    },
    ['branch.main.mergeoptions was set', 'branch.main.pushremote was set', 'branch.main.remote was set'],
  ],
  [
    'another place to get a submodule from',
    () => {
      fix.repo.write('.gitmodules', '[submodule "lib"]\n\tpath = lib\n\turl = https://example.invalid/lib\n');
      set('submodule.lib.url', fix.repo.root);
    },
    ['submodule.lib.url was set'],
  ],
  [
    'a file that is included as soon as a branch is checked out, and one that it includes',
    () => set('includeIf.onbranch:release.path', 'rel.inc'),
    ['includeif.onbranch:release.path was set'],
  ],
  [
    'what stands in it',
    () => fix.repo.write(watch.common('rel.inc'), '[core]\n\tpager = x\n[include]\n\tpath = more.inc\n'),
    ['file of includeif.onbranch:release.path was set'],
  ],
  [
    'what stands in the other one',
    () => fix.repo.write(watch.common('more.inc'), '[alias]\n\tx = !y\n'),
    ['file of includeif.onbranch:release.path › more.inc was set'],
  ],
  [
    'what the user would run, and whom the user would ask',
    () => {
      for (const [key, value] of [
        ['core.pager', 'x; cat'],
        ['diff.x.textconv', 'x'],
        ['url.evil:.insteadOf', 'https:'],
        ['user.signingKey', 'x'],
        ['safe.directory', '/x'],
      ] as const)
        fix.repo.git(['config', '--global', key, value]);
    },
    [
      'core.pager of the user was set',
      'diff.x.textconv of the user was set',
      'url.evil:.insteadof of the user was set',
    ],
  ],
  [
    'attributes in the home of the user',
    () => fix.repo.write(join(fix.repo.root, 'home/.config/git/attributes'), '* diff=x\n'),
    ['attributes of the user was set'],
  ],
  ['another common folder', () => fix.repo.write(watch.common('commondir'), '.\n'), ['commondir was set']],
  [
    'a hook in a folder that the configuration of the user names',
    () => {
      fix.repo.git(['config', '--global', 'core.hooksPath', '~/hooks']);
      fix.repo.write(join(fix.repo.root, 'home/hooks/pre-push'), 'x\n');
    },
    ['core.hookspath of the user was set', '~/hooks/pre-push was set'],
  ],
  [
    'a relative folder of hooks, which is one in the main worktree',
    () => {
      fix.repo.git(['config', '--global', '--unset', 'core.hooksPath']);
      fix.repo.write('.husky/_/pre-push', 'x\n');
      set('core.hooksPath', '.husky/_');
    },
    [
      '.husky/_/pre-push was set',
      'core.hookspath was set',
      'core.hookspath of the user was removed',
      '~/hooks/pre-push was removed',
    ],
  ],
  [
    'a replaced commit',
    () => void fix.repo.git(['replace', fix.base, fix.repo.git(['commit-tree', 'main^{tree}', '-m', 'Other'])]),
    [expect.stringMatching(/^refs\/replace\/[0-9a-f]{40} was set$/)],
  ],
];

test('whatever steers git is seen by name as it is planted, one after another', async () => {
  mkdirSync(watch.common('hooks'), { recursive: true });
  for (const [what, plant, expected] of PLANTED) {
    await watch.lookAgain();
    plant();
    expect(await watch.changes(), what).toEqual(expected);
  }
  // A worker host, which asks by the place in its request, sees the same.
  const place = { commonDir: join(fix.repo.path, '.git'), adminDir: fix.admin };
  const host = { environment: fix.repo.environment, helperFd: null };
  expect(await settingsOf(fix.worktree, host, place)).toEqual(await watch.look());
  writeFileSync(watch.common('config'), '[core\n');
  expect(watch.changesIn((await settingsOf(fix.worktree, host, place)) ?? {})).toEqual([
    'the configuration can no longer be read',
  ]);
});

test('a hook that is only made executable is seen, and so is one in a folder that the configuration names', async () => {
  fix.repo.write(watch.common('hooks/pre-push'), 'x\n');
  fix.repo.write(join(fix.repo.root, 'hooks/deep/pre-push'), 'x\n');
  set('core.hooksPath', join(fix.repo.root, 'hooks'));
  await watch.lookAgain();
  chmodSync(watch.common('hooks/pre-push'), 0o755);
  fix.repo.write(join(fix.repo.root, 'hooks/deep/pre-push'), 'y\n');
  expect(await watch.changes()).toEqual([
    `${join(fix.repo.root, 'hooks')}/deep/pre-push was changed`,
    'hooks/pre-push was changed',
  ]);
});

test('worktrees that come and go take the configuration of the main worktree along without being a change', async () => {
  set('extensions.worktreeConfig', 'true');
  fix.repo.git(['config', '--worktree', 'core.sparseCheckout', 'false']);
  fix.repo.git(['config', '--worktree', 'core.bare', 'false']);
  await watch.lookAgain();
  const other = join(fix.repo.root, 'other');
  fix.repo.git(['worktree', 'add', '--quiet', other]);
  await fix.git.prepareWorkspace(fix.spec({ runId: 'run_2', worktree: `${fix.worktree}-2`, branch: 'second' }));
  expect(await watch.changes()).toEqual([]);
  fix.repo.git(['config', '--worktree', 'core.fsmonitor', 'false'], other);
  await watch.lookAgain();
  fix.repo.git(['worktree', 'remove', '--force', other]);
  expect(await watch.changes()).toEqual([]);
});

test('a worktree whose own administration is damaged hides nothing, and makes nothing up', async () => {
  for (const damage of [
    () => writeFileSync(join(fix.admin, 'HEAD'), 'garbage\n'),
    () => rmSync(join(fix.admin, 'HEAD')),
  ]) {
    damage();
    expect(await watch.changes()).toEqual([]);
  }
  set('core.fsmonitor', 'x');
  expect(await watch.changes()).toEqual(['core.fsmonitor was set']);
});

test('what git, Pawl and people write in ordinary work is no change', async () => {
  set('remote.origin.url', 'https://example.invalid/widgets');
  fix.repo.write(
    '.gitmodules',
    '[submodule "lib"]\n\turl = https://example.invalid/lib\n[submodule "rel"]\n\turl = ../rel\n',
  );
  await watch.lookAgain();
  set('submodule.rel.url', 'https://example.invalid/rel');
  set('submodule.elsewhere.url', 'https://example.invalid/of-another-branch');
  set('branch.mine.pushRemote', '.');
  set('branch.main.remote', 'origin');
  set('remote.origin.gh-resolved', 'base');
  set('submodule.lib.url', 'https://example.invalid/lib');
  set('submodule.lib.active', 'true');
  fix.repo.git(['checkout', '--quiet', '-b', 'mine', '--track', 'main']);
  fix.repo.write('mine.txt', 'mine\n');
  fix.repo.git(['add', '-A']);
  fix.repo.git(['commit', '--quiet', '-m', 'Mine']);
  fix.repo.git(['gc', '--quiet']);
  fix.repo.git(['update-server-info']);
  fix.repo.git(['worktree', 'add', '--quiet', join(fix.repo.root, 'other')]);
  excludePatterns(watch.common(''), ['/.pawl/', '/.pawl-task/']);
  await fix.git.prepareWorkspace(fix.spec({ runId: 'run_2', worktree: `${fix.worktree}-2`, branch: 'second' }));
  fix.put('work.txt', 'work\n');
  await fix.git.commitWork(fix.commitSpec());
  fix.put('left.txt', 'left\n');
  await fix.git.rescueAndReset(fix.resetSpec());
  await fix.git.releaseBranch(fix.worktree);
  expect(await watch.changes()).toEqual([]);
});

test('no value is kept, no password in a key, and a folder that is gone hides nothing', async () => {
  set('http.https://user:hunter2@example.invalid/.extraHeader', 'Authorization: letmein');
  rmSync(fix.worktree, { recursive: true });
  const place = { commonDir: join(fix.repo.path, '.git'), adminDir: fix.admin };
  const seen = await settingsOf(fix.worktree, { environment: fix.repo.environment, helperFd: null }, place);
  expect(JSON.stringify(seen)).not.toMatch(/hunter2|letmein/);
  expect(watch.changesIn(seen ?? {})).toEqual(['http.https://…@example.invalid/.extraheader was set']);
});

test('ignore rules of the user that change are named as well, and so are those that begin to count', async () => {
  fix.repo.git(['config', '--global', 'core.excludesFile', '~/rules']);
  await watch.lookAgain();
  expect(await watch.changes()).toEqual([]);
  fix.repo.write(join(fix.repo.root, 'home/rules'), 'src/\n');
  expect(await watch.changes()).toEqual(['ignore rules of the user was changed']);
});
