/**
 * OpenCode.
 *
 * Owns: its command line and the permissions it is given, its lines, what its exit tells. Does not own: starting it (host), what its events come to
 * (turn/turn).
 *
 * Invariants: 1. Nothing is bypassed unless the start says so: what its permissions do not allow they deny, for a question would end the turn. 2. It writes no last event: the end
 * is a step that finishes with `stop`, and a step after it means that it has gone on.
 */
import { pathToFileURL } from 'node:url';
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import type { AgentEvent } from '../../model/agent-event.ts';
import type {
  AgentAdapter,
  ModelStandIn,
  StandInSettings,
  TurnCommand,
  TurnExit,
  TurnStart,
} from '../../ports/agent-adapter.ts';
import { commandRules } from './command-rules.ts';
import {
  completed,
  deniedEvent,
  endOfStatus,
  endOfWords,
  failed,
  interrupted,
  NOTED,
  refusedStart,
  stderrLine,
} from './line-events.ts';
import { charsIn, countOf, fieldsOf, numberOf, objectOf, textOf, whatOf } from './line-fields.ts';
import { OF_CLAUDE, OF_MOST } from './shared-instruction-files.ts';
import { isGuardDenial } from './tool-guard.ts';

const READ_TOOLS = ['read', 'glob', 'grep', 'list', 'lsp', 'skill', 'todoread', 'todowrite'];
/** Its rules see a command with its redirections: these would write anywhere. */
const REDIRECTING = ['*>*', '*<*', '*`*', '*$(*'];
/** Files that give orders to the agents that come after. */
const ORDERS = [
  '.opencode/**',
  '**/.opencode/**',
  '*opencode.json*',
  '.claude/**',
  '**/.claude/**',
  '*.mcp.json',
  '.git',
  '.git/**',
];
const TITLE = 'Pawl';
const DENIAL = /rejected permission|rule which prevents|permission denied by rule/i;

/** OpenCode, `opencode run`. */
export const opencode: AgentAdapter = {
  kind: 'opencode',
  title: 'OpenCode',
  program: 'opencode',
  install: 'npm install -g opencode-ai',
  login: {
    variables: ['OPENCODE_API_KEY', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY'],
    files: [{ variable: 'XDG_DATA_HOME', folder: '.local/share', path: 'opencode/auth.json' }],
  },
  acp: { by: 'itself', args: 'acp', flag: null },
  capabilities: {
    session: 'reported',
    canResume: true,
    hasStructuredOutput: false,
    answer: 'message',
    hasMcp: true,
    usage: 'usd',
    hasAllowedTools: true,
    hasTurnLimit: false,
  },
  envNames: [
    'ANTHROPIC_API_KEY',
    'GEMINI_API_KEY',
    'OPENAI_API_KEY',
    'OPENCODE_API_KEY',
    'OPENCODE_CONFIG',
    // Ours is laid over the user's.
    'OPENCODE_CONFIG_CONTENT',
    'OPENCODE_CONFIG_DIR',
    'OPENROUTER_API_KEY',
    'XDG_CACHE_HOME',
    'XDG_CONFIG_HOME',
    'XDG_DATA_HOME',
    'XDG_STATE_HOME',
  ],
  versionArgs: ['--version'],
  readVersion: (output) => /^(\d+\.\d+\.\d+\S*)$/m.exec(output)?.[1] ?? null,
  helpArgs: [['run', '--help']],
  hiddenFlags: [],
  instructionFiles: [...OF_MOST, ...OF_CLAUDE, 'CONTEXT.md', '.opencode', 'opencode.json', 'opencode.jsonc'],
  standIn,
  command,
  read,
  readExit,
};

function standIn({ url, home, model, key }: ModelStandIn): StandInSettings {
  const config = {
    provider: {
      'stand-in': {
        npm: '@ai-sdk/openai-compatible',
        name: 'stand-in',
        options: { baseURL: `${url}/v1`, apiKey: key },
        models: { [model]: { name: model, limit: { context: 100_000, output: 4_000 } } },
      },
    },
    model: `stand-in/${model}`,
    small_model: `stand-in/${model}`,
    autoupdate: false,
    share: 'disabled',
  };
  return {
    env: {
      XDG_CONFIG_HOME: `${home}/.config`,
      XDG_DATA_HOME: `${home}/.local/share`,
      XDG_STATE_HOME: `${home}/.local/state`,
      XDG_CACHE_HOME: `${home}/.cache`,
    },
    files: { '.config/opencode/opencode.json': JSON.stringify(config) },
  };
}

function command(start: TurnStart): TurnCommand {
  // What its lines call a server error, its log tells by name.
  const args = ['run', '--format', 'json', '--print-logs', '--log-level', 'ERROR'];
  if (start.session.isResume && start.session.id !== null) args.push('-s', start.session.id);
  // A session without a title has a model asked for one.
  else args.push('--title', TITLE);
  // No plugins from outside but ours; those that the repository holds are loaded all the same, and the agent may write none.
  if (start.permission !== 'bypass' && (start.guard ?? null) === null) args.push('--pure');
  if (start.model !== null) args.push('-m', start.model);
  if (start.nativeMode !== null) args.push('--agent', start.nativeMode);
  else if (start.permission === 'bypass') args.push('--auto');
  return { args: [...args, ...start.extraArgs], stdin: 'prompt', env: envOf(start) };
}

function envOf(start: TurnStart): Record<string, string> {
  const { mcp, guard = null } = start;
  const isBound = start.permission !== 'bypass';
  const config = {
    // It alone opens the shell, and judges what runs in it.
    ...(guard === null ? {} : { plugin: [pathToFileURL(guard.plugin).href] }),
    ...(isBound ? { permission: permissionsOf(start) } : {}),
    ...(mcp === null
      ? {}
      : { mcp: { [mcp.name]: { type: 'local', command: [mcp.command, ...mcp.args], enabled: true } } }),
  };
  return {
    OPENCODE_CONFIG_CONTENT: JSON.stringify(config),
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    ...(guard === null ? {} : { PAWL_TOOL_POLICY: guard.policy }),
    // A config in the repository could allow its agents what these permissions deny.
    ...(isBound ? { OPENCODE_DISABLE_PROJECT_CONFIG: '1' } : {}),
  };
}

/** Of rules that match, the last one counts: what denies everything comes first. */
function permissionsOf(start: TurnStart): JsonObject {
  const commands = commandRules(
    [...start.lookingCommands, ...start.allowedCommands],
    (words) => words,
    (words) => `${words} *`,
  );
  const tools = [...READ_TOOLS, ...start.allowedTools, ...(start.mcp === null ? [] : [`${start.mcp.name}_*`])];
  return {
    '*': 'deny',
    external_directory: 'deny',
    bash: {
      '*': 'deny',
      ...Object.fromEntries(commands.map((rule) => [rule, 'allow'])),
      ...Object.fromEntries(REDIRECTING.map((rule) => [rule, 'deny'])),
    },
    ...(start.permission === 'edit'
      ? { edit: { '*': 'allow', ...Object.fromEntries(ORDERS.map((path) => [path, 'deny'])) } }
      : {}),
    ...Object.fromEntries(tools.map((tool) => [tool, 'allow'])),
  };
}

function read(line: Json): readonly AgentEvent[] | null {
  const fields = objectOf(line);
  if (fields === null) return null;
  const part = fieldsOf(fields.part);
  switch (fields.type) {
    case 'step_start':
      return [startedAs(fields), { type: 'noted', beginsStep: true }];
    case 'text': {
      const text = textOf(part.text);
      return text === null ? NOTED : [{ type: 'text', text, isDelta: false }];
    }
    case 'tool_use':
      return toolEvents(part);
    case 'step_finish':
      return stepEvents(part);
    case 'error':
      // It may be the first line of all.
      return [startedAs(fields), ...errorEvents(fieldsOf(fields.error))];
    case 'reasoning':
      return NOTED;
    default:
      return null;
  }
}

function startedAs(line: JsonObject): AgentEvent {
  return { type: 'started', sessionId: textOf(line.sessionID), model: null, cliVersion: null, permissionMode: null };
}

function toolEvents(part: JsonObject): readonly AgentEvent[] {
  const id = textOf(part.callID);
  const name = textOf(part.tool) ?? 'unknown';
  const state = fieldsOf(part.state);
  const error = textOf(state.error);
  if (id === null || (state.status !== 'completed' && state.status !== 'error')) return NOTED;
  const isError = state.status === 'error';
  const exitCode = numberOf(fieldsOf(state.metadata).exit);
  const isDenied = isError && error !== null && (DENIAL.test(error) || isGuardDenial(error));
  return [
    // Its call is told only now.
    { type: 'noted', writtenChars: charsIn(state.input) },
    { type: 'toolFinished', id, name, isError, exitCode, chars: charsIn(state.output) + charsIn(state.error) },
    // What follows are all of its rules.
    ...(isDenied
      ? [deniedEvent(name, error.split(/ ?Here are some of/)[0] ?? error, { ask: whatOf(state.input) })]
      : []),
  ];
}

function stepEvents(part: JsonObject): readonly AgentEvent[] {
  const tokens = fieldsOf(part.tokens);
  const cache = fieldsOf(tokens.cache);
  const usage: AgentEvent = {
    type: 'usage',
    scope: 'step',
    id: textOf(part.id),
    inputTokens: countOf(tokens.input) + countOf(cache.read) + countOf(cache.write),
    outputTokens: countOf(tokens.output) + countOf(tokens.reasoning),
    usd: numberOf(part.cost),
    cacheReadTokens: countOf(cache.read),
    cacheWriteTokens: countOf(cache.write),
    progress: 'closed',
  };
  if (part.reason === 'stop') return [usage, completed('stop')];
  if (part.reason === 'tool-calls') return [usage];
  return [usage, failed('other', textOf(part.reason) ?? 'a step without a reason')];
}

function errorEvents(error: JsonObject): readonly AgentEvent[] {
  const data = fieldsOf(error.data);
  const name = textOf(error.name);
  const reason = textOf(data.message) ?? name ?? 'an error without a name';
  if (name === 'MessageAbortedError') return [interrupted(reason)];
  if (name === 'ProviderAuthError') return [failed('login', reason)];
  const status = numberOf(data.statusCode);
  return status === null ? endOfWords(reason) : endOfStatus(status, reason);
}

function readExit(exit: TurnExit): readonly AgentEvent[] {
  const refused = refusalsOf(exit);
  const isTold = exit.hasEnded || refused.length > 0;
  return [...denialsOf(exit.stderrTail), ...refused, ...(isTold ? [] : endOf(exit))];
}

/** Denials that only standard error tells. */
function denialsOf(stderr: string): readonly AgentEvent[] {
  return [...stderr.matchAll(/permission requested: (\S+)(?: \(([^\n]*)\))?[^\n]*auto-rejecting/g)].map(
    ([reason, tool, ask]) => deniedEvent(tool ?? 'unknown', reason, { ask: ask ?? null }),
  );
}

/** An unknown agent it replaces by its own and works on; an unknown model its lines call a server error, and only its log says what it was. */
function refusalsOf(exit: TurnExit): readonly AgentEvent[] {
  const replaced = stderrLine(exit, /agent "[^"]*" not found/);
  if (replaced !== null) return [failed('setting', replaced)];
  const unknown = /ModelNotFoundError: (?<words>[^")\n]*)/.exec(exit.stderrTail)?.groups?.words;
  if (unknown !== undefined && exit.code !== 0) return [failed('setting', unknown)];
  return exit.hasEnded ? [] : refusedStart(exit);
}

function endOf(exit: TurnExit): readonly AgentEvent[] {
  const unknown = stderrLine(exit, /Session not found/);
  if (unknown !== null) return [failed('sessionUnknown', unknown)];
  const error = stderrLine(exit, /Error: /);
  return exit.code === 1 && error !== null ? endOfWords(error) : [];
}
