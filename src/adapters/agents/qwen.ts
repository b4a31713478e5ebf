/**
 * Qwen Code.
 *
 * Owns: its command line, what its exit codes tell, what its numbers stand for. Does not own: its lines (claude-lines).
 *
 * Invariants: 1. Nothing is bypassed unless the start says so. 2. It ends without a result at a limit of its own: its exit code tells which.
 * 3. It holds its edits to no folder, and no flag makes it: who needs that runs it as an ACP agent, whose edits a policy judges.
 */
import { join } from 'node:path';
import type { JsonObject } from '../../base/canonical-json.ts';
import { shellCommand } from '../../base/shell-words.ts';
import type { AgentEvent, Usage } from '../../model/agent-event.ts';
import type { AgentAdapter, TurnCommand, TurnExit, TurnStart } from '../../ports/agent-adapter.ts';
import { type ClaudeDialect, readClaudeLine } from './claude-lines.ts';
import { commandRules } from './command-rules.ts';
import { endOfWords, failed, limitReached, refusedStart, stderrLine } from './line-events.ts';
import { countOf, fieldsOf } from './line-fields.ts';
import { OF_CLAUDE, OF_MOST, VARIABLES } from './shared-instruction-files.ts';

const MODES = { read: 'default', edit: 'auto-edit', bypass: 'yolo' } as const;

const STREAMING_FLAG = '--include-partial-messages';

const DIALECT: ClaudeDialect = {
  inputTokens: (usage) => countOf(usage.input_tokens),
  cache: (usage) => ({ cacheReadTokens: countOf(usage.cache_read_input_tokens) }),
  isBegun: false,
  total: totalOf,
};

/** Qwen Code, headless. */
export const qwen: AgentAdapter = {
  kind: 'qwen',
  title: 'Qwen Code',
  program: 'qwen',
  install: 'npm install -g @qwen-code/qwen-code',
  login: {
    variables: ['OPENAI_API_KEY', 'DASHSCOPE_API_KEY'],
    files: [{ variable: 'QWEN_HOME', folder: '.qwen', path: 'oauth_creds.json' }],
  },
  acp: { by: 'itself', args: '--acp', flag: '--acp' },
  capabilities: {
    session: 'assigned',
    canResume: true,
    // It can be bound to a schema, and then takes a turn that answers in any other way for failed.
    hasStructuredOutput: false,
    answer: 'message',
    hasMcp: true,
    usage: 'tokens',
    hasAllowedTools: true,
    hasTurnLimit: true,
  },
  envNames: ['DASHSCOPE_API_KEY', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_MODEL', 'QWEN_HOME'],
  versionArgs: ['--version'],
  readVersion: (output) => /^(\d+\.\d+\.\d+\S*)$/m.exec(output)?.[1] ?? null,
  helpArgs: [['--help']],
  streamingFlag: STREAMING_FLAG,
  hiddenFlags: [],
  guardable: {
    // Versions before these have no hook that decides on a tool.
    isVersion: (version) => {
      const [major = 0, minor = 0] = version.split('.').map(Number);
      return major > 0 || minor >= 15;
    },
    adminFiles: ['/etc/qwen-code/settings.json', '/Library/Application Support/QwenCode/settings.json'],
  },
  instructionFiles: [
    ...OF_MOST,
    ...OF_CLAUDE,
    ...VARIABLES,
    'QWEN.md',
    'QWEN.local.md',
    'CONTEXT.md',
    '.qwen',
    '.qwenignore',
  ],
  // It knows no switch for it, but another place, in which there is nothing.
  withoutMemory: (taskFolder) => ({ QWEN_CODE_MEMORY_BASE_DIR: join(taskFolder, 'memory') }),
  standIn: ({ url, model, key }) => ({
    env: { OPENAI_API_KEY: key, OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: model },
  }),
  command,
  read: (line) => readClaudeLine(line, DIALECT),
  readExit,
};

function command(start: TurnStart): TurnCommand {
  const { session, mcp } = start;
  const args = ['-o', 'stream-json', '--approval-mode', start.nativeMode ?? modeOf(start)];
  if (start.isStreaming === true) args.push(STREAMING_FLAG);
  if (session.id !== null) args.push(session.isResume ? '--resume' : '--session-id', session.id);
  if (start.model !== null) args.push('-m', start.model);
  if (start.maxTurns !== null) args.push('--max-session-turns', String(start.maxTurns));
  if (start.answerSchema !== null) args.push('--json-schema', JSON.stringify(start.answerSchema.schema));
  if (mcp !== null) {
    const server = { command: mcp.command, args: mcp.args, trust: true };
    // Its search for tools would hide the server's.
    args.push('--mcp-config', JSON.stringify({ mcpServers: { [mcp.name]: server } }), '--exclude-tools=tool_search');
  }
  // Its rule for a command stands for that command with any further words; commands that are strung together are judged one by one.
  const rule = (words: string) => `run_shell_command(${words})`;
  const tools = [...start.allowedTools, ...commandRules(start.allowedCommands, rule, rule)];
  args.push(...tools.map((tool) => `--allowed-tools=${tool}`));
  return { args: [...args, ...start.extraArgs], stdin: 'prompt', ...guardOf(start) };
}

/** Where it asks before it edits, it takes every redirection for an edit, `2>&1` too: a guarded reader is kept from editing by the guard. */
function modeOf({ permission, guard = null }: TurnStart): string {
  return permission === 'read' && guard !== null ? MODES.edit : MODES[permission];
}

/**
 * Settings of the system, which no others override: they allow every shell command to be asked for, and a hook decides on each, and on each file that a tool reads or
 * changes. Whatever keeps the hook from answering denies: its shell line ends with the exit code that stands for that.
 */
function guardOf({ guard = null }: TurnStart): Pick<TurnCommand, 'env' | 'files'> {
  if (guard === null) return { env: {} };
  const command = `${shellCommand([...guard.hook, 'qwen', guard.policy])} || exit 2`;
  const settings = {
    disableAllHooks: false,
    permissions: { allow: ['run_shell_command'] },
    hooks: { PreToolUse: [{ matcher: '*', hooks: [{ type: 'command', command, timeout: HOOK_MS }] }] },
  };
  return {
    env: { QWEN_CODE_SYSTEM_SETTINGS_PATH: join(guard.folder, SETTINGS_FILE) },
    files: { [SETTINGS_FILE]: JSON.stringify(settings) },
  };
}

const SETTINGS_FILE = 'settings.json';
const HOOK_MS = 120_000;

/** The total of the session, earlier turns and hidden calls included. */
function totalOf(result: JsonObject): Usage | null {
  const usage = fieldsOf(result.usage);
  const inputTokens = countOf(usage.input_tokens);
  const outputTokens = countOf(usage.output_tokens);
  if (inputTokens + outputTokens === 0) return null;
  return { scope: 'session', id: null, inputTokens, outputTokens, usd: null, ...DIALECT.cache(usage) };
}

function readExit(exit: TurnExit): readonly AgentEvent[] {
  if (exit.hasEnded || exit.code === null || exit.code === 0) return [];
  const words = stderrLine(exit, /\S/) ?? `exit code ${exit.code}`;
  if (exit.code === 53) return [limitReached('turns', words)];
  if (exit.code === 55) return [limitReached('other', words)];
  const unknown = stderrLine(exit, /No saved session found/);
  if (unknown !== null) return [failed('sessionUnknown', unknown)];
  const busy = stderrLine(exit, /session.*already (?:in use|exists)/i);
  if (busy !== null) return [failed('sessionBusy', busy)];
  const refused = refusedStart(exit);
  if (refused.length > 0) return refused;
  // Without a word it is its launcher that ends so, when the agent behind it was killed.
  return exit.code === 1 && stderrLine(exit, /\S/) !== null ? endOfWords(words) : [];
}
