/**
 * How every kind of agent comes to run a shell command, by what its command line, its files and Pawl's answers really say.
 *
 * Owns: the command lines, and reading them as each agent does. Does not own: commands (corpus), Gemini's engine (gemini-engine).
 *
 * Claude Code and ACP agents ask Pawl; Codex, Copilot and Qwen call a hook; OpenCode loads a plugin; Gemini has a policy.
 */
import { expect } from 'vitest';
import { answerPermission } from '../../../src/adapters/agents/acp-permission.ts';
import { parseAcpSpec } from '../../../src/adapters/agents/acp-spec.ts';
import { adapterOf } from '../../../src/adapters/agents/adapters.ts';
import { turnStartOf } from '../../../src/adapters/agents/coding.ts';
import { pawlPlugin } from '../../../src/adapters/agents/opencode-plugin.ts';
import { parsePolicy } from '../../../src/adapters/agents/tool-guard.ts';
import { hookAnswer } from '../../../src/adapters/agents/tool-hook-forms.ts';
import type { ToolPolicy } from '../../../src/adapters/agents/tool-policy.ts';
import { approvalText } from '../../../src/adapters/mcp/approval.ts';
import { acpAgentSchema, nativeAgentSchema } from '../../../src/model/agent-config.ts';
import type { Role } from '../../../src/model/packet.ts';
import type { AgentKind } from '../../../src/model/turn.ts';
import type { TurnCommand } from '../../../src/ports/agent-adapter.ts';
import { TURN_ORDER } from '../../support/turn-order.ts';
import { ALLOWED } from './corpus.ts';
import { decide, rulesOf } from './gemini-engine.ts';

/** The worktree of every turn here. */
export const ROOT = '/srv/tree';
const FOLDER = '/srv/task/agent-files';

/** The command line of a turn as Pawl makes it. */
export function commandFor(kind: AgentKind, role: Role, allowedCommands: readonly string[] = ALLOWED): TurnCommand {
  const config =
    kind === 'acp'
      ? acpAgentSchema.parse({ kind, argv: ['agent'], extraArgs: ['agent'] })
      : nativeAgentSchema.parse({ kind });
  const start = turnStartOf(
    config,
    adapterOf(kind),
    { configFolder: '/srv', environment: {}, allowedCommands, mcpServer: ['/bin/node', 'pawl.js', 'mcp'] },
    { taskFile: '/srv/task/task.json', completionFile: `${ROOT}/.pawl-task/t/completion.json`, worktree: ROOT },
    { ...TURN_ORDER, role, taskFolder: '/srv/task' },
  );
  return adapterOf(kind).command(start);
}

/** Whether a shell command is run, and what the agent is told if not. */
export type Decision = (command: string) => Promise<{ readonly isRun: boolean; readonly told: string }>;

/** The word behind a flag. */
export const flagOf = (args: readonly string[], flag: string): string => args[args.indexOf(flag) + 1] ?? '';
const jsonOf = (text: string | undefined): Record<string, never> => JSON.parse(text ?? '{}');

function hooked(form: 'codex' | 'copilot' | 'qwen', command: string): Decision {
  const [node, script, name, word = ''] = command.split(' ');
  expect([node, script?.split('/').at(-1), name]).toEqual([process.execPath, 'tool-hook.js', form]);
  const policy = parsePolicy(word);
  if (!policy.ok) throw new Error(policy.reason);
  const asked = (text: string) =>
    form === 'copilot'
      ? { toolName: 'bash', toolArgs: { command: text, description: 'x' } }
      : form === 'codex'
        ? { tool_name: 'Bash', tool_input: { command: text }, cwd: ROOT }
        : { tool_name: 'run_shell_command', tool_input: { command: text } };
  return async (text) => {
    const answer = hookAnswer(form, policy.value, asked(text));
    // To Codex, no answer is a yes.
    const isRun = form === 'codex' ? answer === '' : /"permissionDecision":"allow"/.test(answer);
    return { isRun, told: answer };
  };
}

/** How each kind decides, by what its command line gives it. */
export const DECISIONS: Readonly<Record<AgentKind, (made: TurnCommand, role: Role) => Decision>> = {
  claude: ({ args }, role) => {
    // Its own rules allow what surely looks; for the rest it asks.
    expect(flagOf(args, '--permission-mode')).toBe(role === 'implementer' ? 'acceptEdits' : 'default');
    expect(flagOf(args, '--permission-prompt-tool')).toBe('mcp__pawl__approve');
    const { mcpServers } = JSON.parse(flagOf(args, '--mcp-config')) as { mcpServers: { pawl: { args: string[] } } };
    const allowed = JSON.parse(flagOf(mcpServers.pawl.args, '--allow')) as Omit<ToolPolicy, 'roots' | 'ownServer'>;
    const policy = { ...allowed, roots: [ROOT], ownServer: 'pawl' };
    return async (command) => {
      const answer = JSON.parse(approvalText(policy, 'Bash', { command })) as { behavior: string; message?: string };
      return { isRun: answer.behavior === 'allow', told: answer.message ?? '' };
    };
  },
  acp: ({ args }) => {
    const spec = parseAcpSpec(Buffer.from(args.at(-1) ?? ''));
    if (!spec.ok) throw new Error(spec.reason);
    const policy = { ...spec.value, roots: [ROOT], ownServer: 'pawl' };
    const options = [
      { kind: 'allow_once', optionId: 'yes' },
      { kind: 'reject_once', optionId: 'no' },
    ];
    return async (command) => {
      const { outcome, denied } = answerPermission(policy, { kind: 'execute', rawInput: { command } }, options);
      return { isRun: 'optionId' in outcome && outcome.optionId === 'yes', told: denied?.reason ?? '' };
    };
  },
  codex: ({ args, env, files }, role) => {
    expect(flagOf(args, '-s')).toBe(role === 'implementer' ? 'workspace-write' : 'read-only');
    const settings = args.filter((_, index) => args[index - 1] === '-c');
    // Who writes has a folder for temporary files of its own, and none that others write to.
    expect(settings.includes('sandbox_workspace_write.exclude_slash_tmp=true')).toBe(role === 'implementer');
    expect(env.TMPDIR).toBe(role === 'implementer' ? FOLDER : undefined);
    expect(files).toEqual(role === 'implementer' ? { 'package.json': '{}' } : undefined);
    const hooks = settings.find((setting) => setting.startsWith('hooks.PreToolUse='));
    const { command } = /command=(?<command>"(?:[^"\\]|\\.)*")/.exec(hooks ?? '')?.groups ?? {};
    // What keeps the hook from answering denies, and says so: without a word Codex takes no exit code for a denial.
    const { judged } =
      /^\/bin\/sh -c '(?<judged>.*) \|\| \{ echo ".+" >&2; exit 2; \}'$/.exec(JSON.parse(command ?? '""'))?.groups ??
      {};
    return hooked('codex', judged ?? '');
  },
  copilot: ({ args, files }) => {
    expect(args).toContain(`--plugin-dir=${FOLDER}`);
    expect(jsonOf(files?.['plugin.json'])).toMatchObject({ name: 'pawl', hooks: 'hooks.json' });
    const hooks = jsonOf(files?.['hooks.json']).hooks as { preToolUse: { bash: string }[] } | undefined;
    return hooked('copilot', hooks?.preToolUse[0]?.bash ?? '');
  },
  qwen: ({ args, env, files }) => {
    expect(flagOf(args, '--approval-mode')).toBe('auto-edit');
    expect(env.QWEN_CODE_SYSTEM_SETTINGS_PATH).toBe(`${FOLDER}/settings.json`);
    const settings = JSON.parse(files?.['settings.json'] ?? '') as {
      permissions: unknown;
      disableAllHooks: boolean;
      hooks: { PreToolUse: { matcher: string; hooks: { command: string }[] }[] };
    };
    expect(settings).toMatchObject({ permissions: { allow: ['run_shell_command'] }, disableAllHooks: false });
    const [hook] = settings.hooks.PreToolUse;
    expect(hook?.matcher).toBe('*');
    // What keeps the hook from answering denies.
    expect(hook?.hooks[0]?.command).toMatch(/ \|\| exit 2$/);
    return hooked('qwen', hook?.hooks[0]?.command ?? '');
  },
  opencode: ({ env }) => {
    const config = JSON.parse(env.OPENCODE_CONFIG_CONTENT ?? '') as { plugin: string[]; permission: { bash: object } };
    expect(config.plugin[0]).toMatch(/^file:.*\/opencode-plugin\.js$/);
    expect(config.permission.bash).toMatchObject({ '*': 'deny' });
    return async (command) => {
      process.env.PAWL_TOOL_POLICY = env.PAWL_TOOL_POLICY;
      const hooks = (await pawlPlugin()) as {
        config: (settings: object) => Promise<void>;
        'tool.execute.before': (call: object, given: object) => Promise<void>;
      };
      await hooks.config(config);
      expect(config.permission.bash).toEqual({ '*': 'allow' });
      return hooks['tool.execute.before']({ tool: 'bash' }, { args: { command } }).then(
        () => ({ isRun: true, told: '' }),
        (error: Error) => ({ isRun: false, told: error.message }),
      );
    };
  },
  gemini: ({ args, files }) => {
    expect(args).toContain(`--policy=${FOLDER}/policy.toml`);
    expect(args.filter((arg) => arg.startsWith('--allowed-tools'))).toEqual([]);
    const rules = rulesOf(files?.['policy.toml'] ?? '');
    return async (command) => ({ isRun: decide(rules, command) === 'allow', told: files?.['policy.toml'] ?? '' });
  },
};
