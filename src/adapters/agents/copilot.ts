/**
 * GitHub Copilot CLI.
 *
 * Owns: its command line, its lines, what its exit tells. Does not own: starting it (host), what its events come to (turn/turn).
 *
 * Invariants: 1. Nothing is bypassed unless the start says so. 2. Its output is redacted as text, names of fields too: a line that it makes unreadable is an unknown one.
 * 3. Its prompt is its standard input; it trims the end.
 * 4. A turn's `result` tells only an exit code, 0 for one that was ended by a signal too: an abort, or an error, is told by the line before it, and that is the end.
 */
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import { shellCommand } from '../../base/shell-words.ts';
import type { AgentEvent } from '../../model/agent-event.ts';
import type { AgentAdapter, TurnCommand, TurnExit, TurnStart } from '../../ports/agent-adapter.ts';
import { commandRules } from './command-rules.ts';
import {
  completed,
  deniedEvent,
  endOfStatus,
  endOfWords,
  failed,
  interrupted,
  NOTED,
  orNoted,
  refusedStart,
  stderrLine,
  toolStarted,
} from './line-events.ts';
import { fieldsOf, numberOf, objectOf, textOf, whatOf } from './line-fields.ts';
import { OF_CLAUDE, OF_MOST } from './shared-instruction-files.ts';

/** Lines that are signs of life. */
const NOTED_TYPES = new Set([
  'assistant.intent',
  'assistant.reasoning',
  'assistant.turn_end',
  'assistant.turn_start',
  'hook.end',
  'hook.start',
  'session.compaction_complete',
  'session.compaction_start',
  'session.info',
  'session.model_change',
  'session.resume',
  'session.shutdown',
  'session.start',
  'session.truncation',
  'session.warning',
  'skill.invoked',
  'subagent.completed',
  'subagent.failed',
  'subagent.started',
  'system.message',
  'tool.user_requested',
  'user.message',
]);

/** GitHub Copilot CLI, headless. */
export const copilot: AgentAdapter = {
  kind: 'copilot',
  title: 'GitHub Copilot CLI',
  program: 'copilot',
  install: 'npm install -g @github/copilot',
  // It keeps its login in the system's keychain, or in a file that is there without one too.
  login: { variables: ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN', 'COPILOT_PROVIDER_API_KEY'], files: [] },
  acp: { by: 'itself', args: '--acp', flag: '--acp' },
  capabilities: {
    session: 'assigned',
    canResume: true,
    hasStructuredOutput: false,
    answer: 'message',
    hasMcp: true,
    usage: 'none',
    hasAllowedTools: true,
    hasTurnLimit: false,
  },
  envNames: [
    'COPILOT_GITHUB_TOKEN',
    'COPILOT_HOME',
    'COPILOT_MODEL',
    'COPILOT_OFFLINE',
    'COPILOT_PROVIDER_API_KEY',
    'COPILOT_PROVIDER_BASE_URL',
    'COPILOT_PROVIDER_TYPE',
    'GH_TOKEN',
    'GITHUB_TOKEN',
  ],
  versionArgs: ['--version'],
  readVersion: (output) => /Copilot CLI v?(\d+\.\d+\.\d+(?:-[\w.]*\w)?)/.exec(output)?.[1] ?? null,
  helpArgs: [['--help']],
  hiddenFlags: [],
  instructionFiles: [
    ...OF_MOST,
    ...OF_CLAUDE,
    'GEMINI.md',
    'copilot-instructions.md',
    '*.instructions.md',
    '.copilot',
    '.github/agents',
    '.github/chatmodes',
    '.github/copilot',
    '.github/extensions',
    '.github/hooks',
    '.github/instructions',
    '.github/lsp.json',
    '.github/mcp.json',
    '.github/plugin',
    '.github/prompts',
    '.github/skills',
    '.vscode/mcp.json',
  ],
  standIn: ({ url, home, model, key }) => ({
    env: {
      COPILOT_HOME: `${home}/.copilot`,
      COPILOT_MODEL: model,
      COPILOT_OFFLINE: 'true',
      COPILOT_PROVIDER_API_KEY: key,
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
    },
  }),
  command,
  read,
  readExit,
};

function command(start: TurnStart): TurnCommand {
  const { session, mcp } = start;
  const args = ['--output-format', 'json', '--no-ask-user', '--no-auto-update', '--no-color'];
  if (start.permission !== 'bypass') args.push('--disable-builtin-mcps', '--disallow-temp-dir');
  if (session.id !== null) args.push(`${session.isResume ? '--resume' : '--session-id'}=${session.id}`);
  if (start.model !== null) args.push('--model', start.model);
  if (start.nativeMode !== null) args.push('--mode', start.nativeMode);
  else args.push(...modeOf(start));
  if (mcp !== null) {
    const server = { type: 'local', command: mcp.command, args: mcp.args, tools: ['*'] };
    args.push('--additional-mcp-config', JSON.stringify({ mcpServers: { [mcp.name]: server } }));
  }
  const guarded = guardOf(start);
  return {
    args: [...args, ...allowedOf(start), ...guarded.args, ...start.extraArgs],
    stdin: 'prompt',
    env: {},
    ...guarded.files,
  };
}

/** A plugin with a hook that decides on its shell commands; what the hook cannot answer is denied by its own rules. */
function guardOf({ guard = null }: TurnStart): {
  readonly args: readonly string[];
  readonly files: Pick<TurnCommand, 'files'>;
} {
  if (guard === null) return { args: [], files: {} };
  const plugin = { name: 'pawl', version: '1.0.0', description: 'The rules of this turn.', hooks: 'hooks.json' };
  const hook = { type: 'command', bash: shellCommand([...guard.hook, 'copilot', guard.policy]), timeoutSec: HOOK_S };
  const hooks = { version: 1, hooks: { preToolUse: [hook] } };
  return {
    args: [`--plugin-dir=${guard.folder}`],
    files: { files: { 'plugin.json': JSON.stringify(plugin), 'hooks.json': JSON.stringify(hooks) } },
  };
}

const HOOK_S = 120;

function modeOf(start: TurnStart): readonly string[] {
  if (start.permission === 'bypass') return ['--allow-all'];
  return start.permission === 'edit' ? ['--allow-tool=write'] : ['--deny-tool=write'];
}

function allowedOf(start: TurnStart): readonly string[] {
  const commands = commandRules(
    start.allowedCommands,
    (words) => `shell(${words})`,
    (words) => `shell(${words}:*)`,
  );
  const tools = [...start.allowedTools, ...commands, ...(start.mcp === null ? [] : [start.mcp.name])];
  return tools.map((tool) => `--allow-tool=${tool}`);
}

function read(line: Json): readonly AgentEvent[] | null {
  const fields = objectOf(line);
  const type = textOf(fields?.type);
  if (fields === null || type === null) return null;
  if (fields.ephemeral === true) return NOTED;
  const data = fieldsOf(fields.data);
  switch (type) {
    case 'assistant.message':
      return orNoted(messageEvents(data));
    case 'tool.execution_start': {
      const id = textOf(data.toolCallId);
      return id === null ? NOTED : [toolStarted(id, textOf(data.toolName) ?? 'unknown', whatOf(data.arguments))];
    }
    case 'tool.execution_complete':
      return resultOfTool(data);
    case 'abort':
      return [interrupted(textOf(data.reason) ?? 'abort')];
    case 'session.error':
      return errorEvents(data);
    case 'result':
      return endEvents(fields);
    default:
      return NOTED_TYPES.has(type) ? NOTED : null;
  }
}

function messageEvents(data: JsonObject): readonly AgentEvent[] {
  const model = textOf(data.model);
  const text = textOf(data.content);
  if (textOf(data.parentToolCallId) !== null) return [];
  return [
    ...(model === null
      ? []
      : [{ type: 'started', sessionId: null, model, cliVersion: null, permissionMode: null } as const]),
    ...(text === null ? [] : [{ type: 'text', text, isDelta: false } as const]),
  ];
}

function resultOfTool(data: JsonObject): readonly AgentEvent[] {
  const id = textOf(data.toolCallId);
  if (id === null) return NOTED;
  const error = fieldsOf(data.error);
  const name = textOf(data.toolName);
  const exitCode = numberOf(fieldsOf(data.shellExecution).exitCode);
  return [
    ...(error.code === 'denied'
      ? [deniedEvent(name ?? deniedTool(data), textOf(error.message) ?? 'denied', { id })]
      : []),
    { type: 'toolFinished', id, name, isError: data.success !== true, exitCode },
  ];
}

/** The line of a denial names no tool: what was measured of it may. */
function deniedTool(data: JsonObject): string {
  const measured = fieldsOf(fieldsOf(data.toolTelemetry).properties);
  if (Object.keys(measured).some((name) => name.startsWith('shell_'))) return 'bash';
  return textOf(measured.command) ?? 'unknown';
}

function errorEvents(data: JsonObject): readonly AgentEvent[] {
  const reason = textOf(data.message) ?? textOf(data.errorType) ?? 'an error without a name';
  const status = numberOf(data.statusCode);
  if (data.errorType === 'authentication') return [failed('login', reason)];
  return status === null ? endOfWords(reason) : endOfStatus(status, reason);
}

function endEvents(result: JsonObject): readonly AgentEvent[] {
  return result.exitCode === 0 ? [completed('exit code 0')] : NOTED;
}

function readExit(exit: TurnExit): readonly AgentEvent[] {
  if (exit.hasEnded || exit.code === null || exit.code === 0) return [];
  // Its npm launcher tells the death of the agent behind it in words, and that as an error of its own.
  if (stderrLine(exit, /native binary .*was terminated by signal/) !== null) return [];
  const unknown = stderrLine(exit, /No session, task, or name matched/);
  if (unknown !== null) return [failed('sessionUnknown', unknown)];
  const busy = stderrLine(exit, /session.*(?:already in use|already exists)/i);
  if (busy !== null) return [failed('sessionBusy', busy)];
  const refused = refusedStart(exit);
  if (refused.length > 0) return refused;
  return endOfWords(stderrLine(exit, /^Error/) ?? stderrLine(exit, /\S/) ?? `exit code ${exit.code}`);
}
