/**
 * Codex CLI.
 *
 * Owns: its command line, its lines, what its exit tells. Does not own: starting it (host), what its events come to (turn/turn).
 *
 * Invariants: 1. Nothing is bypassed unless the start says so: it never asks; our hook decides what it runs, and its sandbox holds what runs. 2. Its prompt is its standard input, which it
 * reads to the end. 3. Its item ids begin anew in every process: they tie a tool's end to its start and nothing else.
 */
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
import { guardDenials, guardedSettings, withoutDenials } from './codex-guard.ts';
import {
  completed,
  deniedEvent,
  endOfWords,
  failed,
  interrupted,
  NOTED,
  refusedStart,
  stderrLine,
  toolStarted,
} from './line-events.ts';
import { charsIn, countOf, fieldsOf, numberOf, objectOf, textOf, whatOf } from './line-fields.ts';
import { OF_MOST } from './shared-instruction-files.ts';
import { strictSchema } from './strict-schema.ts';

const GUARDED_MINOR = 145;
const SANDBOXES = { read: 'read-only', edit: 'workspace-write', bypass: 'danger-full-access' } as const;
const SERVER_VARIABLES = ['PAWL_COMPLETION_FILE', 'PAWL_RUN_ID', 'PAWL_TASK_FILE', 'PAWL_TASK_ID', 'PAWL_TASK_MARK'];
const NOTED_ITEMS = new Set(['error', 'plan_update', 'reasoning', 'todo_list']);
const TOOL_ITEMS = new Set(['collab_tool_call', 'command_execution', 'file_change', 'mcp_tool_call', 'web_search']);

/** A line of standard error that is no warning, no word of where the prompt comes from, and no log. */
const WORDS = /^(?!warning:|reading |\d{4}-|\s|$)/i;

/** Codex CLI, `codex exec`. */
export const codex: AgentAdapter = {
  kind: 'codex',
  title: 'Codex',
  program: 'codex',
  install: 'npm install -g @openai/codex',
  login: {
    variables: ['OPENAI_API_KEY', 'CODEX_API_KEY'],
    files: [{ variable: 'CODEX_HOME', folder: '.codex', path: 'auth.json' }],
  },
  acp: { by: 'program', program: 'codex-acp' },
  capabilities: {
    session: 'reported',
    canResume: true,
    hasStructuredOutput: true,
    answer: 'structured',
    hasMcp: true,
    usage: 'tokens',
    hasAllowedTools: false,
    hasTurnLimit: false,
  },
  schemaFor: strictSchema,
  envNames: ['CODEX_API_KEY', 'CODEX_HOME', 'OPENAI_API_KEY', 'OPENAI_BASE_URL'],
  versionArgs: ['--version'],
  readVersion: (output) => /codex-cli (\d+\.\d+\.\d+\S*)/.exec(output)?.[1] ?? null,
  helpArgs: [
    ['exec', '--help'],
    ['exec', 'resume', '--help'],
  ],
  hiddenFlags: [],
  guardable: {
    // Earlier versions were not seen to keep to a hook of the command line.
    isVersion: (version) => {
      const [major = 0, minor = 0] = version.split('.').map(Number);
      return major > 0 || minor >= GUARDED_MINOR;
    },
    adminFiles: [],
  },
  instructionFiles: [...OF_MOST, '.codex', '.codex-plugin'],
  standIn,
  command,
  read,
  readExit,
};

function standIn({ url, home, model, key }: ModelStandIn): StandInSettings {
  const config = [
    `model = "${model}"`,
    'model_provider = "stand-in"',
    '[model_providers.stand-in]',
    'name = "stand-in"',
    `base_url = "${url}/v1"`,
    'env_key = "OPENAI_API_KEY"',
    'wire_api = "responses"',
    'request_max_retries = 1',
    'stream_max_retries = 1',
    '',
  ];
  return {
    env: { OPENAI_API_KEY: key, CODEX_HOME: `${home}/.codex` },
    files: { '.codex/config.toml': config.join('\n') },
  };
}

function command(start: TurnStart): TurnCommand {
  const { session, mcp } = start;
  const sandbox = start.nativeMode ?? SANDBOXES[start.permission];
  // Resuming knows no -s, and is read-only without the setting behind it.
  const args = session.isResume
    ? ['exec', 'resume', '--json', '-c', setting('sandbox_mode', sandbox)]
    : ['exec', '--json', '-s', sandbox];
  if (start.model !== null) args.push('-m', start.model);
  if (start.answerSchema !== null) args.push('--output-schema', start.answerSchema.file);
  if (mcp !== null) args.push(...serverSettings(mcp));
  args.push(...start.extraArgs);
  // Behind all others, so that none takes its place.
  const guarded = start.guard == null ? { args: [], env: {} } : guardedSettings(start.guard);
  args.push(...guarded.args);
  if (session.isResume && session.id !== null) args.push(session.id);
  return { ...guarded, args: [...args, '-'], stdin: 'prompt' };
}

/** It starts servers with hardly any environment, and without a person to ask it refuses their tools: both are told to it. */
function serverSettings(mcp: NonNullable<TurnStart['mcp']>): readonly string[] {
  const server = `mcp_servers.${mcp.name}`;
  return [
    setting(`${server}.command`, mcp.command),
    setting(`${server}.args`, mcp.args),
    setting(`${server}.env_vars`, SERVER_VARIABLES),
    setting(`${server}.default_tools_approval_mode`, 'approve'),
  ].flatMap((one) => ['-c', one]);
}

/** A setting in TOML: JSON's texts and lists of texts are written alike there. */
function setting(name: string, value: string | readonly string[]): string {
  return `${name}=${JSON.stringify(value)}`;
}

function read(line: Json): readonly AgentEvent[] | null {
  const fields = objectOf(line);
  switch (fields?.type) {
    case 'thread.started':
      return [
        { type: 'started', sessionId: textOf(fields.thread_id), model: null, cliVersion: null, permissionMode: null },
      ];
    case 'turn.started':
    case 'item.updated':
      return NOTED;
    case 'item.started':
    case 'item.completed':
      return itemEvents(fieldsOf(fields.item), fields.type === 'item.completed');
    case 'error':
      return errorEvents(textOf(fields.message) ?? '');
    case 'turn.completed':
      return [...usageOf(fieldsOf(fields.usage)), completed('turn.completed')];
    case 'turn.failed':
      return endOfWords(textOf(fieldsOf(fields.error).message) ?? 'turn.failed');
    default:
      return null;
  }
}

function itemEvents(item: JsonObject, isDone: boolean): readonly AgentEvent[] | null {
  const kind = textOf(item.type);
  const id = textOf(item.id);
  if (kind === null) return null;
  if (kind === 'agent_message') {
    const text = textOf(item.text);
    return isDone && text !== null ? [{ type: 'text', text, isDelta: false }] : NOTED;
  }
  if (NOTED_ITEMS.has(kind)) return NOTED;
  if (!TOOL_ITEMS.has(kind) || id === null) return null;
  const name = toolName(kind, item);
  return isDone ? finishedEvents(item, id, name) : [toolStarted(id, name, whatOf(item), writtenChars(item))];
}

/** What the model wrote to call a tool, and what it is given of it, as far as the line tells. */
function writtenChars({ command, arguments: args, query, changes }: JsonObject): number {
  return charsIn(command) + charsIn(args) + charsIn(query) + charsIn(changes);
}

function givenChars({ aggregated_output: output, result }: JsonObject): number {
  return charsIn(output) + charsIn(result);
}

function toolName(kind: string, item: JsonObject): string {
  if (kind !== 'mcp_tool_call') return kind;
  return `mcp__${textOf(item.server) ?? 'unknown'}__${textOf(item.tool) ?? 'unknown'}`;
}

function finishedEvents(item: JsonObject, id: string, name: string): readonly AgentEvent[] {
  const status = textOf(item.status);
  const error = textOf(fieldsOf(item.error).message);
  const isDenied =
    status === 'declined' || (error !== null && /requires approval|user (?:cancelled|rejected)/i.test(error));
  return [
    {
      type: 'toolFinished',
      id,
      name,
      isError: isDenied || status === 'failed' || error !== null,
      exitCode: numberOf(item.exit_code),
      chars: givenChars(item),
    },
    ...(isDenied ? [deniedEvent(name, error ?? 'declined', { ask: whatOf(item) })] : []),
  ];
}

/** A top-level error is not an end: that is told by turn.failed. */
function errorEvents(message: string): readonly AgentEvent[] {
  const tries = /^Reconnecting\D*(\d+)\s*\//.exec(message);
  if (tries === null) return message.startsWith('Reconnecting') ? [retrying(null)] : NOTED;
  return [retrying(Number(tries[1]))];
}

function retrying(attempt: number | null): AgentEvent {
  return { type: 'retrying', attempt, status: null, delayMs: null };
}

/** The total of the thread, earlier turns included; cached input is part of the input. */
function usageOf(usage: JsonObject): readonly AgentEvent[] {
  const inputTokens = countOf(usage.input_tokens);
  const outputTokens = countOf(usage.output_tokens);
  if (inputTokens + outputTokens === 0) return [];
  const cacheReadTokens = countOf(usage.cached_input_tokens);
  return [{ type: 'usage', scope: 'session', id: null, inputTokens, outputTokens, usd: null, cacheReadTokens }];
}

function readExit(exit: TurnExit): readonly AgentEvent[] {
  return [...denialsOf(exit), ...(exit.hasEnded ? [] : endOf(withoutDenials(exit)))];
}

/** A command that was refused leads to no line at all. */
function denialsOf(exit: TurnExit): readonly AgentEvent[] {
  const reason = stderrLine(exit, /approval policy is Never; reject command/);
  return [
    ...guardDenials(exit),
    ...(reason === null ? [] : [{ type: 'denied', tool: 'command_execution', reason } as const]),
  ];
}

function endOf(exit: TurnExit): readonly AgentEvent[] {
  const busy = stderrLine(exit, /already has an active writer/);
  if (busy !== null) return [failed('sessionBusy', busy)];
  const unknown = stderrLine(exit, /no rollout found for thread/);
  if (unknown !== null) return [failed('sessionUnknown', unknown)];
  if (exit.code === null || exit.code === 0) return [];
  const refused = refusedStart(exit);
  if (refused.length > 0) return refused;
  const error = stderrLine(exit, /^error: /i) ?? stderrLine(exit, WORDS);
  if (error !== null) return endOfWords(error);
  return exit.code === 1
    ? [interrupted('ended by a signal that it took')]
    : [failed('other', `exit code ${exit.code}`)];
}
