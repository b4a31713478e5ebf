/** Who may do what when nobody can be asked. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withRealPaths } from '../../../src/adapters/agents/real-paths.ts';
import { judgeTool, plainWords, type ToolPolicy, type ToolUse } from '../../../src/adapters/agents/tool-policy.ts';
import { splitCommand } from '../../../src/packets/allow-list.ts';

const policy: ToolPolicy = {
  permission: 'edit',
  allowedTools: [],
  allowedCommands: [],
  roots: ['/w/tree'],
  ownServer: 'pawl',
};
const use: ToolUse = { names: ['Tool'], kind: 'other', command: null, paths: [] };
const isAllowed = (rules: Partial<ToolPolicy>, what: Partial<ToolUse>): boolean =>
  judgeTool({ ...policy, ...rules }, { ...use, ...what }).isAllowed;
const runs = (patterns: string[][], command: string | string[]): boolean =>
  isAllowed({ allowedCommands: patterns }, { kind: 'execute', names: ['Bash'], command });

describe('a command', () => {
  it('is allowed word by word, a last "*" standing for any further words', () => {
    expect(runs([['npm', 'test']], 'npm test')).toBe(true);
    expect(runs([['npm', 'test']], '  npm   "test" ')).toBe(true);
    expect(runs([['npm', 'test']], 'npm test --watch')).toBe(false);
    expect(runs([['npm', 'test', '*']], 'npm test')).toBe(true);
    expect(runs([['npm', 'test', '*']], "npm test -- 'a b'")).toBe(true);
    expect(runs([['npm', 'test', '*']], 'npm install')).toBe(false);
    expect(runs([['*']], '')).toBe(false);
    expect(runs([[]], 'npm test')).toBe(false);
    expect(runs([], 'npm test')).toBe(false);
  });

  it('that only looks needs no rule, but with an option that writes or starts something', () => {
    for (const command of [
      'git diff HEAD~1..HEAD',
      'git log --oneline -5',
      'git show HEAD:a.ts',
      'cat a.ts',
      'ls -la src',
    ])
      expect({ command, isAllowed: runs([], command) }).toEqual({ command, isAllowed: true });
    for (const command of [
      'git diff --output=/tmp/x',
      'git log --outp=x',
      'git show --ext-diff',
      'git diff --textconv',
      'git -c core.pager=x log',
      'GIT_EXTERNAL_DIFF=x git diff',
      'cat a > /tmp/b',
      'git push',
    ])
      expect({ command, isAllowed: runs([], command) }).toEqual({ command, isAllowed: false });
  });

  it('in words is allowed as in text, through the shell that carries it', () => {
    expect(runs([['npm', 'test']], ['npm', 'test'])).toBe(true);
    expect(runs([['npm', 'test']], ['/bin/bash', '-lc', 'npm test'])).toBe(true);
    expect(runs([['npm', 'test']], ['bash', '-lc', 'npm test; id'])).toBe(false);
    expect(runs([['*']], ['bash', '-lc', 'npm test', 'more'])).toBe(false);
    expect(runs([['*']], ['bash', 'script.sh'])).toBe(false);
    expect(runs([['npm', 'test', '*']], ['npm', 'test', '; id'])).toBe(false);
    expect(runs([['*']], [])).toBe(false);
  });

  it('is allowed by a rule on its tool', () => {
    const bash = (rule: string, command: string) =>
      isAllowed({ allowedTools: [rule] }, { kind: 'execute', names: ['Bash'], command });
    expect(bash('Bash(npm run:*)', 'npm run lint')).toBe(true);
    expect(bash('Bash(npm run *)', 'npm run lint')).toBe(true);
    expect(bash('Bash(npm run:*)', 'npm run lint && id')).toBe(false);
    expect(bash('Bash(npm run:*)', 'npm runx')).toBe(false);
    expect(bash('Shell(npm run:*)', 'npm run lint')).toBe(false);
    expect(bash('Bash()', 'npm run lint')).toBe(false);
    expect(bash('Bash', 'npm run lint && id')).toBe(true);
  });

  it('decides, whatever kind of tool runs it', () => {
    expect(isAllowed({}, { kind: 'read', command: 'cat a; rm /tmp/b' })).toBe(false);
    expect(isAllowed({ permission: 'read' }, { kind: 'read', command: 'cat a; rm b' })).toBe(false);
    expect(isAllowed({}, { kind: 'execute', command: null })).toBe(false);
  });

  const word = fc.stringMatching(/^[a-z./-]{1,8}$/);
  const separator = fc.constantFrom(';', '&&', '||', '|', '\n');
  const unread = fc.constantFrom(
    ...['&', '`id`', '$(id)', '$HOME', '$' + '{x}', '(', ')', '<(', '>(', '<<', '\r', '|&', ';;', '"$(id)"', '"`id`"'],
    ...['\0', '&>&', '<<<'],
  );
  const ruleSets = fc.array(fc.array(fc.oneof(word, fc.constant('*')), { minLength: 1, maxLength: 3 }), {
    maxLength: 4,
  });

  it('that a shell would expand passes no rule on commands, not even "*"', () => {
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 4 }),
        unread,
        fc.nat(4),
        fc.constantFrom('', ' '),
        ruleSets,
        (words, sign, at, space, rules) => {
          const place = 1 + (at % words.length);
          const text = [words.slice(0, place).join(' '), sign, words.slice(place).join(' ')].join(space);
          const all = [...rules, ['*'], [...words.slice(0, 1), '*']];
          expect(runs(all, text)).toBe(false);
          expect(runs(all, ['bash', '-lc', text])).toBe(false);
          expect(runs(all, [...words, sign])).toBe(false);
          const named = all.map((rule) => `Bash(${rule.join(' ')})`);
          expect(isAllowed({ allowedTools: named }, { kind: 'execute', names: ['Bash'], command: text })).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('in a list or a pipe is allowed if each of them is', () => {
    const program = fc.constantFrom('npm', 'id', 'make', 'touchy');
    const command = fc.tuple(program, fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { maxLength: 2 }));
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 4 }), separator, ruleSets, (commands, sign, rules) => {
        const all = [...rules, ['npm', '*'], ['make']];
        const texts = commands.map(([name, rest]) => [name, ...rest].join(' '));
        expect(runs(all, texts.join(` ${sign} `))).toBe(texts.every((text) => runs(all, text)));
        const last = 'rm -rf /tmp/x';
        if (!runs(all, last)) expect(runs(all, [...texts, last].join(sign))).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('is never taken for other words than it has', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), ruleSets, (words, rules) => {
        // What only looks needs no rule: a drawn word may happen to be such a program (`jq`).
        fc.pre(!runs([], words.join(' ')));
        const isMeant = rules.some((rule) => {
          const isOpen = rule.at(-1) === '*';
          const fixed = isOpen ? rule.slice(0, -1) : rule;
          return (isOpen || fixed.length === words.length) && fixed.every((part, index) => part === words[index]);
        });
        // A first word that only a shell knows is not a program, whatever the rules say.
        expect(runs(rules, words.join(' '))).toBe(isMeant && splitCommand(words.join(' ')).kind === 'split');
      }),
      { numRuns: 200 },
    );
  });

  it('of any text at all gives words or nothing', () => {
    fc.assert(fc.property(fc.string(), (text) => plainWords(text) === null || text.length > 0));
  });
});

describe('an edit', () => {
  const edits = (paths: string[], permission: ToolPolicy['permission'] = 'edit', rest: Partial<ToolPolicy> = {}) =>
    isAllowed({ permission, ...rest }, { kind: 'edit', paths });

  it('is allowed in the worktree and nowhere else', () => {
    expect(edits(['/w/tree/a.ts', 'src/b.ts'])).toBe(true);
    for (const path of [
      '/etc/hosts',
      '/w/treehouse/a',
      '/w/tree',
      '/w/tree/../x',
      'a/../../x',
      '../x',
      '~/x',
      '',
      '/w/tree/a\0',
    ])
      expect({ path, isAllowed: edits([path]) }).toEqual({ path, isAllowed: false });
    expect(edits(['/w/tree/a.ts', '/etc/hosts'])).toBe(false);
    expect(edits([])).toBe(false);
  });

  it("never touches git's own files", () => {
    for (const path of ['.git', '/w/tree/.git', '.git/hooks/pre-commit', 'sub/.GIT/config'])
      expect(edits([path])).toBe(false);
    expect(edits(['.gitignore'])).toBe(true);
  });

  it('never touches what gives orders to the agents that come after', () => {
    for (const path of [
      '.claude/settings.json',
      'sub/.Claude/x',
      '.mcp.json',
      '.gemini/settings.json',
      '.qwen/x',
      'opencode.json',
    ])
      expect({ path, isAllowed: edits([path]) }).toEqual({ path, isAllowed: false });
    expect(edits(['docs/claude.md'])).toBe(true);
  });

  it('is judged by where the file really is', () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-policy-')));
    mkdirSync(join(folder, 'tree'));
    symlinkSync(folder, join(folder, 'tree/link'));
    symlinkSync('itself', join(folder, 'tree/itself'));
    const tree = join(folder, 'tree');
    const edit = (path: string): boolean => {
      const real = withRealPaths({ ...use, kind: 'edit', paths: [path] }, tree);
      return judgeTool({ ...policy, roots: [tree] }, real).isAllowed;
    };
    expect([edit('new/a.ts'), edit(join(tree, 'b.ts'))]).toEqual([true, true]);
    expect([edit('link/a.ts'), edit('itself/a.ts')]).toEqual([false, false]);
    rmSync(folder, { recursive: true });
  });

  it('of a reader is its answer alone', () => {
    expect(edits(['/w/tree/a.ts'], 'read')).toBe(false);
    expect(edits(['/w/tree/.pawl-task/t/completion.json'], 'read')).toBe(true);
    expect(edits(['/w/tree/.pawl-task'], 'read')).toBe(false);
    expect(edits(['.pawl-task/../a.ts'], 'read')).toBe(false);
    expect(edits([], 'read', { allowedTools: ['Tool'] })).toBe(false);
  });

  it('that is named as a tool still stays in the worktree', () => {
    expect(edits(['/etc/hosts'], 'edit', { allowedTools: ['Tool', '*'] })).toBe(false);
    expect(edits([], 'edit', { allowedTools: ['Tool'] })).toBe(true);
  });

  it('never leaves the worktree, whatever the path', () => {
    const segment = fc.constantFrom('..', '.', 'a', '', '.git', 'w', 'tree');
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), fc.boolean(), (segments, isAbsolute) => {
        const path = `${isAbsolute ? '/w/tree/' : ''}${segments.join('/')}`;
        if (!edits([path])) return;
        const { pathname } = new URL(path, 'file:///w/tree/');
        expect(pathname.startsWith('/w/tree/')).toBe(true);
        expect(segments).not.toContain('..');
      }),
    );
  });
});

describe('any other tool', () => {
  it('is allowed when it reads, when a rule names it, or when it is ours', () => {
    expect(isAllowed({}, { kind: 'read' })).toBe(true);
    expect(isAllowed({}, { kind: 'read', paths: ['/w/tree/a.ts', 'src', '/w/tree'] })).toBe(true);
    for (const path of ['/etc/passwd', '../x', '~/x', '/w/treehouse', 'a/../../b'])
      expect({ path, isAllowed: isAllowed({}, { kind: 'read', paths: [path] }) }).toEqual({ path, isAllowed: false });
    expect(isAllowed({}, {})).toBe(false);
    expect(isAllowed({ allowedTools: ['Tool'] }, {})).toBe(true);
    expect(isAllowed({ allowedTools: ['*'] }, {})).toBe(true);
    expect(isAllowed({ allowedTools: ['mcp__jira'] }, { names: ['mcp__jira__search'] })).toBe(true);
    expect(isAllowed({ allowedTools: ['mcp__jira'] }, { names: ['mcp__jirax__search'] })).toBe(false);
    for (const name of ['mcp__pawl__get_task', 'pawl/complete_task', 'report_blocked (pawl MCP Server)'])
      expect(isAllowed({}, { names: [name] })).toBe(true);
    for (const name of ['mcp__other__get_task', 'mcp__pawl__approve', 'xmcp__pawl__get_task'])
      expect(isAllowed({}, { names: [name] })).toBe(false);
    expect(isAllowed({ ownServer: null }, { names: ['mcp__pawl__get_task'] })).toBe(false);
  });

  it('is allowed in bypass, and so is everything', () => {
    expect(isAllowed({ permission: 'bypass' }, { kind: 'edit', paths: ['/etc/hosts'] })).toBe(true);
    expect(isAllowed({ permission: 'bypass' }, { kind: 'execute', command: 'a; b' })).toBe(true);
  });
});
