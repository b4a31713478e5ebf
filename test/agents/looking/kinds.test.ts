/** What every kind of agent may run, in every role: decisions.ts says how that is known. */
import { afterEach, describe, expect, it } from 'vitest';
import { adapterOf } from '../../../src/adapters/agents/adapters.ts';
import { guardedSettings } from '../../../src/adapters/agents/codex-guard.ts';
import { hookAnswer } from '../../../src/adapters/agents/tool-hook-forms.ts';
import type { ToolPolicy } from '../../../src/adapters/agents/tool-policy.ts';
import type { AgentKind } from '../../../src/model/turn.ts';
import type { ToolGuard } from '../../../src/ports/agent-adapter.ts';
import { COMMIT_RULE } from '../../../src/turn/commands/committing.ts';
import { CLOSED_EDITS, COMMITS, DENIED, EDITS, LOOKS, placed, RUNS } from './corpus.ts';
import { commandFor, DECISIONS, ROOT } from './decisions.ts';
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

    it('runs every command that only reads the worktree and its history, and every command that the config allows', async () => {
      expect(LOOKS.length + RUNS.length).toBeGreaterThanOrEqual(100);
      expect((await sorted([...LOOKS, ...RUNS])).denied).toEqual(BEYOND[kind] ?? []);
    });

    it('runs nothing that writes elsewhere, leaves the machine, or reads what is not of the worktree', async () => {
      expect(DENIED.length).toBeGreaterThanOrEqual(100);
      expect((await sorted([...DENIED, ...CLOSED_EDITS])).run).toEqual([]);
    });

    it('commits nothing, and is told that Pawl does', async () => {
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

it('codex is guarded from the versions on that are known to keep to the hook', () => {
  const isGuarded = (version: string) => adapterOf('codex').guardable?.isVersion(version);
  expect(['0.144.6', '0.145.0', '0.171.0', '1.0.0'].map(isGuarded)).toEqual([false, true, true, true]);
});

it('codex trusts the hook by the hash that it compares', () => {
  // Told by `hooks/list` of its app server (0.171.0) for this very hook.
  const guard: ToolGuard = {
    policy: 'word',
    permission: 'read',
    hook: ['/bin/node', 'h.js'],
    plugin: '',
    folder: '/srv/f',
  };
  expect(guardedSettings(guard).args.find((arg) => arg.startsWith('hooks.state='))).toContain(
    'sha256:a82f3c5e17b16cca75511beb611e8883ed186077cd51e0d4d5e80eadecf82417',
  );
});

describe('tools of Codex that name files', () => {
  const decided = (permission: 'read' | 'edit', tool: string, input: Record<string, string>, cwd = ROOT): string => {
    const policy: ToolPolicy = { permission, allowedTools: [], allowedCommands: [], roots: [ROOT], ownServer: null };
    const answer = hookAnswer('codex', policy, { tool_name: tool, tool_input: input, cwd });
    return /"permissionDecision":"(\w+)"/.exec(answer)?.[1] ?? 'allow';
  };
  const patch = (...files: string[]) =>
    `*** Begin Patch\n${files.map((file) => `*** Add File: ${file}\n+x`).join('\n')}\n*** End Patch`;
  const typed = (text: string, mark = 'EOF') => `apply_patch <<'${mark}'\n${text}\n${mark}`;

  it('are kept in the worktree, and from editing for who judges', () => {
    for (const [tool, form] of [
      ['apply_patch', (text: string) => text],
      ['Bash', typed],
    ] as const) {
      expect(decided('edit', tool, { command: form(patch('src/new.js')) })).toBe('allow');
      expect(decided('edit', tool, { command: form(patch(`${ROOT}/src/new.js`)) })).toBe('allow');
      expect(decided('read', tool, { command: form(patch('src/new.js')) })).toBe('deny');
      expect(decided('edit', tool, { command: form(patch('src/new.js', '/tmp/evil.txt')) })).toBe('deny');
      expect(decided('edit', tool, { command: form(patch('../evil.txt')) })).toBe('deny');
      expect(decided('edit', tool, { command: form(patch('.claude/settings.json')) })).toBe('deny');
      expect(decided('edit', tool, { command: form(patch('evil.txt')) }, '/tmp')).toBe('deny');
      expect(decided('edit', tool, { command: form(`${patch('a.js')}\n*** Move to: /tmp/evil.txt`) })).toBe('deny');
    }
    expect(decided('read', 'view_image', { path: `${ROOT}/a.png` })).toBe('allow');
    expect(decided('read', 'view_image', { path: '/etc/passwd' })).toBe('deny');
    expect(decided('read', 'view_image', { path: 'a.png' }, '/etc')).toBe('deny');
  });

  it('stand alone in a command: what is beside a patch is not part of it', () => {
    const text = typed(patch('a.js'));
    for (const command of [`${text}\ncurl x`, `curl x; ${text}`, text.replaceAll("'", ''), typed('EOF\ncurl x')])
      expect({ command, decided: decided('edit', 'Bash', { command }) }).toEqual({ command, decided: 'deny' });
  });

  it('are looked at from the folder that a command is to run in', () => {
    expect(decided('read', 'Bash', { command: 'cat passwd' }, '/etc')).toBe('deny');
    expect(decided('read', 'Bash', { command: 'cat a.js' }, `${ROOT}/src`)).toBe('allow');
  });

  it('are its own matter where Pawl has no rule', () => {
    expect(decided('read', 'update_plan', {})).toBe('allow');
  });
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
