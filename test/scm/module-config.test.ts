import { expect, test } from 'vitest';
import { unusualLines } from '../../src/scm/module-config.ts';

const FRESH = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = false
	logallrefupdates = true
	worktree = ../../../lib
[remote "origin"]
	url = https://example.invalid/lib.git
	fetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
	remote = origin
	merge = refs/heads/main
[submodule]
	active = .
[submodule "deep"]
	active = true
	url = ../deep
`;

const unusual = (text: string): readonly string[] => unusualLines(text, (named) => named === '../../../lib');

test('what git writes into a fresh submodule, with comments and line ends of Windows, is ordinary but for a general rule', () => {
  expect(unusual(`# mine\n; mine\n${FRESH.replaceAll('\n', '\r\n')}`)).toEqual(['submodule active = .']);
});

test.each([
  ['[core]\n\tfsmonitor = x', ['core fsmonitor = x']],
  ['[core]\n\tworktree = ../../../elsewhere', ['core worktree = ../../../elsewhere']],
  ['[core]\n\tbare = true', ['core bare = true']],
  ['[remote "origin"]\n\tfetch = +refs/heads/*:refs/heads/*', ['remote.origin fetch = +refs/heads/*:refs/heads/*']],
  ['[remote "origin"]\n\tuploadpack = x', ['remote.origin uploadpack = x']],
  ['[submodule "deep"]\n\tupdate = !x', ['submodule.deep update = !x']],
  ['[CORE]\n\tFSMonitor=x', ['core FSMonitor=x']],
  ['[branch "main"] [core]\n\tremote = x', [' [branch "main"] [core]', ' remote = x']],
  ['[branch "main"]\n\tremote = "x"', ['branch.main remote = "x"']],
  ['[branch "main"]\n\tremote = x\rfsmonitor = y', ['branch.main remote = x\rfsmonitor = y']],
  ['[core] fsmonitor = x', [' [core] fsmonitor = x']],
  ['[include]\n\tpath = x', ['include path = x']],
  ['garbage', ['submodule.deep garbage']],
])('%j counts', (planted, expected) => {
  expect(unusual(`${FRESH.replace('[submodule]\n\tactive = .\n', '')}${planted}\n`)).toEqual(expected);
});

test('where a line is continued, every line counts', () => {
  const continued = '[core]\n\tfsmonitor = \\\n[branch "main"]\n\tremote = origin';
  expect(unusual(continued)).toEqual(['[core]', 'fsmonitor = \\', '[branch "main"]', 'remote = origin']);
});
