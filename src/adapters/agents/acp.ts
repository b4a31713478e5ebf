/**
 * Agents that speak the Agent Client Protocol, version 1.
 *
 * Owns: how our worker is told what to do, reading the lines that it prints. Does not own: the protocol (acp-client), the worker (acp-worker).
 *
 * Invariants: 1. Every line of the worker is one event, as JSON; anything else is not its line. 2. What is asked of a person is answered by the
 * worker's policy, so that nothing waits.
 */
import type { Json } from '../../base/canonical-json.ts';
import { isObject } from '../../base/canonical-json.ts';
import type { AgentEvent } from '../../model/agent-event.ts';
import { END_CAUSES, LIMIT_KINDS, TURN_ENDS, USAGE_SCOPES } from '../../model/turn.ts';
import type { AgentAdapter, TurnCommand, TurnStart } from '../../ports/agent-adapter.ts';
import { encodeAcpSpec } from './acp-spec.ts';

/** Any agent that speaks ACP: what it can do beyond the protocol is not known before it is asked. */
export const acp: AgentAdapter = {
  kind: 'acp',
  title: 'ACP agent',
  program: 'node',
  install: 'install the agent that "argv" of the config names',
  capabilities: {
    session: 'reported',
    canResume: true,
    hasStructuredOutput: false,
    answer: 'message',
    hasMcp: true,
    // Some tell it and some do not: a turn that ends without a report is charged by an estimate.
    usage: 'tokens',
    hasAllowedTools: true,
    hasTurnLimit: false,
  },
  envNames: [],
  // Not every agent that speaks ACP can be asked on its command line; it tells its version when it is initialised.
  versionArgs: null,
  readVersion: () => null,
  helpArgs: [],
  hiddenFlags: [],
  // Which agent it is is not known.
  instructionFiles: null,
  standIn: null,
  command: (start) => acpCommand(start, start.extraArgs, 0, false),
  read: (line) => (isAgentEvent(line) ? [line] : null),
  readExit: () => [],
};

/**
 * The arguments of our worker's program for an agent that `argv` starts. As adapters have it, `acp.command` takes the agent's whole command line from `extraArgs`.
 * `usedTokensBefore`: what the session had reported before.
 */
export function acpCommand(
  start: TurnStart,
  argv: readonly string[],
  usedTokensBefore: number,
  acceptsOwnMode: boolean,
): TurnCommand {
  const { session, permission, nativeMode, model, allowedTools, allowedCommands, mcp, worktree } = start;
  const spec = {
    ...{ argv, session, permission, nativeMode, acceptsOwnMode, model, allowedTools, allowedCommands, mcp, worktree },
    // Agents may report parts of a token; the worker counts whole ones.
    usedTokensBefore: Math.ceil(usedTokensBefore),
  };
  return { args: [encodeAcpSpec(spec)], stdin: 'prompt', env: {} };
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isNumber: Check = (value) => Number.isFinite(value);
const isCount: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const isIn =
  (words: readonly unknown[]): Check =>
  (value) =>
    words.includes(value);

const FIELDS: Readonly<Record<AgentEvent['type'], Readonly<Record<string, Check>>>> = {
  started: {
    sessionId: orNull(isText),
    model: orNull(isText),
    cliVersion: orNull(isText),
    permissionMode: orNull(isText),
  },
  text: { text: isText, isDelta: isFlag },
  toolStarted: { id: isText, name: isText },
  toolFinished: { id: isText, name: orNull(isText), isError: isFlag, exitCode: orNull(isNumber) },
  denied: { tool: isText, reason: isText },
  unasked: { tool: isText, reason: isText },
  retrying: { attempt: orNull(isNumber), status: orNull(isNumber), delayMs: orNull(isNumber) },
  limited: { kind: isIn(LIMIT_KINDS), resetsAtMs: orNull(isNumber) },
  usage: {
    scope: isIn(USAGE_SCOPES),
    id: orNull(isText),
    inputTokens: isCount,
    outputTokens: isCount,
    usd: orNull(isCount),
  },
  answer: { value: (value) => value !== undefined },
  noted: {},
  ended: { how: isIn(TURN_ENDS), cause: isIn(END_CAUSES), reason: isText },
};

function isAgentEvent(line: Json): line is Json & AgentEvent {
  if (!isObject(line) || typeof line.type !== 'string' || !Object.hasOwn(FIELDS, line.type)) return false;
  const fields = Object.entries(FIELDS).find(([type]) => type === line.type)?.[1] ?? {};
  return Object.entries(fields).every(([name, check]) => check(line[name]));
}
