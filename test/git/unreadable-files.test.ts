/** What git can neither read nor remove keeps no rescue and no reset from coming about: it is made readable, or moved aside, and nothing of it is lost. */
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mendFiles } from '../../src/adapters/git/unreadable-files.ts';
import { createFixture, type Fixture, usersCheckout } from './git-fixture.ts';
import { expectInPlace, RESCUE_REF } from './rescue-kit.ts';

let fix: Fixture;
beforeEach(async () => {
  fix = createFixture();
  await fix.git.prepareWorkspace(fix.spec());
});
afterEach(() => fix.repo.remove());

function pipeAt(path: string): void {
  rmSync(join(fix.worktree, path), { force: true });
  execFileSync('mkfifo', [join(fix.worktree, path)]);
}

test('a pipe in the place of a tracked file, and one elsewhere, are moved aside by a reset', async () => {
  const before = usersCheckout(fix.repo);
  pipeAt('src/one.txt');
  pipeAt('pipe');
  fix.put('new.txt', 'new\n');
  expect((await fix.git.commitWork(fix.commitSpec())).kind).toBe('refused');
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  expect(fix.repo.git(['cat-file', 'blob', `${RESCUE_REF}:new.txt`])).toBe('new');
  expectInPlace(fix);
  for (const path of ['src/one.txt', 'pipe']) {
    expect(lstatSync(join(`${fix.worktree}.kept`, 'attempt-1/unreadable', path)).isFIFO()).toBe(true);
  }
  expect(usersCheckout(fix.repo)).toEqual(before);
});

test('a rescue alone comes about too', async () => {
  pipeAt('src/one.txt');
  fix.put('new.txt', 'new\n');
  expect(await fix.git.rescue(fix.resetSpec())).toBe(RESCUE_REF);
  expect(fix.repo.git(['ls-tree', '-r', '--name-only', RESCUE_REF]).split('\n')).toContain('new.txt');
  expect(lstatSync(join(`${fix.worktree}.kept`, 'src/one.txt')).isFIFO()).toBe(true);
});

test('what its owner may not read or write can be read and written, its content as it was; links are not followed', () => {
  fix.put('deep/secret.txt', 'secret\n');
  const outside = join(fix.repo.root, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'file'), 'x\n');
  const at = (path: string): string => join(fix.worktree, path);
  const modeOf = (path: string): number => lstatSync(path).mode & 0o777;
  symlinkSync(outside, at('link'));
  chmodSync(join(outside, 'file'), 0);
  chmodSync(outside, 0);
  chmodSync(at('README.md'), 0o111);
  chmodSync(at('deep/secret.txt'), 0);
  chmodSync(at('deep'), 0);
  const kept = `${fix.worktree}.kept`;
  expect(mendFiles(fix.worktree, kept)).toBe(3);
  expect([at('deep'), at('deep/secret.txt'), at('README.md')].map(modeOf)).toEqual([0o700, 0o600, 0o711]);
  expect(readFileSync(at('deep/secret.txt'), 'utf8')).toBe('secret\n');
  expect(modeOf(outside)).toBe(0);
  expect([mendFiles(fix.worktree, kept), mendFiles(join(fix.repo.root, 'nothing'), kept)]).toEqual([0, 0]);
  chmodSync(outside, 0o700);
});

test('a failure of git for another reason stays one', async () => {
  fix.put('new.txt', 'new\n');
  fix.repo.git(['update-ref', RESCUE_REF.replace('/attempt-1', ''), fix.base]);
  await expect(fix.git.rescueAndReset(fix.resetSpec())).rejects.toMatchObject({ code: 'PAWL_GIT_FAILED' });
});

/** A superuser reads and removes everything. */
const isSuperuser = process.getuid?.() === 0;

test.skipIf(isSuperuser).each([
  ['a file that may not be read', (path: string) => chmodSync(join(path, 'src/new.txt'), 0)],
  ['a folder that may not be read', (path: string) => chmodSync(join(path, 'src'), 0)],
  ['a folder in which nothing may be changed', (path: string) => chmodSync(join(path, 'src'), 0o555)],
])('%s is kept, and the worktree is put back', async (_, harm) => {
  fix.put('src/new.txt', 'new\n');
  fix.put('other.txt', 'other\n');
  harm(fix.worktree);
  expect(await fix.git.rescueAndReset(fix.resetSpec())).toBe(RESCUE_REF);
  const refs = fix.repo.git(['for-each-ref', '--format=%(refname)', 'refs/pawl/rescue']).split('\n');
  const kept = refs.flatMap((ref) => fix.repo.git(['ls-tree', '-r', '--name-only', ref]).split('\n'));
  expect(kept).toEqual(expect.arrayContaining(['src/new.txt', 'other.txt']));
  expectInPlace(fix);
});
