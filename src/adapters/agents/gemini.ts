/**
 * Gemini CLI.
 *
 * Owns: its command line, its lines, what its exit codes tell. Does not own: starting it (host), what its events come to (turn/turn).
 *
 * Invariants: 1. Nothing is bypassed unless the start says so: a tool that would need a person's consent is not offered to the model at all. 2. Its exit codes count only
 * where its lines have told no end, as it exits with 0 when it is ended by a signal; but for those that are an HTTP status modulo 256: the service has failed.
 */
import { join } from 'node:path';
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import type { AgentEvent } from '../../model/agent-event.ts';
import type { AgentAdapter, TurnCommand, TurnExit, TurnStart } from '../../ports/agent-adapter.ts';
import { commandRules } from './command-rules.ts';
import { geminiPolicy } from './gemini-policy.ts';
import {
  completed,
  deniedEvent,
  endOfStatus,
  endOfWords,
  failed,
  interrupted,
  limitReached,
  NOTED,
  refusedStart,
  stderrLine,
  toolStarted,
} from './line-events.ts';
import { charsIn, countOf, fieldsOf, objectOf, textOf, whatOf } from './line-fields.ts';
import { OF_MOST, VARIABLES } from './shared-instruction-files.ts';

/** The first exit code that is an HTTP status modulo 256: 400 is. */
const FIRST_STATUS = 144;

const MODES = { read: 'default', edit: 'auto_edit', bypass: 'yolo' } as const;

/** Gemini CLI, headless. */
export const gemini: AgentAdapter = {
  kind: 'gemini',
  title: 'Gemini CLI',
  program: 'gemini',
  install: 'npm install -g @google/gemini-cli',
  login: {
    variables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_APPLICATION_CREDENTIALS'],
    files: [{ variable: null, folder: '.gemini', path: 'oauth_creds.json' }],
  },
  acp: { by: 'itself', args: '--acp', flag: '--acp' },
  capabilities: {
    session: 'assigned',
    canResume: true,
    hasStructuredOutput: false,
    answer: 'message',
    hasMcp: false,
    usage: 'tokens',
    hasAllowedTools: true,
    hasTurnLimit: false,
  },
  envNames: [
    'GEMINI_API_KEY',
    'GEMINI_CLI_HOME',
    'GOOGLE_API_KEY',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'GOOGLE_CLOUD_LOCATION',
    'GOOGLE_CLOUD_PROJECT',
    'GOOGLE_GEMINI_BASE_URL',
    'GOOGLE_GENAI_USE_VERTEXAI',
  ],
  versionArgs: ['--version'],
  readVersion: (output) => /^(\d+\.\d+\.\d+\S*)$/m.exec(output)?.[1] ?? null,
  helpArgs: [['--help']],
  hiddenFlags: [],
  instructionFiles: [
    ...OF_MOST,
    ...VARIABLES,
    'GEMINI.md',
    'CONTEXT.md',
    '.gemini',
    '.geminiignore',
    'gemini-extension.json',
  ],
  standIn: ({ url, key }) => ({
    env: { GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: url },
    // With an endpoint of one's own it asks how to log in, unless told.
    files: { '.gemini/settings.json': JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' } } }) },
  }),
  command,
  read,
  readExit,
};

function command(start: TurnStart): TurnCommand {
  const { session } = start;
  const args = ['-o', 'stream-json', '--skip-trust', '--approval-mode', start.nativeMode ?? MODES[start.permission]];
  if (session.id !== null) args.push(session.isResume ? '--resume' : '--session-id', session.id);
  if (start.model !== null) args.push('-m', start.model);
  const { guard = null } = start;
  args.push(...allowedOf(start).map((tool) => `--allowed-tools=${tool}`));
  if (guard !== null) args.push(`--policy=${join(guard.folder, POLICY_FILE)}`);
  return {
    args: [...args, ...start.extraArgs],
    stdin: 'prompt',
    env: { GEMINI_CLI_NO_RELAUNCH: 'true' },
    ...(guard === null ? {} : { files: { [POLICY_FILE]: geminiPolicy(start) } }),
  };
}

const POLICY_FILE = 'policy.toml';

/** With a policy of ours all commands are its matter: an allowed one on the command line would deny every other. */
function allowedOf({ allowedTools, allowedCommands, guard = null }: TurnStart): readonly string[] {
  if (guard !== null) return allowedTools.filter((tool) => !/^(?:run_shell_command|ShellTool)\b/.test(tool));
  // Its rule for a command stands for that command with any further words; commands that are strung together are judged one by one.
  const rule = (words: string) => `run_shell_command(${words})`;
  return [...allowedTools, ...commandRules(allowedCommands, rule, rule)];
}

function read(line: Json): readonly AgentEvent[] | null {
  const fields = objectOf(line);
  switch (fields?.type) {
    case 'init':
      return [
        {
          type: 'started',
          sessionId: textOf(fields.session_id),
          model: textOf(fields.model),
          cliVersion: null,
          permissionMode: null,
        },
      ];
    case 'message': {
      const text = textOf(fields.content);
      if (fields.role !== 'assistant' || text === null) return NOTED;
      return [{ type: 'text', text, isDelta: fields.delta === true }];
    }
    case 'tool_use': {
      const id = textOf(fields.tool_id);
      const { parameters } = fields;
      if (id === null) return NOTED;
      return [toolStarted(id, textOf(fields.tool_name) ?? 'unknown', whatOf(parameters), charsIn(parameters))];
    }
    case 'tool_result':
      return resultOfTool(fields);
    case 'error':
      return NOTED;
    case 'result':
      return [...usageOf(fieldsOf(fields.stats)), ...endEvents(fields)];
    default:
      return null;
  }
}

function resultOfTool(line: JsonObject): readonly AgentEvent[] {
  const id = textOf(line.tool_id);
  if (id === null) return NOTED;
  const isError = line.status !== 'success';
  const error = fieldsOf(line.error);
  const reason = textOf(error.message) ?? textOf(line.output) ?? 'not permitted';
  const isDenied = isError && (error.type === 'policy_violation' || /denied by policy/i.test(reason));
  // The tool's name is the beginning of its id.
  const name = id.split('__')[0] ?? 'unknown';
  return [
    ...(isDenied ? [deniedEvent(name, reason, { id })] : []),
    { type: 'toolFinished', id, name, isError, exitCode: null, chars: charsIn(line.output) + charsIn(error) },
  ];
}

function usageOf(stats: JsonObject): readonly AgentEvent[] {
  const inputTokens = countOf(stats.input_tokens);
  const outputTokens = countOf(stats.output_tokens);
  if (inputTokens + outputTokens === 0) return [];
  const cacheReadTokens = countOf(stats.cached);
  return [{ type: 'usage', scope: 'process', id: null, inputTokens, outputTokens, usd: null, cacheReadTokens }];
}

function endEvents(result: JsonObject): readonly AgentEvent[] {
  if (result.status === 'success') return [completed('success')];
  const error = fieldsOf(result.error);
  const kind = textOf(error.type);
  const reason = textOf(error.message) ?? kind ?? 'an error without a name';
  if (kind === 'FatalTurnLimitedError') return [limitReached('turns', reason)];
  if (kind === 'FatalAuthenticationError') return [failed('login', reason)];
  if (kind === 'FatalCancellationError') return [interrupted(reason)];
  return endOfWords(reason);
}

function readExit(exit: TurnExit): readonly AgentEvent[] {
  const { code } = exit;
  if (code !== null && code >= FIRST_STATUS && !exit.hasCompleted) return endOfService(exit, code + 256);
  if (exit.hasEnded) return [];
  // Its lines say nothing of its retries: it was ended while the service failed.
  if (code === null || code === 0) return retriesIn(exit);
  const words = stderrLine(exit, /error/i) ?? `exit code ${code}`;
  const refused = refusedStart(exit);
  if (refused.length > 0 && (code === 1 || code === 55)) return refused;
  if (code === 42) return [failed(inputCause(exit), words)];
  if (code === 41) return [failed('login', words)];
  if (code === 53) return [limitReached('turns', words)];
  if (code === 55) return [failed('setting', `The folder is not trusted: ${words}`)];
  if (code === 130) return [interrupted(words)];
  return endOfWords(words);
}

/** The status tells more than the end that it has told, where that has no more than the service's own words. */
function endOfService(exit: TurnExit, status: number): readonly AgentEvent[] {
  const [, words = `HTTP status ${status}`] = /ApiError: (.*)$/.exec(stderrLine(exit, /ApiError: /) ?? '') ?? [];
  const events = endOfStatus(status, words);
  const saysNothing = events.every((event) => event.type === 'ended' && event.cause === 'other');
  return exit.hasEnded && saysNothing ? [] : events;
}

function retriesIn(exit: TurnExit): readonly AgentEvent[] {
  const line = stderrLine(exit, /^Attempt \d+ failed.*Retrying with backoff/);
  if (line === null) return [];
  const [, status] = /failed with status (\d+)/.exec(line) ?? [];
  return [{ type: 'retrying', attempt: null, status: status === undefined ? null : Number(status), delayMs: null }];
}

function inputCause(exit: TurnExit): 'sessionUnknown' | 'sessionBusy' | 'other' {
  if (exit.resumed !== null) return 'sessionUnknown';
  return /session.*(?:already|in use)/i.test(exit.stderrTail) ? 'sessionBusy' : 'other';
}
