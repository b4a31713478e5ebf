/** What every kind of agent may run, in every role: decisions.ts says how that is known. */
import { afterEach, describe, expect, it } from 'vitest';
import { hookAnswer } from '../../../src/adapters/agents/tool-hook-forms.ts';
import type { ToolPolicy } from '../../../src/adapters/agents/tool-policy.ts';
import { COMMIT_RULE } from '../../../src/core/committing.ts';
import type { AgentKind } from '../../../src/model/turn.ts';
import { CLOSED_EDITS, COMMITS, DENIED, EDITS, LOOKS, placed, RUNS } from './corpus.ts';
import { commandFor, DECISIONS, flagOf, ROOT } from './decisions.ts';
import { decide, rulesOf } from './gemini-engine.ts';

/** Looks that the rules of a kind cannot tell from something else; they are answered, recorded, and do not block. */
const BEYOND: Partial<Record<AgentKind, readonly string[]>> = { gemini: ['cd src && cat ../README.md'] };

afterEach(() => {
  delete process.env.PAWL_TOOL_POLICY;
});

describe.each(Object.keys(DECISIONS) as (keyof typeof DECISIONS)[])('%s', (kind) => {
  describe.each(['implementer', 'reviewer'] as const)('as %s', (role) => {
    const decisionOf = () => DECISIONS[kind](commandFor(kind, role), role);
    const sorted = async (commands: readonly string[]) => {
      const decision = decisionOf();
      const run: string[] = [];
      const denied: string[] = [];
      for (const command of placed(commands, ROOT)) ((await decision(command)).isRun ? run : denied).push(command);
      return { run, denied };
    };

    it('runs every look at the worktree and its history, and every command that the config allows', async () => {
      expect(LOOKS.length + RUNS.length).toBeGreaterThanOrEqual(100);
      expect((await sorted([...LOOKS, ...RUNS])).denied).toEqual(BEYOND[kind] ?? []);
    });

    it('runs nothing that writes elsewhere, leaves the machine, or reads what is not of the worktree', async () => {
      expect(DENIED.length).toBeGreaterThanOrEqual(100);
      expect((await sorted([...DENIED, ...CLOSED_EDITS])).run).toEqual([]);
    });

    it('commits nothing, and is told who does', async () => {
      const decision = decisionOf();
      for (const command of COMMITS) {
        const { isRun, told } = await decision(command);
        expect({ command, isRun, told: told.includes(COMMIT_RULE) }).toEqual({ command, isRun: false, told: true });
      }
    });

    it('edits by the shell what it may edit', async () => {
      const canEdit = role === 'implementer' && kind !== 'gemini';
      expect((await sorted(EDITS)).run).toEqual(canEdit ? EDITS : []);
    });
  });
});

it('codex is held by a sandbox, which is read-only for who judges', () => {
  expect(flagOf(commandFor('codex', 'implementer').args, '-s')).toBe('workspace-write');
  expect(flagOf(commandFor('codex', 'reviewer').args, '-s')).toBe('read-only');
});

describe('tools of Qwen that name files', () => {
  const policy: ToolPolicy = {
    permission: 'edit',
    allowedTools: [],
    allowedCommands: [],
    roots: [ROOT],
    ownServer: null,
  };
  const decided = (permission: 'read' | 'edit', tool: string, input: Record<string, string>): string => {
    const answer = hookAnswer('qwen', { ...policy, permission }, { tool_name: tool, tool_input: input });
    return /"permissionDecision":"(\w+)"/.exec(answer)?.[1] ?? 'its own';
  };

  it('are kept in the worktree, and from editing for who judges', () => {
    expect(decided('edit', 'write_file', { file_path: `${ROOT}/a.js` })).toBe('allow');
    expect(decided('edit', 'edit', { file_path: '/etc/hosts' })).toBe('deny');
    expect(decided('edit', 'write_file', { file_path: `${ROOT}/.qwen/settings.json` })).toBe('deny');
    expect(decided('read', 'write_file', { file_path: `${ROOT}/a.js` })).toBe('deny');
    expect(decided('read', 'read_file', { file_path: `${ROOT}/a.js` })).toBe('allow');
    expect(decided('read', 'read_file', { file_path: '/etc/passwd' })).toBe('deny');
    expect(decided('read', 'run_shell_command', { command: 'ls', directory: '/etc' })).toBe('deny');
    expect(decided('read', 'run_shell_command', { command: 'ls', directory: `${ROOT}/src` })).toBe('allow');
    expect(decided('read', 'web_fetch', { url: 'x' })).toBe('its own');
  });
});

describe('a policy of Gemini', () => {
  const rules = rulesOf(commandFor('gemini', 'reviewer').files?.['policy.toml'] ?? '');

  it.each([
    'find . -exe\\c touch x \\;',
    "find . '-exec' touch x",
    "find . -e''xec touch x",
    "git log --out''put=x",
    'git log --"output"=x',
    "git log '--output=x'",
    'cat "/etc/passwd"',
    'cat \\/etc/passwd',
    "cat ''/etc/passwd",
    'cat .\\./x',
    "cat '.'./x",
    'cat {/etc/passwd,x}',
    'cat {.,x}./y',
    'cat .*/x',
    'grep -rn x "/etc"',
    'npm test --watch',
    'npm test | sh',
    'cat a\ncurl x',
    'cat a & curl x',
    'cat a |& sh',
    "printf '\\057etc' | xargs cat",
    'date 010203',
    'git branch --list -D x',
    'git config --get x; git push',
    'git grep -nOless x',
    'sort -o x y',
    "sed -n 'w x' y",
  ])('is not led astray: %j', (command) => {
    expect(decide(rules, command)).toBe('deny');
  });
});
