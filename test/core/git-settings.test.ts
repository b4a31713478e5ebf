import { describe, expect, it } from 'vitest';
import { isOrdinaryKey, settingChanges, settingsBlocker, UNREADABLE, wereAtWork } from '../../src/core/git-settings.ts';

describe('settings of git at two moments', () => {
  it('differ by what was set, changed and removed, by name', () => {
    const before = { 'core.bare': 'a', 'hooks/pre-commit': 'b', 'user.name': 'c' };
    const after = { 'core.bare': 'a', 'user.name': 'd', 'info/attributes': 'e' };
    expect(settingChanges(before, after)).toEqual([
      'hooks/pre-commit was removed',
      'info/attributes was set',
      'user.name was changed',
    ]);
    expect(settingChanges(before, { ...before })).toEqual([]);
  });

  it('differ by one sentence where the configuration cannot be read any more', () => {
    expect(settingChanges({ 'core.bare': 'a' }, { [UNREADABLE]: 'b' })).toEqual([
      'the configuration cannot be read any more',
    ]);
    expect(settingChanges({ [UNREADABLE]: 'a' }, { [UNREADABLE]: 'a' })).toEqual([]);
  });
});

it.each([
  ['branch.main.remote', true],
  ['branch.a.b.vscode-merge-base', true],
  ['submodule.lib.url', true],
  ['submodule.lib.active', true],
  ['submodule.lib.update', false],
  ['remote.origin.gh-resolved', true],
  ['remote.origin.url', false],
  ['core.hookspath', false],
  ['alias.branch.x', false],
])('that %s is changed by ordinary work: %s', (key, isOrdinary) => {
  expect(isOrdinaryKey(key)).toBe(isOrdinary);
});

it('the blocker names the task, the first changes, how many more, and the runs that were at work', () => {
  const changes = Array.from({ length: 7 }, (_, n) => `key.${n} was set`);
  const blocker = settingsBlocker({ taskId: 'fix-e1-a1', changes, others: ['run_b', 'run_c'] });
  expect(blocker.message).toContain('While fix-e1-a1 ran');
  expect(blocker.message).toContain('key.0 was set, key.1 was set');
  expect(blocker.message).toContain('and 2 more');
  expect(blocker.message).toContain('That was this worker, a worker of run_b or run_c, or somebody else.');
  expect(blocker.evidence).toEqual(['tasks/fix-e1-a1', ...changes]);
  const alone = settingsBlocker({ taskId: 'fix-e1-a1', changes, others: [] });
  expect(alone.message).toContain('That was this worker, or somebody else.');
});

it.each([
  [[], false],
  [[{ startedAtMs: null, endedAtMs: null }], false],
  [[{ startedAtMs: 5, endedAtMs: null }], true],
  [[{ startedAtMs: 1, endedAtMs: 9 }], false],
  [[{ startedAtMs: 1, endedAtMs: 10 }], true],
  [[{ startedAtMs: 20, endedAtMs: 30 }], true],
  [[{ startedAtMs: 21, endedAtMs: 30 }], false],
])('with tasks %j a run was at work between 10 and 20: %s', (tasks, isAtWork) => {
  expect(wereAtWork(tasks, 10, 20)).toBe(isAtWork);
});
