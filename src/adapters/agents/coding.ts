/**
 * Starting a turn of a coding agent: its program found and asked, its command line made, what it cannot do refused before anything starts.
 *
 * Owns: that order and those refusals. Does not own: any one agent (a file for each kind), what the turn is about (engine).
 *
 * Invariants: 1. Nothing is bypassed unless the config says so. 2. A flag that the installed version does not know never reaches a start.
 */
import { existsSync, realpathSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { blockerError } from '../../blockers/blocker-error.ts';
import type { CodingAgentConfig } from '../../model/agent-config.ts';
import { blocker } from '../../model/blocker.ts';
import { type Blocker, type PawlError, systemCode } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import { TASK_FILES } from '../../model/request.ts';
import { splitCommand } from '../../packets/allow-list.ts';
import type { AgentCommand, AgentPlaces, CodingAgent, TurnOrder } from '../../ports/agent.ts';
import type {
  AgentAdapter,
  AgentCapabilities,
  AnswerWay,
  PermissionMode,
  ToolGuard,
  TurnCommand,
  TurnStart,
} from '../../ports/agent-adapter.ts';
import { builtPath } from '../built-path.ts';
import { acpCommand } from './acp.ts';
import { presetEnvironment } from './acp-presets.ts';
import { adapterOf } from './adapters.ts';
import { findProgram } from './find-program.ts';
import { withoutMemory } from './instruction-files.ts';
import { type ProbedProgram, probeProgram, unknownFlags } from './probe-program.ts';
import { encodePolicy } from './tool-guard.ts';
import type { ToolPolicy } from './tool-policy.ts';

/** Where and with what agents are started. */
export interface CodingPlace {
  /** Relative programs lie here. */
  readonly configFolder: string;
  /** The runner's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Patterns of commands that packets may run: agents may run them too. */
  readonly allowedCommands: readonly string[];
  /** How our MCP server is started, before its own arguments; null: agents are not given it. */
  readonly mcpServer: readonly string[] | null;
}

/** The name under which agents know our MCP server. */
export const MCP_NAME = 'pawl';

/** How agents name what lets everything pass. */
const BYPASSING = /bypass|yolo|dangerous|full-access|allow-all|always-approve/i;

/**
 * Commands that only look, as far as an agent's own rules can hold them: most compare texts, and `git diff`, `log` and `show` write files with an option. What is looked at by
 * our own policy may be more (tool-policy).
 */
function lookingAt({ base, head }: TurnOrder['commits']): readonly (readonly string[])[] {
  const range = `${base}..${head}`;
  const git = [
    ['status', '*'],
    ['ls-files', '*'],
    ['diff'],
    ['diff', 'HEAD'],
    ['diff', '--stat'],
    ['diff', '--cached'],
  ];
  const history = [['log'], ['log', '--oneline'], ['show'], ['show', 'HEAD'], ['show', '--stat'], ['show', head]];
  const work = [
    ['diff', range],
    ['diff', '--stat', range],
    ['log', range],
    ['log', '--oneline', range],
  ];
  return [...[...git, ...history, ...work].map((words) => ['git', ...words]), ['ls'], ['ls', '-la'], ['pwd']];
}

/** What is known of the agent before a start. */
export function codingAgentOf(config: CodingAgentConfig, place: CodingPlace): CodingAgent {
  const { kind, title, capabilities } = adapterOf(config.kind);
  return {
    kind,
    title,
    capabilities,
    resumes: config.resume,
    fixResumesImplementer: config.fixResumesImplementer,
    givesMcp: capabilities.hasMcp && config.mcp && place.mcpServer !== null,
    answer: answerOf(config, capabilities),
  };
}

/** A schema is given only to an agent that is asked to use it: with one, some ask for the answer a second time. */
function answerOf({ structuredOutput }: CodingAgentConfig, capabilities: AgentCapabilities): AnswerWay {
  if (!capabilities.hasStructuredOutput || structuredOutput === false) return 'message';
  return structuredOutput === true ? 'structured' : capabilities.answer;
}

/** The program of the agent, links resolved; null when it is not there. */
export function programOf(config: CodingAgentConfig, place: CodingPlace): string | null {
  const name = config.kind === 'acp' ? config.argv[0] : (config.program ?? adapterOf(config.kind).program);
  return findProgram(name, place.configFolder, place.environment.PATH);
}

/** How to start the turn. Throws PAWL_AGENT_MISSING, PAWL_AGENT_UNUSABLE, PAWL_AGENT_FLAG_UNKNOWN, PAWL_AGENT_CAPABILITY. */
export async function turnCommandOf(
  name: string,
  config: CodingAgentConfig,
  place: CodingPlace,
  places: AgentPlaces,
  order: TurnOrder,
): Promise<AgentCommand> {
  const adapter = adapterOf(config.kind);
  const path = programOf(config, place);
  if (path === null) throw notFound(name, config, adapter);
  refuseWhatItCannotDo(name, config, adapter, order);
  const program = await probeProgram(adapter, path, place.environment);
  const isStreaming = hasStreaming(adapter, program);
  const isTold = config.extraArgs.some((argument) => argument === adapter.streamingFlag);
  const made = {
    ...turnStartOf(config, adapter, place, places, order),
    isStreaming: isStreaming && !isTold,
  };
  const start = isGuardable(adapter, program.version) ? made : { ...made, guard: null };
  const whole = config.kind === 'acp' ? overAcp(config, path, place, start, order) : adapter.command(start);
  const unknownIn = ({ args }: TurnCommand): readonly string[] =>
    config.kind === 'acp'
      ? []
      : unknownFlags(
          adapter,
          program,
          args.filter((argument) => argument !== order.prompt),
        );
  // A version that cannot be guarded has its own rules, as an older Pawl gave them.
  const command =
    config.kind === 'acp' || unknownIn(whole).length === 0 ? whole : adapter.command({ ...start, guard: null });
  const unknown = unknownIn(command);
  if (unknown.length > 0) throw unknownFlag(name, adapter, program.version, unknown, config.extraArgs);
  refuseLongArguments(name, adapter, command);
  const { path: programPath, version, sha256 } = program;
  return {
    argv: config.kind === 'acp' ? [...command.args] : [path, ...command.args],
    envNames: [...new Set([...adapter.envNames, ...config.env])],
    env: isJudging(order) ? { ...command.env, ...withoutMemory(config.kind, order.taskFolder) } : command.env,
    completion: 'file',
    turn: {
      kind: config.kind,
      program: { path: programPath, version, sha256 },
      session: order.session,
      prompt: order.prompt,
      stdin: command.stdin,
      answerSchema: start.answerSchema?.schema ?? null,
      budget: order.budget,
      usedBefore: order.usedBefore,
      ...(order.usdPerMillion === null ? {} : { usdPerMillion: order.usdPerMillion }),
      firstEventMs: order.firstEventMs,
      expectedDenials: config.expectedDenials,
      bypassesPermissions: isBypassing(config),
      ...(order.mayRemind ? { mayRemind: true } : {}),
      ...(isStreaming ? { isStreaming } : {}),
      ...(command.files === undefined ? {} : { files: command.files }),
    },
  };
}

/** True when the installed version can print messages piece by piece on being told to: its steps are told as they go, and no long message is silence. */
function hasStreaming({ streamingFlag }: AgentAdapter, { flags }: ProbedProgram): boolean {
  return streamingFlag !== undefined && flags?.has(streamingFlag) === true;
}

/** All that the agent's command line is made from. */
export function turnStartOf(
  config: CodingAgentConfig,
  adapter: AgentAdapter,
  place: CodingPlace,
  places: AgentPlaces,
  order: TurnOrder,
): TurnStart {
  const permission = permissionFor(config, order);
  const allowedTools = [...new Set([...config.allowedTools, ...order.allowedTools])];
  const allowedCommands = place.allowedCommands.flatMap(wordsOf);
  const { answer, givesMcp } = codingAgentOf(config, place);
  const schema = adapter.schemaFor?.(order.answerSchema) ?? order.answerSchema;
  const [mcpProgram = '', ...mcpArgs] = place.mcpServer ?? [];
  // Claude Code asks our server what it may do; others have their rules on the command line.
  const approval =
    config.kind === 'claude' ? ['--allow', JSON.stringify({ permission, allowedTools, allowedCommands })] : [];
  return {
    session: order.session,
    prompt: order.prompt,
    permission,
    nativeMode: config.nativeMode ?? null,
    model: config.model ?? null,
    allowedTools,
    allowedCommands,
    lookingCommands: lookingAt(order.commits),
    maxTurns: config.maxTurns ?? null,
    extraArgs: config.extraArgs,
    budget: order.budget,
    answerSchema: answer === 'structured' ? { schema, file: join(order.taskFolder, TASK_FILES.answerSchema) } : null,
    mcp: givesMcp
      ? {
          name: MCP_NAME,
          command: mcpProgram,
          args: [...mcpArgs, '--task', order.taskFolder, '--mark', order.mark, ...approval],
        }
      : null,
    guard:
      config.nativeMode === undefined && permission !== 'bypass' && !isBypassing(config)
        ? guardOf({ permission, allowedTools, allowedCommands }, places.worktree, order.taskFolder)
        : null,
    worktree: places.worktree,
  };
}

function isGuardable({ guardable }: AgentAdapter, version: string): boolean {
  return (
    guardable === undefined || (guardable.isVersion(version) && !guardable.adminFiles.some((file) => existsSync(file)))
  );
}

function guardOf(
  rules: Pick<ToolPolicy, 'permission' | 'allowedTools' | 'allowedCommands'>,
  worktree: string,
  taskFolder: string,
): ToolGuard {
  const roots = [...new Set([worktree, realPathOf(worktree)])];
  return {
    policy: encodePolicy({ ...rules, roots, ownServer: MCP_NAME }),
    permission: rules.permission,
    hook: [process.execPath, builtPath('adapters/agents/tool-hook.js')],
    plugin: builtPath('adapters/agents/opencode-plugin.js'),
    folder: join(taskFolder, TASK_FILES.agentFiles),
  };
}

/** The worktree's own path, links resolved; as it is written where it is not there. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return path;
  }
}

/** Who judges changes nothing; who writes edits; nothing is bypassed but on the operator's word. */
function permissionFor(config: CodingAgentConfig, order: TurnOrder): PermissionMode {
  if (config.permission === 'bypass') return 'bypass';
  return isJudging(order) ? 'read' : 'edit';
}

function isJudging({ role }: TurnOrder): boolean {
  return role === 'reviewer' || role === 'verifier';
}

/** True when nothing is asked or denied, by whatever setting that was said. */
function isBypassing(config: CodingAgentConfig): boolean {
  const { permission, nativeMode = '', extraArgs } = config;
  const argv = config.kind === 'acp' ? config.argv.filter((word) => word.startsWith('-')) : [];
  return permission === 'bypass' || [nativeMode, ...argv, ...extraArgs].some((word) => BYPASSING.test(word));
}

function wordsOf(pattern: string): readonly (readonly string[])[] {
  const split = splitCommand(pattern);
  return split.kind === 'split' ? [split.argv] : [];
}

/** The turn is played by our ACP worker, which starts the agent. */
function overAcp(
  config: Extract<CodingAgentConfig, { kind: 'acp' }>,
  path: string,
  place: CodingPlace,
  start: TurnStart,
  order: TurnOrder,
): TurnCommand {
  const [, ...rest] = config.argv;
  const argv = [path, ...rest.map((argument) => placed(argument, place.configFolder)), ...start.extraArgs];
  const command = acpCommand(start, argv, order.usedBefore.tokens, config.acceptsOwnMode);
  const isHeld = start.permission !== 'bypass' && !config.acceptsOwnMode;
  const env = isHeld ? presetEnvironment([...config.argv, path], start.guard) : {};
  return { ...command, env, args: [process.execPath, builtPath('adapters/agents/acp-worker.js'), ...command.args] };
}

/** A relative path in an argument belongs to the config's folder: the agent itself runs in the worktree. */
function placed(argument: string, configFolder: string): string {
  return argument.startsWith('./') && !isAbsolute(argument) ? resolve(configFolder, argument) : argument;
}

function refuseWhatItCannotDo(name: string, config: CodingAgentConfig, adapter: AgentAdapter, order: TurnOrder): void {
  const { capabilities, title } = adapter;
  const refuse = (reason: 'resume' | 'maxTurns' | 'allowedTools'): PawlError =>
    refusal(name, blocker('PAWL_AGENT_CAPABILITY', { reason, name, title }, [name]));
  if (order.session.isResume && !capabilities.canResume) throw refuse('resume');
  if (config.maxTurns !== undefined && !capabilities.hasTurnLimit) throw refuse('maxTurns');
  if (config.allowedTools.length > 0 && !capabilities.hasAllowedTools) throw refuse('allowedTools');
}

function refusal(name: string, found: Blocker): PawlError {
  return blockerError(found, { subject: name, kind: 'needsHuman' });
}

function refuseLongArguments(name: string, adapter: AgentAdapter, command: TurnCommand): void {
  const longest = Math.max(0, ...command.args.map((argument) => Buffer.byteLength(argument)));
  if (longest < BOUNDS.argumentBytes) return;
  const params = {
    reason: 'longPrompt',
    name,
    title: adapter.title,
    bytes: longest,
    bytesMax: BOUNDS.argumentBytes,
  } as const;
  throw refusal(name, blocker('PAWL_AGENT_CAPABILITY', params, [name]));
}

function notFound(name: string, config: CodingAgentConfig, adapter: AgentAdapter): PawlError {
  const program = config.kind === 'acp' ? config.argv[0] : (config.program ?? adapter.program);
  const params = { reason: 'notFound', name, program, installation: adapter.install } as const;
  return refusal(name, blocker('PAWL_AGENT_MISSING', params, [name]));
}

function unknownFlag(
  name: string,
  adapter: AgentAdapter,
  version: string,
  flags: readonly string[],
  extraArgs: readonly string[],
): PawlError {
  const isOfConfig = flags.some((flag) => extraArgs.some((argument) => argument.split('=')[0] === flag));
  const params = {
    name,
    title: adapter.title,
    version: version.slice(0, VERSION_CHARS),
    flags: flags.slice(0, FLAGS_NAMED),
    isOfConfig,
    installation: adapter.install,
  };
  return refusal(name, blocker('PAWL_AGENT_FLAG_UNKNOWN', params, [name]));
}

const VERSION_CHARS = 200;
const FLAGS_NAMED = 50;
