/**
 * Claude Code.
 *
 * Owns: its command line, what its exit tells, what its numbers stand for. Does not own: its lines (claude-lines).
 *
 * Invariants: 1. Nothing is bypassed unless the start says so. 2. Its prompt is its standard input, byte for byte. 3. What it may not do is denied, never waited for:
 * it asks our MCP server where it is given, and without one what it does not allow by itself is denied.
 */
import type { JsonObject } from '../../base/canonical-json.ts';
import type { AgentEvent, Usage } from '../../model/agent-event.ts';
import type { AgentAdapter, TurnCommand, TurnExit, TurnStart } from '../../ports/agent-adapter.ts';
import { type ClaudeDialect, readClaudeLine } from './claude-lines.ts';
import { commandRules } from './command-rules.ts';
import { endOfWords, failed, refusedStart, stderrLine } from './line-events.ts';
import { countOf, fieldsOf, numberOf } from './line-fields.ts';
import { OF_CLAUDE, OF_MOST } from './shared-instruction-files.ts';

const MODES = { read: 'dontAsk', edit: 'acceptEdits', bypass: 'bypassPermissions' } as const;
/** Modes in which it asks. The one for reading has another name in newer versions, which take this one too. */
const ASKING = { ...MODES, read: 'default' } as const;
/** Allowed without a question anywhere on the machine where nobody is asked; else it reads the worktree by itself, and asks for the rest. */
const READ_TOOLS = ['Read', 'Grep', 'Glob'];
/** What it takes for a look at the repository, and asks another machine. */
const NETWORK = ['Bash(git ls-remote:*)'];
const WRITE_TOOLS = ['Edit', 'Write', 'NotebookEdit'];

const STREAMING_FLAG = '--include-partial-messages';

const DIALECT: ClaudeDialect = {
  inputTokens: (usage) =>
    countOf(usage.input_tokens) + countOf(usage.cache_creation_input_tokens) + countOf(usage.cache_read_input_tokens),
  cache: (usage) => ({
    cacheReadTokens: countOf(usage.cache_read_input_tokens),
    cacheWriteTokens: countOf(usage.cache_creation_input_tokens),
  }),
  isBegun: true,
  total: totalOf,
};

/** Claude Code, `claude -p`. */
export const claude: AgentAdapter = {
  kind: 'claude',
  title: 'Claude Code',
  program: 'claude',
  install: 'npm install -g @anthropic-ai/claude-code',
  login: {
    variables: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
    files: [{ variable: 'CLAUDE_CONFIG_DIR', folder: '.claude', path: '.credentials.json' }],
  },
  acp: { by: 'program', program: 'claude-agent-acp' },
  capabilities: {
    session: 'assigned',
    canResume: true,
    hasStructuredOutput: true,
    // A schema makes it ask for the answer once more, unless its model uses the tool for it at once.
    answer: 'message',
    hasMcp: true,
    usage: 'usd',
    hasAllowedTools: true,
    hasTurnLimit: true,
  },
  envNames: [
    'ANTHROPIC_API_KEY',
    'ANTHROPIC_AUTH_TOKEN',
    'ANTHROPIC_BASE_URL',
    'ANTHROPIC_CUSTOM_HEADERS',
    'ANTHROPIC_MODEL',
    'API_TIMEOUT_MS',
    'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC',
    'CLAUDE_CODE_MAX_RETRIES',
    'CLAUDE_CODE_OAUTH_TOKEN',
    'CLAUDE_CODE_USE_BEDROCK',
    'CLAUDE_CODE_USE_VERTEX',
    'CLAUDE_CONFIG_DIR',
    'IS_SANDBOX',
  ],
  versionArgs: ['--version'],
  readVersion: (output) => /(\d+\.\d+\.\d+\S*) \(Claude Code\)/.exec(output)?.[1] ?? null,
  helpArgs: [['--help']],
  streamingFlag: STREAMING_FLAG,
  hiddenFlags: ['--max-turns', '--permission-prompt-tool'],
  instructionFiles: [...OF_MOST, ...OF_CLAUDE],
  withoutMemory: () => ({ CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1' }),
  standIn: ({ url, home, key }) => ({
    env: {
      ANTHROPIC_API_KEY: key,
      ANTHROPIC_BASE_URL: url,
      CLAUDE_CONFIG_DIR: `${home}/.claude`,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_MAX_RETRIES: '1',
    },
  }),
  command,
  read: (line) => readClaudeLine(line, DIALECT),
  readExit,
};

function command(start: TurnStart): TurnCommand {
  const { session, mcp } = start;
  // The lists of tools continue up to the next flag: they never come last.
  const args = ['-p', ...toolLists(start), '--output-format', 'stream-json', '--verbose'];
  if (start.isStreaming === true) args.push(STREAMING_FLAG);
  if (session.id !== null) args.push(session.isResume ? '--resume' : '--session-id', session.id);
  // What the repository has its agents run at every start is not for this one: who writes it there would give orders to the next.
  if (start.permission !== 'bypass') args.push('--settings', JSON.stringify({ disableAllHooks: true }));
  args.push(
    '--permission-mode',
    start.nativeMode ?? (isAsking(start) ? ASKING[start.permission] : MODES[start.permission]),
  );
  if (start.model !== null) args.push('--model', start.model);
  if (start.maxTurns !== null) args.push('--max-turns', String(start.maxTurns));
  if (start.budget.usd !== null) args.push('--max-budget-usd', String(start.budget.usd));
  if (start.answerSchema !== null) args.push('--json-schema', JSON.stringify(start.answerSchema.schema));
  if (mcp !== null) {
    // alwaysLoad: newer versions hide the tools of a server behind a search otherwise.
    const server = { command: mcp.command, args: mcp.args, alwaysLoad: true };
    args.push('--mcp-config', JSON.stringify({ mcpServers: { [mcp.name]: server } }), '--strict-mcp-config');
    if (isAsking(start)) args.push('--permission-prompt-tool', `mcp__${mcp.name}__approve`);
  }
  return { args: [...args, ...start.extraArgs], stdin: 'prompt', env: { DISABLE_AUTOUPDATER: '1' } };
}

/** True when Claude Code asks our server for what it does not allow by itself; without one it is never asked in `read`, and denies in `edit`. */
function isAsking(start: TurnStart): boolean {
  return start.nativeMode === null && start.permission !== 'bypass' && start.mcp !== null;
}

function toolLists(start: TurnStart): readonly string[] {
  const allowed = [
    ...(start.permission === 'read' && !isAsking(start) ? READ_TOOLS : []),
    ...start.allowedTools,
    ...commandRules(
      [...start.lookingCommands, ...start.allowedCommands],
      (words) => `Bash(${words})`,
      (words) => `Bash(${words}:*)`,
    ),
    ...(start.mcp === null ? [] : [`mcp__${start.mcp.name}`]),
  ];
  return [
    ...(allowed.length === 0 ? [] : ['--allowedTools', ...allowed]),
    ...(start.permission === 'bypass'
      ? []
      : ['--disallowedTools', ...(start.permission === 'read' ? WRITE_TOOLS : []), ...NETWORK]),
  ];
}

function totalOf(result: JsonObject): Usage | null {
  let inputTokens = 0;
  let outputTokens = 0;
  let cacheReadTokens = 0;
  let cacheWriteTokens = 0;
  for (const model of Object.values(fieldsOf(result.modelUsage))) {
    const used = fieldsOf(model);
    cacheReadTokens += countOf(used.cacheReadInputTokens);
    cacheWriteTokens += countOf(used.cacheCreationInputTokens);
    inputTokens += countOf(used.inputTokens);
    outputTokens += countOf(used.outputTokens);
  }
  inputTokens += cacheReadTokens + cacheWriteTokens;
  const usd = numberOf(result.total_cost_usd);
  if (inputTokens + outputTokens === 0 && (usd ?? 0) === 0) return null;
  // Versions that number their results count the session with its earlier turns; those before count their own process.
  const scope = numberOf(result.result_index) === null ? 'process' : 'session';
  return { scope, id: null, inputTokens, outputTokens, usd, cacheReadTokens, cacheWriteTokens };
}

function readExit(exit: TurnExit): readonly AgentEvent[] {
  if (exit.hasEnded) return [];
  const busy = stderrLine(exit, /Session ID \S+ is already in use/);
  if (busy !== null) return [failed('sessionBusy', busy)];
  const unknown = stderrLine(exit, /No conversation found|requires a valid session ID/);
  if (unknown !== null) return [failed('sessionUnknown', unknown)];
  const refused = refusedStart(exit);
  if (refused.length > 0) return refused;
  const error = stderrLine(exit, /\S/);
  return exit.code === 1 && error !== null ? endOfWords(error) : [];
}
