/** The command lines of the agents: exactly what starts and resumes each. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adapterOf } from '../../../src/adapters/agents/adapters.ts';
import type { AgentKind } from '../../../src/model/turn.ts';
import type { PermissionMode } from '../../../src/ports/agent-adapter.ts';
import { RECORDED_KINDS } from './recorded.ts';
import { fullStart, startOf } from './starts.ts';

const BYPASS =
  /dangerously|bypassPermissions|danger-full-access|yolo|--allow-all|--auto$|IS_SANDBOX|--trust$|approve-for-me|full-auto/;

describe.each(RECORDED_KINDS)('%s', (kind) => {
  const adapter = adapterOf(kind);
  const linesOf = (start: Parameters<typeof adapter.command>[0]) => {
    const { args, stdin, env } = adapter.command(start);
    return { args, stdin, env: Object.fromEntries(Object.entries(env).map(([name, text]) => [name, jsonOf(text)])) };
  };

  it('starts and resumes with exactly these arguments', async () => {
    const lines = {
      start: linesOf(startOf({ session: sessionOf(kind, false) })),
      resume: linesOf(startOf({ session: sessionOf(kind, true) })),
      read: linesOf(startOf({ session: sessionOf(kind, false), permission: 'read' })),
      bypass: linesOf(startOf({ session: sessionOf(kind, false), permission: 'bypass' })),
      nativeMode: linesOf(startOf({ session: sessionOf(kind, false), nativeMode: 'plan' })),
      everything: linesOf(fullStart({ session: sessionOf(kind, false) })),
      everythingResumedReadOnly: linesOf(fullStart({ session: sessionOf(kind, true), permission: 'read' })),
    };
    await expect(`${JSON.stringify(lines, null, 1)}\n`).toMatchFileSnapshot(`data/${kind}/commands.txt`);
  });

  it('bypasses nothing unless the start says so, and then says so', () => {
    const start = fc.record({
      permission: fc.constantFrom<PermissionMode>('read', 'edit'),
      isResume: fc.boolean(),
      model: fc.option(fc.string()),
      prompt: fc.string(),
      allowedCommands: fc.array(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('npm', 'test', '*', '$(id)')), { maxLength: 4 }),
      ),
      isFull: fc.boolean(),
    });
    fc.assert(
      fc.property(start, ({ isResume, isFull, ...changes }) => {
        const session = sessionOf(kind, isResume);
        const { args, env } = adapter.command(
          isFull ? fullStart({ ...changes, session }) : startOf({ ...changes, session }),
        );
        const words = [
          ...args.filter((word) => word !== changes.model),
          ...Object.entries(env).map((pair) => pair.join('=')),
        ];
        expect(words.filter((word) => BYPASS.test(word))).toEqual([]);
      }),
      { numRuns: 60 },
    );
    const { args } = adapter.command(startOf({ permission: 'bypass' }));
    expect(args.some((word) => BYPASS.test(word))).toBe(true);
  });

  it('never takes a prompt for a flag, and gives it once', () => {
    for (const prompt of ['--version', '- a list\n- "of" things\n', "it's $HOME `x`\n", '']) {
      const { args, stdin } = adapter.command(startOf({ prompt, session: sessionOf(kind, false) }));
      expect(stdin).toBe('prompt');
      expect(args).toEqual(adapter.command(startOf({ prompt: 'other', session: sessionOf(kind, false) })).args);
    }
  });

  it('allows no command that its rules could read as another one', () => {
    const odd = [
      ['npm', 'test;id'],
      ['*'],
      [],
      ['sh', '-c', 'a b'],
      ['x)', 'y'],
      ['echo', '$(id)'],
      ['a,b'],
      ['ls', '*', '*'],
      [''],
    ];
    const session = sessionOf(kind, false);
    expect(adapter.command(startOf({ allowedCommands: odd, session }))).toEqual(adapter.command(startOf({ session })));
  });
});

it.each([
  ['claude', '2.1.329 (Claude Code)\n', '2.1.329'],
  ['codex', 'WARNING: proceeding\ncodex-cli 0.169.0\n', '0.169.0'],
  ['opencode', '1.18.33\n', '1.18.33'],
  ['gemini', '0.61.0\n', '0.61.0'],
  ['qwen', '0.24.4', '0.24.4'],
  ['copilot', "GitHub Copilot CLI 1.0.102.\nRun 'copilot update' to check for updates.\n", '1.0.102'],
] as const)('reads the version of %s, and none in other words', (kind, output, version) => {
  expect(adapterOf(kind).readVersion(output)).toBe(version);
  expect(adapterOf(kind).readVersion('command not found: 1.2')).toBeNull();
});

function sessionOf(kind: AgentKind, isResume: boolean) {
  const isAssigned = adapterOf(kind).capabilities.session === 'assigned';
  return { id: isAssigned || isResume ? '11111111-1111-4111-8111-111111111111' : null, isResume };
}

function jsonOf(text: string): unknown {
  return text.startsWith('{') ? JSON.parse(text) : text;
}
