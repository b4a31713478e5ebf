import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BOUNDS } from '../../src/model/limits.ts';
import { createFixture, type Fixture } from './git-fixture.ts';

let fix: Fixture;
beforeEach(() => {
  fix = createFixture();
});
afterEach(() => fix.repo.remove());

function commit(files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) fix.repo.write(path, text);
  fix.repo.git(['add', '-A']);
  fix.repo.git(['commit', '--quiet', '--allow-empty', '-m', 'Some']);
  return fix.repo.git(['rev-parse', 'HEAD']);
}

test('names what differs, added, changed and removed, and nothing else', async () => {
  const base = commit({ 'CLAUDE.md': 'base\n', 'gone/CLAUDE.md': 'base\n', 'same/CLAUDE.md': 'base\n' });
  fix.repo.git(['rm', '--quiet', 'gone/CLAUDE.md']);
  const head = commit({ 'CLAUDE.md': 'head\n', 'new/.claude/settings.json': '{}', 'src/one.txt': 'head\n' });
  const patterns = ['CLAUDE.md', '.claude'];
  const paths = ['CLAUDE.md', 'gone/CLAUDE.md', 'new/.claude/settings.json'];
  expect(await fix.git.instructionChanges(base, head, patterns)).toEqual({ patterns, paths, count: 3 });
  expect(await fix.git.instructionChanges(base, base, patterns)).toEqual({ patterns, paths: [], count: 0 });
  expect(await fix.git.instructionChanges(base, head, [])).toEqual({ patterns: [], paths: [], count: 0 });
});

test("finds what the base's files read, by links, imports and settings, step by step", async () => {
  symlinkSync('docs/guide.txt', join(fix.repo.path, 'AGENTS.md'));
  const base = commit({
    'docs/guide.txt': 'As @style.md says.\n',
    'docs/style.md': 'See @deeper/one.md.\n',
    'docs/deeper/one.md': 'one\n',
    'docs/other.md': 'other\n',
    'opencode.json': '{"instructions": ["rules/*.txt"]}',
  });
  const head = commit({
    'docs/guide.txt': 'head\n',
    'docs/style.md': 'head, and @other.md\n',
    'docs/deeper/one.md': 'head\n',
    'docs/other.md': 'head\n',
    'rules/new.txt': 'head\n',
  });
  const found = await fix.git.instructionChanges(base, head, ['AGENTS.md', 'opencode.json']);
  expect(found.patterns).toEqual([
    'AGENTS.md',
    'opencode.json',
    '/docs/guide.txt',
    '/rules/*.txt',
    '/docs/style.md',
    '/docs/deeper/one.md',
  ]);
  expect(found.paths).toEqual(['docs/deeper/one.md', 'docs/guide.txt', 'docs/style.md', 'rules/new.txt']);
});

test('reads no file that is too large to be read', async () => {
  const large = `@big.md\n${'x'.repeat(256 * 1024)}`;
  const base = commit({
    'CLAUDE.md': large,
    'docs/CLAUDE.md': 'See @style.md.\n',
    'docs/style.md': '',
    'x/CLAUDE.md': '',
  });
  const patterns = ['CLAUDE.md'];
  expect((await fix.git.instructionChanges(base, base, patterns)).patterns).toEqual(['CLAUDE.md', '/docs/style.md']);
  const small = commit({ 'CLAUDE.md': large.slice(0, 256 * 1024).replace('big', 'few') });
  expect((await fix.git.instructionChanges(small, small, patterns)).patterns).toContain('/few.md');
});

test('counts all, and names no more than are listed anywhere', async () => {
  const base = commit({});
  const many = Object.fromEntries(Array.from({ length: BOUNDS.filesListed + 5 }, (_, n) => [`d${n}/CLAUDE.md`, 'x']));
  const { paths, count } = await fix.git.instructionChanges(base, commit(many), ['CLAUDE.md']);
  expect([paths.length, count]).toEqual([BOUNDS.filesListed, BOUNDS.filesListed + 5]);
});
