/** Which repository an address means, whatever form git takes it in, and which words of a packet mean the same one. */
import { describe, expect, it } from 'vitest';
import { isRepository, otherRepositoryAt } from '../../src/packets/forge-repository.ts';

/** The repository that an address means, seen from one that it is not. */
const repositoryAt = (address: string): string | null => otherRepositoryAt(address, 'another/one');

describe('repositoryAt', () => {
  it.each([
    'git@github.com:acme/widgets.git',
    'git@github.com:acme/widgets',
    'git@github.com:/acme/widgets.git/',
    'github.com:acme/widgets.git',
    'org-1234@github.com:Acme/Widgets.git',
    'git@[::1]:acme/widgets.git',
    'ssh://git@github.com/acme/widgets.git',
    'ssh://git@ssh.github.com:443/acme/widgets.git',
    'ssh://git@[2001:db8::1]:22/acme/widgets',
    'git+ssh://git@github.com/acme/widgets.git',
    'https://github.com/acme/widgets.git',
    'https://github.com/acme/widgets/',
    'HTTPS://GitHub.com/acme/widgets.GIT',
    'https://user:secret@github.com/acme/widgets.git',
    'https://github.com/acme/%77idgets',
    'git://github.com/acme/widgets.git',
    'http://localhost:3000/acme/widgets.git',
    ' https://github.com/acme/widgets.git\n',
  ])('%j is acme/widgets', (address) => {
    expect(repositoryAt(address)).toBe('acme/widgets');
  });

  it('keeps all groups, and a percent sign that encodes nothing', () => {
    expect(repositoryAt('git@gitlab.com:group/sub/widgets.git')).toBe('group/sub/widgets');
    expect(repositoryAt('https://forge.invalid/acme/100%widgets')).toBe('acme/100%widgets');
  });

  it.each([
    '/srv/git/acme/widgets.git',
    '../widgets',
    './a:b',
    '~/widgets',
    'file:///srv/git/acme/widgets.git',
    'C:\\git\\widgets',
    'c:/git/widgets',
    'widgets',
    '',
  ])('%j, a path on this machine, is none', (address) => {
    expect(repositoryAt(address)).toBeNull();
  });
});

describe('isRepository', () => {
  it.each([
    'acme/widgets',
    'ACME/Widgets',
    'acme/widgets.git',
    '/acme/widgets/',
    'github.com/acme/widgets',
    'https://github.com/acme/widgets',
    'git@github.com:acme/widgets.git',
  ])('%j means acme/widgets', (word) => {
    expect(isRepository(word, 'acme/widgets')).toBe(true);
  });

  it.each([
    ['https://gitlab.com/acme/widgets', 'https://github.com/acme/widgets.git', false],
    ['gitlab.com/acme/widgets', 'git@github.com:acme/widgets.git', false],
    ['acme/widgets', 'git@github.com:acme/widgets.git', true],
    ['github.com/acme/widgets', 'ssh://git@ssh.github.com:443/Acme/widgets.git', true],
    ['github.com/acme/widgets', 'git@github-work:acme/widgets.git', true],
    ['GitHub.com/acme/widgets', 'https://github.com/acme/widgets', true],
    ['hub.com/acme/widgets', 'https://github.com/acme/widgets', false],
    ['https://github.com/other/widgets', 'git@github.com:acme/widgets.git', false],
  ])('%s and %s: %s', (word, address, expected) => {
    expect(isRepository(word, address)).toBe(expected);
    expect(isRepository(address, word)).toBe(expected);
  });

  it.each(['acme/widget', 'acme/widgets2', 'other/widgets', 'widgets', 'acme', 'acme/widgets/x', 'x/acme/widgets', ''])(
    '%j does not',
    (word) => {
      expect(isRepository(word, 'acme/widgets')).toBe(false);
    },
  );
});
