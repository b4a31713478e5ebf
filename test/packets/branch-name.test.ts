/** A branch name is taken exactly when git takes it. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBranchName } from '../../src/core/branch-name.ts';

/** Real git, outside of any repository, so that `@{-1}` means nothing. */
function doesGitTake(name: string): boolean {
  return spawnSync('git', ['check-ref-format', '--branch', name], { cwd: '/' }).status === 0;
}

const corpus = [
  ...[
    'main',
    'work/task-1',
    'a',
    'a/b/c',
    'é',
    '日本',
    '😀',
    'a@b',
    'a@',
    '@x',
    'a/@',
    'x{y',
    'a{-1}',
    'a./b',
    'a.b',
    'a%b',
    "a'b",
    'a"b',
    'a$b',
    'a;b',
    'a|b',
    'a&b',
    'a!b',
    'a#1',
    'a,b',
    'a+b',
    '=a',
    '(a)',
    'refs/heads/x',
    'HEAD/x',
    'a/HEAD',
    'head',
    'lock',
    'a.locks',
    'x-',
    '1',
    '\u00a0',
    '\u0080',
  ],
  ...[
    '',
    ' ',
    '-',
    '-x',
    '--branch',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    '.a',
    'a/.b',
    'a.',
    'a/b.',
    'a..b',
    'a.lock',
    'a.lock/b',
    'a/b.lock',
    '.lock',
    'a b',
    ' a',
    'a ',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[',
    'a\\b',
    'a@{b',
    '@{-1}',
    '@{u}',
    'a@{0}',
    'HEAD',
    'a\tb',
    'a\nb',
    'a\u0001',
    'a\u007f',
  ],
];

describe('isBranchName', () => {
  it.each(corpus)('agrees with git on %j', (name) => {
    expect(isBranchName(name)).toBe(doesGitTake(name));
  });

  it('refuses @, which git takes as another name of HEAD, and what no argument can carry', () => {
    expect(isBranchName('@')).toBe(false);
    expect(isBranchName('a\0b')).toBe(false);
    expect(isBranchName('a\ud800')).toBe(false);
  });

  it('agrees with git on names made of what matters to git', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      '.',
      '..',
      '/',
      '-',
      '@',
      '{',
      '}',
      '.lock',
      'HEAD',
      ' ',
      '~',
      '^',
      ':',
      '?',
      '*',
      '[',
      '\\',
      '\u007f',
      'é',
    );
    const name = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(
        name.filter((it) => it !== '@'),
        (it) => {
          expect(isBranchName(it)).toBe(doesGitTake(it));
        },
      ),
      { numRuns: 300 },
    );
  });
});
