import { expect, test } from 'vitest';
import { idleExceptions, strayGitCalls } from './git-calls.ts';
import { codeFiles } from './source-tree.ts';

test('every git of the shipped source is started by the one guarded runner', () => {
  expect(strayGitCalls(codeFiles())).toEqual([]);
});

test('the runner and every exception do start git', () => {
  expect(idleExceptions(codeFiles())).toEqual([]);
});

test.each([
  "spawn('git', ['status'])",
  'spawnSync(\n  "git",\n  args)',
  'execFileSync(`git`, args)',
  "exec('git status')",
  "spawn('/usr/bin/git', [])",
  "execSync('cd x && git add .')",
])('%j is seen elsewhere in src, and nowhere else', (text) => {
  expect(strayGitCalls([{ path: 'src/cli/a.ts', text }])).toHaveLength(1);
  expect(strayGitCalls([{ path: 'test/cli/a.ts', text }])).toEqual([]);
});

test.each(["spawn('gitk', [])", "['git', git]", "gitNow(['init'], cwd, env)"])('%j starts no git', (text) => {
  expect(strayGitCalls([{ path: 'src/cli/a.ts', text }])).toEqual([]);
});
