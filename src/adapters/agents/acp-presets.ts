/**
 * What is known of the agents that speak ACP: the mode in which each asks before it acts, and what else holds it to that.
 *
 * Owns: that table, and recognising an agent. Does not own: which mode a session gets (acp-holding), setting it (acp-client).
 *
 * Invariants: 1. Pure. 2. No preset names a mode in which an agent acts without asking, but where a sandbox of its own holds it (Codex). 3. An agent is
 * what it calls itself when it is initialised; the words that start it count only before that.
 */
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import type { ToolGuard } from '../../ports/agent-adapter.ts';
import { guardedEnvironment } from './codex-guard.ts';
import { fieldsOf, listOf, objectOf, textOf } from './line-fields.ts';

/** One agent that speaks ACP. */
export interface AcpPreset {
  /** As people call it. */
  readonly title: string;
  /** Names of the programs and packages that start it. */
  readonly programs: readonly string[];
  /** How it calls itself. */
  readonly told: RegExp;
  /** Modes for implementing and fixing, the most wanted first: versions differ in their names. */
  readonly edit: readonly string[];
  /** Modes for reviewing and verifying. */
  readonly read: readonly string[];
  /** Without one of these modes it acts without asking. */
  readonly isAuto: boolean;
  /** Options of its sessions that must have these values, where it offers them. */
  readonly options?: Readonly<Record<string, string>>;
  /** It tells the same mode at the start of every session, whatever its configuration has: the mode is set all the same. */
  readonly tellsNoMode?: true;
  /** What a new session is told beside the protocol. */
  readonly sessionMeta?: JsonObject;
  /** Variables that it is started with. */
  readonly env?: Readonly<Record<string, string>>;
  /** Variables by which it asks our rules before it uses a tool, whatever its mode. */
  readonly guard?: (guard: ToolGuard) => Readonly<Record<string, string>>;
  /** From this version on it asks for a command with the whole command as the title, and tells it nowhere else; in earlier ones the model may write the title. */
  readonly commandInTitleSince?: string;
  /** It tells the arguments of a tool as JSON in the content of the call, before it asks. */
  readonly argumentsInContent?: true;
  /** Its answer to a prompt counts the prompts before it too. */
  readonly countsAllPrompts?: true;
  /** Its answer to a prompt counts the last call of its model alone; what the session has used its command line exports. */
  readonly countsLastCall?: true;
}

/** OpenCode asks only where its permissions say so, whatever its mode. */
const OPENCODE_PERMISSIONS: JsonObject = {
  '*': 'ask',
  ...Object.fromEntries(
    ['read', 'glob', 'grep', 'list', 'lsp', 'skill', 'todoread', 'todowrite'].map((tool) => [tool, 'allow']),
  ),
  'pawl_*': 'allow',
  // They would ask a person, or start an agent whose questions nobody hears.
  question: 'deny',
  task: 'deny',
  external_directory: 'ask',
  bash: 'ask',
  edit: 'ask',
};

const COPILOT_MODE = 'https://agentclientprotocol.com/protocol/session-modes#agent';

/** The agents of docs/agents.md. */
export const ACP_PRESETS: readonly AcpPreset[] = [
  {
    title: 'Claude Code',
    programs: ['claude-agent-acp', 'claude-code-acp'],
    told: /claude/i,
    edit: ['default'],
    read: ['default', 'dontAsk'],
    isAuto: true,
  },
  {
    title: 'Codex',
    programs: ['codex-acp'],
    told: /codex/i,
    edit: ['workspace-write', 'auto'],
    read: ['read-only'],
    isAuto: true,
    guard: guardedEnvironment,
  },
  {
    title: 'OpenCode',
    programs: ['opencode', 'opencode-ai'],
    told: /opencode/i,
    edit: ['build'],
    read: ['build'],
    isAuto: false,
    env: {
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        permission: OPENCODE_PERMISSIONS,
        // A denial is an answer, not the end of the turn.
        experimental: { continue_loop_on_deny: true },
      }),
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      // A config in the repository could allow what nobody else does.
      OPENCODE_DISABLE_PROJECT_CONFIG: '1',
    },
    countsLastCall: true,
  },
  {
    title: 'Gemini CLI',
    programs: ['gemini', 'gemini-cli'],
    told: /gemini/i,
    edit: ['default'],
    read: ['default'],
    isAuto: false,
    commandInTitleSince: '0.61.0',
  },
  {
    title: 'Qwen Code',
    programs: ['qwen', 'qwen-code'],
    told: /qwen/i,
    edit: ['default'],
    read: ['default'],
    isAuto: true,
  },
  {
    title: 'GitHub Copilot CLI',
    programs: ['copilot'],
    told: /copilot/i,
    edit: [COPILOT_MODE],
    read: [COPILOT_MODE],
    isAuto: false,
    options: { allow_all: 'off' },
    countsAllPrompts: true,
  },
  {
    title: 'Kimi Code',
    programs: ['kimi', 'kimi-code', 'kimi-cli'],
    told: /kimi/i,
    edit: ['default'],
    read: ['default'],
    isAuto: false,
    tellsNoMode: true,
    argumentsInContent: true,
  },
  {
    title: 'Cursor',
    programs: ['cursor-agent'],
    told: /cursor/i,
    edit: ['agent'],
    read: ['ask'],
    isAuto: false,
  },
  {
    title: 'Goose',
    programs: ['goose'],
    told: /goose/i,
    edit: ['approve'],
    read: ['approve'],
    isAuto: true,
    env: { GOOSE_MODE: 'approve' },
  },
  {
    title: 'Grok Build',
    programs: ['grok'],
    told: /grok/i,
    edit: ['default', 'ask'],
    read: ['default', 'ask'],
    isAuto: false,
    sessionMeta: { yoloMode: false },
  },
];

/** The preset of the agent that calls itself `told`, or that `argv` starts; null: none is known. */
export function presetOf(told: string | null, argv: readonly string[]): AcpPreset | null {
  const byName = told === null ? undefined : ACP_PRESETS.find((preset) => preset.told.test(told));
  return byName ?? presetOfArguments(argv);
}

/** The preset of the agent that `argv` starts, also through npx or an interpreter; null: none is known. */
export function presetOfArguments(argv: readonly string[]): AcpPreset | null {
  const names = argv.filter((word) => !word.startsWith('-')).flatMap(programNames);
  return ACP_PRESETS.find(({ programs }) => programs.some((program) => names.includes(program))) ?? null;
}

/** What an agent is started with, so that it asks; of one that is not recognised, what would make any of the known ones ask. */
export function presetEnvironment(
  argv: readonly string[],
  guard: ToolGuard | null = null,
): Readonly<Record<string, string>> {
  const preset = presetOfArguments(argv);
  if (preset !== null) return { ...preset.env, ...(guard === null ? {} : preset.guard?.(guard)) };
  return Object.assign({}, ...ACP_PRESETS.map(({ env }) => env ?? {}));
}

/** The call with its arguments where that agent tells them elsewhere: in the title, or in the content of what was known of the call before. */
export function withToldInput(
  preset: AcpPreset | null,
  version: string | null,
  call: JsonObject,
  before: JsonObject = call,
): JsonObject {
  if (call.rawInput !== undefined) return call;
  const since = preset?.commandInTitleSince;
  const isTitle = since !== undefined && version !== null && isAtLeast(version, since) && call.kind === 'execute';
  if (isTitle && typeof call.title === 'string') return { ...call, rawInput: { command: call.title } };
  const told = preset?.argumentsInContent === true ? argumentsIn(before) : null;
  return told === null ? call : { ...call, rawInput: told };
}

/** Whole arguments alone: of those that are still being written nothing is taken. */
function argumentsIn(call: JsonObject): JsonObject | null {
  const [first, ...more] = listOf(call.content);
  const text = textOf(fieldsOf(fieldsOf(first).content).text);
  if (text === null || more.length > 0) return null;
  try {
    const value: Json = JSON.parse(text);
    return objectOf(value);
  } catch {
    // No JSON, or not all of it yet.
    return null;
  }
}

function isAtLeast(version: string, least: string): boolean {
  const [ours, theirs] = [version, least].map((one) => one.split(/[.+-]/).map(Number));
  const differing = theirs?.findIndex((part, index) => part !== ours?.[index]) ?? -1;
  return differing === -1 || (ours?.[differing] ?? -1) > (theirs?.[differing] ?? 0);
}

/** The names that a word may stand for: of a file, its own and those of the package that it lies in; of a package, its name without scope and version. */
function programNames(word: string): readonly string[] {
  const [, inside] = /^.*\/node_modules\/(.*)$/.exec(word) ?? [];
  const segments = inside === undefined ? [word.split('/').at(-1) ?? ''] : inside.split('/');
  return segments.map((segment) => segment.replace(/(?!^)@.*$/, '').replace(/\.(?:[cm]?js|exe|cmd)$/, ''));
}
