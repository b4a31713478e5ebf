/** Commands that only look, and those that only seem to. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCommitAttempt } from '../../../src/turn/commands/committing.ts';
import { looksOnly, placedCommands } from '../../../src/turn/commands/looking.ts';
import { readShellText } from '../../../src/turn/commands/shell-text.ts';
import { denialKind } from '../../../src/turn/denial-kind.ts';
import { CLOSED_EDITS, COMMITS, DENIED, EDITS, LOOKS, placed, RUNS } from '../../agents/looking/corpus.ts';

const ROOT = '/w/tree';
const place = { roots: [ROOT], closedFolders: ['.git', '.claude'] };
const looks = (text: string): boolean => {
  const commands = placedCommands(text, place);
  return commands?.every((command) => looksOnly(command, place)) === true;
};

describe('of the corpus', () => {
  it('every look is one, and nothing else is', () => {
    expect(placed(LOOKS, ROOT).filter((text) => !looks(text))).toEqual([]);
    const others = [...DENIED, ...RUNS, ...COMMITS, ...EDITS, ...CLOSED_EDITS];
    expect(placed(others, ROOT).filter((text) => looks(text))).toEqual([]);
    expect(LOOKS.length + RUNS.length).toBeGreaterThanOrEqual(100);
    expect(DENIED.length).toBeGreaterThanOrEqual(100);
  });

  it('a denied read is recognised, and so is an attempt to commit, and no other denial is either', () => {
    const kinds = (texts: readonly string[]) => [
      ...new Set(placed(texts, ROOT).map((text) => denialKind('Bash', text))),
    ];
    expect(kinds(LOOKS)).toEqual(['look']);
    expect(kinds(COMMITS)).toEqual(['commit']);
    expect(kinds(['cat /etc/passwd', 'find / -name x', 'ls ..'])).toEqual(['look']);
    expect(kinds([...EDITS, ...CLOSED_EDITS, ...RUNS, 'git push', 'curl https://x.invalid', 'rm x'])).toEqual([null]);
    expect(denialKind('Read', '/etc/passwd')).toBe('look');
    expect(denialKind('Write', '/etc/passwd')).toBeNull();
    expect(denialKind('Bash', null)).toBeNull();
  });
});

describe('an attempt to commit', () => {
  it('is known with a message out of a here-document, and is none with a push behind it', () => {
    expect(isCommitAttempt('git commit -m "$(cat <<\'EOF\'\nAdd rotate\nEOF\n)"')).toBe(true);
    expect(isCommitAttempt('git -c user.name=x commit -m x')).toBe(true);
    expect(isCommitAttempt('git commit -m x && git push')).toBe(false);
    expect(isCommitAttempt('git commit -m "$(x)"; git push')).toBe(false);
    expect(isCommitAttempt('git status')).toBe(false);
  });
});

describe('a folder that is changed to', () => {
  it.each([
    ['cd src && cat ../a', true],
    ['cd src && cd ../test && cat ../a', true],
    ['cd src; cat ../a', false],
    ['cd src || cat ../a', false],
    ['cd src | cat ../a', false],
    ['cat a | cd src && cat ../a', false],
    ['cd nowhere; cat ../a', false],
    ['cd src && false; cat ../a', false],
    ['cd src && ls | head ../a', true],
    ['cd -', false],
    ['cd', false],
    ['cd "sub dir" && ls', true],
    ['cd .git && ls', false],
    ['cd src/* && ls', false],
  ])('holds for what surely runs in it: %s', (text, expected) => {
    expect(looks(text)).toBe(expected);
  });
});

describe('a shell text', () => {
  it.each([
    ['ls "a b" c\\ d', [['ls', 'a b', 'c d']]],
    ['echo \'a;b\' "c|d"', [['echo', 'a;b', 'c|d']]],
    ['a && b || c | d ; e\nf', [['a'], ['b'], ['c'], ['d'], ['e'], ['f']]],
    ['a \\\n b', [['a', 'b']]],
    ['ls {a,b}.js', [['ls', '{a,b}.js']]],
    ['git show HEAD@{1}', [['git', 'show', 'HEAD@{1}']]],
    ["grep 'foo$' a", [['grep', 'foo$', 'a']]],
    ['ls .[!.]*', [['ls', '.[!.]*']]],
  ])('is read as a shell reads it: %s', (text, words) => {
    expect(readShellText(text)?.map((command) => command.words)).toEqual(words);
  });

  it.each(
    [
      [
        'cat $X',
        'cat `x`',
        'cat $(x)',
        'cat "$X"',
        "cat $'x'",
        'cat <(x)',
        'a & b',
        'a &',
        '(ls)',
        'ls ~',
        'ls ~/x',
        'cat .*/x',
        'cat .?/x',
      ],
      [
        'cat "."*/x',
        'cat .[.]/x',
        'cat {.,x}./y',
        'cat {/etc,x}',
        'cat <<X\nX',
        'cat <<< x',
        'a |& b',
        'a &&',
        '&& a',
        '| a',
        'a || || b',
        "'",
      ],
      [
        '"',
        'a \\',
        'a\r',
        'a\0',
        '',
        ' ',
        ';',
        'a > ',
        'a >& b',
        'a <> b',
        'f() { x; }',
        'a # b',
        'a\u00a0b',
        'a >(b)',
        'a ;; b',
        '$' + '{x}',
      ],
    ].flat(),
  )('is not read when it says something else than it seems to: %j', (text) => {
    expect(readShellText(text)).toBeNull();
  });

  it('tells its redirections, but for those that throw away', () => {
    expect(readShellText('a 2>/dev/null >x 2>&1 <y &>z')).toMatchObject([
      { words: ['a'], outputs: ['x', 'z'], inputs: ['y'] },
    ]);
    expect(readShellText('head -n 2>x')).toMatchObject([{ words: ['head', '-n'], outputs: ['x'] }]);
  });

  it('of any kind gives commands or nothing, and ends', () => {
    const piece = fc.constantFrom(
      'a',
      ' ',
      '\\',
      "'",
      '"',
      '$',
      '{',
      '}',
      ',',
      '..',
      '|',
      '&',
      ';',
      '<',
      '>',
      '\n',
      '~',
      '/',
      '*',
      '#',
      '(',
      '1',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 2 })), { maxLength: 14 }), (pieces) => {
        const read = readShellText(pieces.join(''));
        if (read !== null) expect(read.every((command) => command.words.length > 0)).toBe(true);
      }),
    );
  });
});
