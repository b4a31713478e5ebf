/** Commands are split without a shell, and run only when a pattern admits them word by word. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAllowed, splitCommand } from '../../src/packets/allow-list.ts';

const argvOf = (text: string) => {
  const split = splitCommand(text);
  return split.kind === 'split' ? split.argv : split.reason;
};

describe('splitCommand', () => {
  it.each<[string, readonly string[]]>([
    ['npm test', ['npm', 'test']],
    ['  node   --test\ttest/*.test.js ', ['node', '--test', 'test/*.test.js']],
    [`node -e "console.log('a b')"`, ['node', '-e', "console.log('a b')"]],
    [`grep '$x | && ; \\ \`' "a;b|c>d"`, ['grep', '$x | && ; \\ `', 'a;b|c>d']],
    [`x a"b c"'d e' "" ''`, ['x', 'ab cd e', '', '']],
    ['git show HEAD~1 a#b x=1 a$', ['git', 'show', 'HEAD~1', 'a#b', 'x=1', 'a$']],
    [`grep "\\.ts$" 'a$'`, ['grep', '\\.ts$', 'a$']],
  ])('%s is split as a shell would', (text, argv) => {
    expect(argvOf(text)).toEqual(argv);
  });

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['""', 'empty'],
    ['a | b', 'pipe'],
    ['a|b', 'pipe'],
    ['a || b', 'operator'],
    ['a && b', 'operator'],
    ['a & ', 'operator'],
    ['a; b', 'operator'],
    ['(a)', 'operator'],
    ['a > b', 'redirection'],
    ['a 2>&1', 'redirection'],
    ['a <b', 'redirection'],
    ['a $(b)', 'substitution'],
    ['a "$(b)"', 'substitution'],
    ['a `b`', 'substitution'],
    ['a "`b`"', 'substitution'],
    ['a $HOME', 'variable'],
    [`a "\${HOME}"`, 'variable'],
    ["a $'b'", 'variable'],
    ['CI=1 npm test', 'assignment'],
    ['a \\| b', 'escape'],
    ['a "\\""', 'escape'],
    ['a # all', 'comment'],
    ['cat ~/x', 'home'],
    ['a\nb', 'newline'],
    ['a "b', 'quotes'],
    ["a 'b", 'quotes'],
    ['a\0b', 'control'],
    ['a\u00a0b', 'control'],
    ['! grep -q TODO src/widget.js', 'shellWord'],
    ['source env.sh', 'shellWord'],
    ['. ./env.sh', 'shellWord'],
    ['cd sub', 'shellWord'],
    ['if true', 'shellWord'],
    ['[[ -f x ]]', 'shellWord'],
    ['{ true', 'shellWord'],
    ['export A=1', 'shellWord'],
    ['set -e', 'shellWord'],
    ['exit 0', 'shellWord'],
    ["'trap' x", 'shellWord'],
  ])('%j is refused: %s', (text, reason) => {
    expect(argvOf(text)).toBe(reason);
  });

  it('agrees with sh on every text that it takes', () => {
    const piece = fc.constantFrom(
      'a',
      'b-c',
      ' ',
      '  ',
      '"',
      "'",
      '$',
      '\\',
      '#',
      '~',
      '=',
      '.',
      '{',
      '}',
      '!',
      '^',
      '%',
      'é',
      '|',
      '&',
      '`',
    );
    const text = fc.array(piece, { maxLength: 10 }).map((pieces) => `x ${pieces.join('')}`);
    const script = 'printf "%s\\0" "$@"';
    fc.assert(
      fc.property(text, (it) => {
        const split = splitCommand(it);
        if (split.kind === 'refused') return;
        const shell = spawnSync('sh', ['-f', '-c', `set -- ${it}\n${script}`], { encoding: 'utf8' });
        expect(shell.stdout.split('\0').slice(0, -1)).toEqual(split.argv);
      }),
      { numRuns: 300 },
    );
  });
});

describe('isAllowed', () => {
  const patterns = ['npm test', 'node --test *', "sh -c 'exit 0'", 'npm run lint && true', '* --version'];

  it.each([
    ['npm test', true],
    ['node --test', true],
    ['node --test a b', true],
    ["sh -c 'exit 0'", true],
    ['* --version', true],
    ['npm test --force', false],
    ['npm', false],
    ['npm "test --force"', false],
    ['node', false],
    ['node --test-only', false],
    ['sh -c "exit 1"', false],
    ['npm run lint', false],
    ['git --version', false],
    ['NPM test', false],
  ])('%s: %s', (command, expected) => {
    const split = splitCommand(command);
    expect(split.kind === 'split' && isAllowed(split.argv, patterns)).toBe(expected);
  });

  it('no pattern admits nothing, and * alone admits every command', () => {
    expect(isAllowed(['npm', 'test'], [])).toBe(false);
    expect(isAllowed(['npm', 'test'], ['*'])).toBe(true);
    expect(isAllowed([], ['*'])).toBe(false);
  });
});
