/** A branch name is taken exactly when git takes it and can lock it; two names collide exactly when git cannot keep both. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areSameBranch, branchProblem, doBranchesCollide, isBranchName } from '../../src/packets/branch-name.ts';
import { createSandboxRepo } from '../../src/prove/real/sandbox-repo.ts';

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
      { numRuns: 60 },
    );
  });
});

describe('branchProblem', () => {
  it.each(['work/task-1', 'a'.repeat(250), `${'é'.repeat(125)}/${'b'.repeat(250)}`, 'heads/main'])(
    'has none with %j',
    (name) => {
      expect(branchProblem(name)).toBeNull();
    },
  );

  it.each([
    ['a..b', 'not a branch name'],
    ['refs/heads/main', 'short name'],
    ['a'.repeat(251), '250 bytes'],
    [`work/${'a'.repeat(251)}/b`, '250 bytes'],
    ['é'.repeat(126), '250 bytes'],
    [Array.from({ length: 40 }, () => 'abcdefghijklmnopqrstuvwxy').join('/'), '1000 bytes'],
  ])('names what is wrong with %j', (name, problem) => {
    expect(branchProblem(name)).toContain(problem);
  });

  it('lets pass exactly the lengths that git can create', () => {
    const repo = createSandboxRepo();
    try {
      for (const name of [
        'a'.repeat(250),
        'a'.repeat(251),
        `é${'a'.repeat(248)}`,
        `é${'a'.repeat(249)}`,
        `b/${'a'.repeat(251)}`,
      ]) {
        const { status } = spawnSync('git', ['branch', name], { cwd: repo.path, env: repo.environment });
        expect([name, branchProblem(name) === null]).toEqual([name, status === 0]);
      }
    } finally {
      repo.remove();
    }
  });
});

describe('two branches', () => {
  it('are the same to a file system that folds letter case or composes accents', () => {
    for (const other of ['main', 'Main', 'MAIN']) expect(areSameBranch('main', other)).toBe(true);
    expect(areSameBranch('caf\u00e9', 'cafe\u0301')).toBe(true);
    expect(areSameBranch('main', 'main2')).toBe(false);
  });

  it('collide when they are one, or when one would be a folder of the other', () => {
    for (const [a, b] of [
      ['a', 'a'],
      ['a', 'a/b'],
      ['a/b', 'a/b/c'],
    ] as const) {
      expect(doBranchesCollide(a, b)).toBe(true);
      expect(doBranchesCollide(b, a)).toBe(true);
    }
    for (const [a, b] of [
      ['a', 'ab'],
      ['a/b', 'a/c'],
      ['a', ''],
      ['a/b', 'b'],
    ] as const) {
      expect(doBranchesCollide(a, b)).toBe(false);
      expect(doBranchesCollide(b, a)).toBe(false);
    }
  });
});
