/** Which paths a change touches, as its surface is compared with them: every one of them, under all names that they have or had. */
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BOUNDS } from '../../src/model/limits.ts';
import { createFixture } from './git-fixture.ts';

test('both names of a rename, deleted files, modes, submodules, other cases, odd names and long lists are reported', async () => {
  const fix = createFixture();
  try {
    await fix.git.prepareWorkspace(fix.spec());
    // Of its parts: what the settings below hide from `git commit` is to be found all the same.
    const commit = (parent: string, submodule: string): string => {
      fix.inside(['add', '-A', ':(exclude)lib/sub']);
      fix.inside(['update-index', '--add', '--cacheinfo', `160000,${submodule},lib/sub`]);
      return fix.inside(['commit-tree', fix.inside(['write-tree']), '-p', parent, '-m', 'x']);
    };
    fix.inside(['config', 'diff.renames', 'copies']);
    fix.inside(['config', 'diff.ignoreSubmodules', 'all']);
    for (const path of ['from/renamed', 'gone', 'tool', 'Case', 'kept']) fix.put(path, `${path}\n`.repeat(20));
    const base = commit(fix.base, fix.base);

    fix.inside(['mv', 'from/renamed', 'renamed-to']);
    fix.inside(['mv', 'Case', 'case']);
    rmSync(join(fix.worktree, 'gone'));
    chmodSync(join(fix.worktree, 'tool'), 0o755);
    fix.put('new\nline', 'x\n');
    fix.put('app/[id]/page', 'x\n');
    const many = Array.from({ length: BOUNDS.filesListed + 10 }, (_, n) => `many/${n}`);
    for (const path of many) fix.put(path, 'x\n');
    const head = commit(base, base);

    const told: string[] = [];
    await fix.git.eachPathChanged(base, head, (path) => told.push(path));
    const expected = ['from/renamed', 'renamed-to', 'Case', 'case', 'gone', 'tool', 'lib/sub', 'new\nline'];
    expect(told.sort()).toEqual([...expected, 'app/[id]/page', ...many].sort());
  } finally {
    fix.repo.remove();
  }
});
