/** Which agent is which, in what mode each works, and which is sent no prompt. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HoldingInput, holdingOf } from '../../../src/adapters/agents/acp-holding.ts';
import {
  ACP_PRESETS,
  presetEnvironment,
  presetOf,
  presetOfArguments,
  withToldInput,
} from '../../../src/adapters/agents/acp-presets.ts';
import { guardedSettings } from '../../../src/adapters/agents/codex-guard.ts';
import { MCP_NAME } from '../../../src/adapters/agents/coding.ts';
import { refusedSetting } from '../../../src/turn/refused-settings.ts';

const titleOf = (...argv: readonly string[]): string | null => presetOfArguments(argv)?.title ?? null;
const named = (title: string) => {
  const preset = ACP_PRESETS.find((one) => one.title === title);
  if (preset === undefined) throw new Error(`no preset ${title}`);
  return preset;
};

describe('an agent', () => {
  it.each([
    ['Claude Code', ['claude-agent-acp']],
    ['Claude Code', ['npx', '-y', '@agentclientprotocol/claude-agent-acp@0.101.0']],
    ['Claude Code', ['node', '/x/node_modules/@agentclientprotocol/claude-agent-acp/dist/index.js']],
    ['Claude Code', ['npx', 'node@24', '/x/node_modules/.bin/claude-agent-acp']],
    ['Codex', ['/x/node_modules/.bin/codex-acp']],
    ['Codex', ['npx', '@zed-industries/codex-acp']],
    ['OpenCode', ['opencode', 'acp']],
    ['OpenCode', ['/x/node_modules/opencode-ai/bin/opencode', 'acp']],
    ['Gemini CLI', ['gemini', '--acp']],
    ['Gemini CLI', ['node', '/x/node_modules/@google/gemini-cli/bundle/gemini.js', '--acp']],
    ['Qwen Code', ['qwen', '--acp']],
    ['GitHub Copilot CLI', ['copilot', '--acp']],
    ['GitHub Copilot CLI', ['/x/node_modules/@github/copilot/npm-loader.js', '--acp']],
    ['Kimi Code', ['kimi', 'acp']],
    ['Cursor', ['cursor-agent', 'acp']],
    ['Goose', ['goose', 'acp']],
    ['Grok Build', ['grok', 'agent', 'stdio']],
  ])('is %s by the words %j', (title, argv) => {
    expect(titleOf(...argv)).toBe(title);
  });

  it.each([[['tools/mine.sh']], [['/opt/goose/agent']], [['node', './agent.mjs', '--qwen']], [['']]])(
    'is not known by the words %j',
    (argv) => {
      expect(titleOf(...argv)).toBeNull();
    },
  );

  it.each([
    ['@agentclientprotocol/claude-agent-acp', 'Claude Code'],
    ['@agentclientprotocol/codex-acp', 'Codex'],
    ['OpenCode', 'OpenCode'],
    ['gemini-cli', 'Gemini CLI'],
    ['qwen-code', 'Qwen Code'],
    ['Copilot', 'GitHub Copilot CLI'],
    ['Kimi Code CLI', 'Kimi Code'],
  ])('that calls itself %s is %s, whatever started it', (told, title) => {
    expect(presetOf(told, ['goose', 'acp'])?.title).toBe(title);
    expect(presetOf('something else', ['goose', 'acp'])?.title).toBe('Goose');
    expect(presetOf('something else', ['mine'])).toBeNull();
  });
});

describe('what an agent is started with', () => {
  it('makes OpenCode ask before it acts and continue after a denial, and lets it read, and call our server', () => {
    const env = presetEnvironment(['opencode', 'acp']);
    const { permission, experimental } = JSON.parse(env.OPENCODE_CONFIG_CONTENT ?? '');
    expect(permission).toMatchObject({
      '*': 'ask',
      bash: 'ask',
      edit: 'ask',
      external_directory: 'ask',
      read: 'allow',
    });
    expect(permission[`${MCP_NAME}_*`]).toBe('allow');
    expect(Object.keys(permission)[0]).toBe('*');
    expect(experimental).toEqual({ continue_loop_on_deny: true });
    expect(env.OPENCODE_DISABLE_PROJECT_CONFIG).toBe('1');
  });

  it('makes Codex ask our hook before each tool', () => {
    const guard = {
      policy: 'word',
      permission: 'read',
      hook: ['/bin/node', 'h.js'],
      plugin: '',
      folder: '/srv/f',
    } as const;
    const { features, hooks } = JSON.parse(presetEnvironment(['npx', 'codex-acp'], guard).CODEX_CONFIG ?? '');
    const [{ matcher, hooks: calls }] = hooks.PreToolUse;
    expect(features).toEqual({ hooks: true });
    expect({ matcher, calls }).toMatchObject({ matcher: '.*', calls: [{ type: 'command' }] });
    expect(calls[0].command).toContain('/bin/node h.js codex word || {');
    // Trusted by the hash that the command line's own settings give it.
    const [hash = ''] = /sha256:\w+/.exec(guardedSettings(guard).args.join(' ')) ?? [];
    expect(Object.values(hooks.state)).toEqual([{ enabled: true, trusted_hash: hash }]);
    expect(presetEnvironment(['codex-acp'])).toEqual({});
    expect(presetEnvironment(['qwen', '--acp'], guard)).toEqual({});
  });

  it('is its own alone; of one that nobody knows, what any may need', () => {
    expect(presetEnvironment(['goose', 'acp'])).toEqual({ GOOSE_MODE: 'approve' });
    expect(presetEnvironment(['qwen', '--acp'])).toEqual({});
    expect(Object.keys(presetEnvironment(['./wrapper.sh']))).toEqual(
      expect.arrayContaining(['GOOSE_MODE', 'OPENCODE_CONFIG_CONTENT']),
    );
  });
});

describe('the mode of a session', () => {
  const holding = (changes: Partial<HoldingInput>) =>
    holdingOf({
      preset: named('Claude Code'),
      permission: 'edit',
      nativeMode: null,
      acceptsOwnMode: false,
      session: { current: 'auto', offered: ['default', 'acceptEdits', 'plan', 'auto'] },
      ...changes,
    });
  const heldIn = (mode: string | null) => ({ kind: 'held', mode });

  it('is the one in which the agent asks', () => {
    expect(holding({})).toMatchObject(heldIn('default'));
    expect(holding({ permission: 'read' })).toMatchObject(heldIn('default'));
    const codex = { current: 'agent', offered: ['read-only', 'workspace-write', 'agent', 'agent-full-access'] };
    expect(holding({ preset: named('Codex'), session: codex })).toMatchObject(heldIn('workspace-write'));
    expect(holding({ preset: named('Codex'), session: codex, permission: 'read' })).toMatchObject(heldIn('read-only'));
    const older = { current: 'auto', offered: ['read-only', 'auto', 'full-access'] };
    expect(holding({ preset: named('Codex'), session: older })).toMatchObject(heldIn('auto'));
  });

  it('has its options with it', () => {
    const preset = named('GitHub Copilot CLI');
    const session = { current: preset.edit[0] ?? '', offered: preset.edit };
    expect(holding({ preset, session })).toMatchObject({ options: { allow_all: 'off' } });
  });

  it('is what the config accepts by name: a mode, its own, or no permission at all', () => {
    expect(holding({ nativeMode: 'acceptEdits' })).toMatchObject(heldIn('acceptEdits'));
    expect(holding({ acceptsOwnMode: true })).toMatchObject(heldIn(null));
    expect(holding({ permission: 'bypass' })).toMatchObject(heldIn(null));
    expect(holding({ permission: 'bypass', nativeMode: 'auto' })).toMatchObject(heldIn('auto'));
  });

  it.each([
    ['offers others', 'Qwen Code', { current: 'auto', offered: ['auto', 'yolo'] }],
    ['offers none, and is known not to ask', 'Goose', { current: null, offered: [] }],
    ['is not known, and names what does not ask', null, { current: 'autopilot', offered: ['autopilot', 'plan'] }],
  ])('is refused where the agent %s', (_what, title, session) => {
    const refused = holding({ preset: title === null ? null : named(title), session });
    expect(refused).toMatchObject({ kind: 'refused', reason: expect.stringContaining('"acceptsOwnMode"') });
    expect(refusedSetting(refused.kind === 'refused' ? refused.reason : '')?.name).toBe("the agent's mode");
  });

  it('is its own where it offers none and asks by itself, or nothing is known against it', () => {
    const none = { current: null, offered: [] };
    expect(holding({ preset: named('Kimi Code'), session: none })).toMatchObject(heldIn(null));
    expect(holding({ preset: null, session: none })).toMatchObject(heldIn(null));
    expect(holding({ preset: null, session: { current: 'code', offered: ['code', 'architect'] } })).toMatchObject(
      heldIn(null),
    );
  });

  it('of an agent that nobody knows is one that asks where its own does not', () => {
    expect(holding({ preset: null, session: { current: 'yolo', offered: ['yolo', 'ask'] } })).toMatchObject(
      heldIn('ask'),
    );
  });

  it('is never one that is not offered, unless it is named, and none of a preset lets everything pass', () => {
    const modes = fc.array(fc.constantFrom('default', 'auto', 'yolo', 'read-only', 'build', 'approve', 'x'));
    fc.assert(
      fc.property(
        fc.option(fc.constantFrom(...ACP_PRESETS)),
        fc.constantFrom('edit' as const, 'read' as const),
        modes,
        fc.option(fc.constantFrom('default', 'auto', 'yolo', 'x')),
        (preset, permission, offered, current) => {
          const made = holding({ preset, permission, session: { current, offered } });
          if (made.kind === 'held' && made.mode !== null) expect(offered).toContain(made.mode);
        },
      ),
    );
    for (const { edit, read } of ACP_PRESETS)
      expect([...edit, ...read].join(' ')).not.toMatch(/yolo|bypass|full|accept|autopilot/i);
  });
});

describe('arguments that an agent tells in the content of a call', () => {
  const kimi = named('Kimi Code');
  const withText = (text: string) => ({
    ...{ toolCallId: 'a', kind: 'execute', title: 'Bash' },
    content: [{ type: 'content', content: { type: 'text', text } }],
  });
  const asked = withText('Requesting approval to Running: ls');

  it('are known when it asks, whatever the request says', () => {
    const told = withToldInput(kimi, '2.1.0', asked, withText('{"command":"git push"}'));
    expect(told).toEqual({ ...asked, rawInput: { command: 'git push' } });
  });

  it.each(['{"command":"git pu', '"git push"', '', 'Requesting approval'])('are none while they are "%s"', (text) => {
    expect(withToldInput(kimi, '2.1.0', asked, withText(text))).toBe(asked);
  });

  it('are taken from no other agent', () => {
    expect(withToldInput(named('Goose'), '2.1.0', asked, withText('{"command":"ls"}'))).toBe(asked);
  });
});

describe('a command that an agent shows only in the title', () => {
  const call = { toolCallId: 'a', kind: 'execute', title: 'git push' };
  const gemini = named('Gemini CLI');

  it.each(['0.61.0', '0.61.1', '0.100.0', '1.0.0', '0.62.0-nightly.3'])('is known in version %s', (version) => {
    expect(withToldInput(gemini, version, call)).toEqual({ ...call, rawInput: { command: 'git push' } });
  });

  it.each(['0.60.9', '0.6.1', 'x', ''])('is not taken from it in version "%s"', (version) => {
    expect(withToldInput(gemini, version, call)).toBe(call);
  });

  it('is taken from no other agent, no other tool, and never before what is told', () => {
    expect(withToldInput(gemini, null, call)).toBe(call);
    expect(withToldInput(null, '1.0.0', call)).toBe(call);
    expect(withToldInput(named('Qwen Code'), '1.0.0', call)).toBe(call);
    const told = { ...call, rawInput: { command: 'ls' } };
    expect(withToldInput(gemini, '1.0.0', told)).toBe(told);
    const other = { ...call, kind: 'other' };
    expect(withToldInput(gemini, '1.0.0', other)).toBe(other);
  });
});
