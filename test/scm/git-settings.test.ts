import { describe, expect, it } from 'vitest';
import { changeWords } from '../../src/blockers/git-words.ts';
import { shownBlocker } from '../../src/blockers/shown-blocker.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import {
  isAcceptedByPerson,
  isFarReaching,
  isOrdinarySetting,
  settingChanges,
  settingsBlocker,
  UNREADABLE,
  wereAtWork,
} from '../../src/scm/git-settings.ts';

describe('settings of git at two moments', () => {
  it('differ by what was set, changed and removed, by name', () => {
    const before = { 'core.bare': 'a', 'hooks/pre-commit': 'b', 'user.name': 'c' };
    const after = { 'core.bare': 'a', 'user.name': 'd', 'info/attributes': 'e' };
    expect(settingChanges(before, after)).toEqual([
      { name: 'hooks/pre-commit', change: 'removed' },
      { name: 'info/attributes', change: 'set' },
      { name: 'user.name', change: 'changed' },
    ]);
    expect(settingChanges(before, { ...before })).toEqual([]);
  });

  it('differ by one thing alone where the configuration can no longer be read', () => {
    expect(settingChanges({ 'core.bare': 'a' }, { [UNREADABLE]: 'b' })).toEqual([
      { name: UNREADABLE, change: 'unreadable' },
    ]);
    expect(settingChanges({ [UNREADABLE]: 'a' }, { [UNREADABLE]: 'a' })).toEqual([]);
  });
});

const known = {
  remotes: new Set(['origin']),
  submodules: new Map([
    ['lib', 'https://x.invalid/lib'],
    ['rel', '../rel'],
  ]),
};

it.each([
  ['branch.main.remote', 'origin', true],
  ['branch.main.remote', '.', true],
  ['branch.main.remote', '../evil', false],
  ['branch.main.pushremote', 'https://x.invalid/evil', false],
  ['branch.main.merge', 'refs/heads/main', true],
  ['branch.main.mergeoptions', '-s x', false],
  ['branch.a.b.vscode-merge-base', 'origin/main', true],
  ['submodule.lib.url', 'https://x.invalid/lib', true],
  ['submodule.lib.url', 'https://x.invalid/evil', false],
  ['submodule.rel.url', 'https://x.invalid/rel', true],
  ['submodule.other.url', 'https://x.invalid/other', true],
  ['submodule.lib.active', 'true', true],
  ['submodule.lib.update', '!x', false],
  ['remote.origin.gh-resolved', 'base', true],
  ['remote.origin.url', 'x', false],
  ['core.hookspath', 'x', false],
  ['alias.branch.x', 'x', false],
])('that %s becomes %s in ordinary work: %s', (key, value, isOrdinary) => {
  expect(isOrdinarySetting(key, value, known)).toBe(isOrdinary);
});

it.each([
  ...[
    'alias.x',
    'core.pager',
    'core.sshcommand',
    'credential.helper',
    'credential.https://x.invalid/.helper',
    'diff.external',
  ],
  ...[
    'diff.x.textconv',
    'filter.f.clean',
    'gpg.program',
    'gpg.ssh.program',
    'http.https://x.invalid/.proxy',
    'http.sslverify',
  ],
  ...[
    'include.path',
    'includeif.gitdir:x.path',
    'init.templatedir',
    'merge.x.driver',
    'mergetool.x.cmd',
    'url.x.insteadof',
  ],
])('%s of the user is far-reaching', (key) => expect(isFarReaching(key)).toBe(true));

it.each([
  ...[
    'user.name',
    'core.autocrlf',
    'color.ui',
    'safe.directory',
    'maintenance.repo',
    'merge.tool',
    'credential.username',
  ],
  ...[
    'diff.algorithm',
    'gpg.format',
    'http.postbuffer',
    'core.excludesfile',
    'core.hookspath',
    'x.alias.y',
    'mergetool.x.trustexitcode',
  ],
])('%s of the user is not', (key) => expect(isFarReaching(key)).toBe(false));

it('of history that was cut off only the cut is reported', () => {
  expect(settingChanges({}, { shallow: 'a' })).toEqual([{ name: 'shallow', change: 'set' }]);
  expect(settingChanges({ shallow: 'a' }, { shallow: 'b' })).toEqual([{ name: 'shallow', change: 'changed' }]);
  expect(settingChanges({ shallow: 'a', shallower: 'b' }, {})).toEqual([{ name: 'shallower', change: 'removed' }]);
});

it('the blocker names the task, the first changes, how many more, and the runs that were at work', () => {
  const changes = Array.from({ length: 7 }, (_, n) => ({ name: `key.${n}`, change: 'set' }) as const);
  const blocker = settingsBlocker({ taskId: 'fix-e1-a1', changes, others: ['run_b', 'run_c'] });
  const { message } = shownBlocker(blocker);
  expect(message).toContain('While fix-e1-a1 ran');
  expect(message).toContain('key.0 was set, key.1 was set');
  expect(message).toContain('and 2 more');
  expect(message).toContain('The changes came from this worker, a worker of run_b or run_c, or from someone else.');
  expect(blocker.evidence).toEqual(['tasks/fix-e1-a1', ...changes.map(changeWords)]);
  const alone = settingsBlocker({ taskId: 'fix-e1-a1', changes, others: [] });
  expect(shownBlocker(alone).message).toContain('The changes came from this worker, or from someone else.');
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

describe('settings that were changed', () => {
  const blocker = { code: 'PAWL_GIT_TAMPERED', params: {}, evidence: ['tasks/fix-e1-a1', 'x was set'] };
  const recordsOf = (...events: readonly object[]): readonly JournalRecord[] =>
    events.map((event) => ({ event }) as JournalRecord);
  const refused = { type: 'workRefused', blocker };
  const decided = (decision: string) => ({ type: 'decisionMade', decision });

  it.each<readonly [string, readonly object[], boolean]>([
    ['a retry after it', [refused, decided('retry')], true],
    ['an acceptance after it', [{ type: 'x' }, refused, { type: 'x' }, decided('accept')], true],
    ['an abandon after it', [refused, decided('abandon')], false],
    ['a decision before it', [decided('retry'), refused], false],
    ['no decision', [refused], false],
    ['no such stop', [{ type: 'workRefused', blocker: null }, decided('retry')], false],
    [
      'a stop for another reason',
      [{ ...refused, blocker: { ...blocker, code: 'PAWL_WORKSPACE_CHANGED' } }, decided('retry')],
      false,
    ],
    [
      'a stop of another task',
      [{ ...refused, blocker: { ...blocker, evidence: ['tasks/fix-e1-a2'] } }, decided('retry')],
      false,
    ],
    ['another event that decides', [refused, { type: 'another', decision: 'retry' }], false],
  ])('are accepted by a person: %s', (_, events, isAccepted) => {
    expect(isAcceptedByPerson(recordsOf(...events), 'fix-e1-a1')).toBe(isAccepted);
  });

  it('are listed up to a bound, as are the runs that may have done it', () => {
    const changes = Array.from({ length: 50 }, (_, n) => ({ name: `k${n}`, change: 'set' }) as const);
    const others = Array.from({ length: 7 }, (_, n) => `run_${n}`);
    const told = shownBlocker(settingsBlocker({ taskId: 't', changes, others }));
    expect(told.code).toBe('PAWL_GIT_TAMPERED');
    expect(told.hint).toContain('retry');
    expect(told.evidence).toHaveLength(41);
    expect(told.message).toContain('run_4');
    expect(told.message).not.toContain('run_5');
  });
});
