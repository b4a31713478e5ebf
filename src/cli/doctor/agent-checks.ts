/**
 * Which agents are installed, in which version, and what they can do here.
 *
 * Owns: looking at each known kind and each agent of the config. Does not own: asking a program, and what is known of each kind by heart (adapters/agents).
 *
 * Invariants: 1. No model is called and no login is used. 2. Of a login only the name of its variable or file is told. 3. An agent that is unusable spoils no other.
 */
import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { adapterOf } from '../../adapters/agents/adapters.ts';
import { findProgram } from '../../adapters/agents/find-program.ts';
import { type ProbedProgram, probeProgram, unknownFlags } from '../../adapters/agents/probe-program.ts';
import type { AgentConfig, Config } from '../../model/config.ts';
import { PawlError } from '../../model/error.ts';
import { AGENT_KINDS, type AgentKind } from '../../model/turn.ts';
import type { AgentAdapter, TurnStart } from '../../ports/agent-adapter.ts';
import type { AgentAbilities, AgentCheck } from './doctor-report.ts';

/** Where agents are looked for. */
export interface AgentPlace {
  readonly configFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

type NativeKind = Exclude<AgentKind, 'acp'>;

/** The agents of the config, then every kind that it does not name; several are asked at once. */
export function agentChecks(config: Config | null, place: AgentPlace): Promise<readonly AgentCheck[]> {
  const configured = Object.entries(config?.agents ?? {});
  const named = new Set(configured.map(([, agent]) => agent.kind));
  const others = AGENT_KINDS.filter(isNative).filter((kind) => !named.has(kind));
  return Promise.all([
    ...configured.map(([name, agent]) => configuredCheck(name, agent, place)),
    ...others.map((kind) => nativeCheck(kind, kind, null, place)),
  ]);
}

/** The program of a native agent: the config's, or the one on PATH that its kind is known by. */
export function nativeProgram(kind: AgentKind, program: string | null, place: AgentPlace): string | null {
  return findProgram(program ?? adapterOf(kind).program, place.configFolder, place.environment.PATH);
}

function isNative(kind: AgentKind): kind is NativeKind {
  return kind !== 'acp';
}

async function configuredCheck(name: string, agent: AgentConfig, place: AgentPlace): Promise<AgentCheck> {
  switch (agent.kind) {
    case 'scripted':
      return programCheck(name, agent.kind, process.execPath, place);
    case 'command':
    case 'acp':
      return programCheck(name, agent.kind, agent.argv[0], place);
    default:
      return nativeCheck(name, agent.kind, agent, place);
  }
}

/** A program of which nothing is known but whether it is there. */
function programCheck(name: string, kind: AgentCheck['kind'], program: string, place: AgentPlace): AgentCheck {
  const isFilledIn = program.includes('{');
  const path = isFilledIn ? program : findProgram(program, place.configFolder, place.environment.PATH);
  return {
    ...{ ...NOTHING_KNOWN, name, kind, path, isConfigured: true },
    problem: path === null ? `${program} was not found or is not executable` : null,
  };
}

const NOTHING_KNOWN = {
  version: null,
  sha256: null,
  abilities: null,
  unknownFlags: [],
  login: 'unknown',
  loginFrom: null,
} as const;

async function nativeCheck(
  name: string,
  kind: NativeKind,
  config: { readonly program?: string | undefined; readonly extraArgs: readonly string[] } | null,
  place: AgentPlace,
): Promise<AgentCheck> {
  const adapter = adapterOf(kind);
  const path = nativeProgram(kind, config?.program ?? null, place);
  const loginFrom = loginOf(adapter, place.environment);
  const base: AgentCheck = {
    ...{ ...NOTHING_KNOWN, name, kind, path, isConfigured: config !== null, problem: null },
    ...{ login: loginFrom === null ? 'unknown' : 'found', loginFrom },
  };
  if (path === null) return { ...base, problem: `not found; ${adapter.install}` };
  try {
    const program = await probeProgram(adapter, path, place.environment);
    const { version, sha256 } = program;
    const abilities = abilitiesOf(adapter, program, place);
    const unknown = unknownFlags(adapter, program, argsOf(adapter, { extraArgs: config?.extraArgs ?? [] }));
    const problem = unknown.length === 0 ? null : `version ${version} does not support ${unknown.join(', ')}`;
    return { ...base, version, sha256, abilities, unknownFlags: unknown, problem };
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    return { ...base, problem: error.message };
  }
}

/** What its adapter can do with it, less what the installed version has no flags for. */
function abilitiesOf(adapter: AgentAdapter, program: ProbedProgram, place: AgentPlace): AgentAbilities {
  const { capabilities } = adapter;
  const base = new Set(unknownFlags(adapter, program, argsOf(adapter, {})));
  const knows = (more: Partial<TurnStart>): boolean =>
    unknownFlags(adapter, program, argsOf(adapter, more)).every((flag) => base.has(flag));
  const mcp = { name: 'pawl', command: process.execPath, args: [] };
  return {
    session: capabilities.session,
    resume: capabilities.canResume && knows({ session: { id: SESSION, isResume: true } }),
    structuredOutput: capabilities.hasStructuredOutput && knows({ answerSchema: { schema: {}, file: '/schema' } }),
    mcp: capabilities.hasMcp && knows({ mcp }),
    acp: acpOf(adapter, program, place),
    usage: capabilities.usage,
    turnLimit: capabilities.hasTurnLimit && knows({ maxTurns: 1 }),
  };
}

const SESSION = '00000000-0000-4000-8000-000000000000';

function argsOf(adapter: AgentAdapter, more: Partial<TurnStart>): readonly string[] {
  const start: TurnStart = {
    session: { id: adapter.capabilities.session === 'assigned' ? SESSION : null, isResume: false },
    prompt: '',
    permission: 'edit',
    nativeMode: null,
    model: null,
    allowedTools: [],
    allowedCommands: [],
    lookingCommands: [],
    maxTurns: null,
    extraArgs: [],
    budget: { tokens: null, usd: null },
    answerSchema: null,
    mcp: null,
    worktree: '/',
  };
  return adapter.command({ ...start, ...more }).args;
}

function acpOf(adapter: AgentAdapter, program: ProbedProgram, place: AgentPlace): string | null {
  const { acp } = adapter;
  if (acp === undefined) return null;
  if (acp.by === 'program') {
    return findProgram(acp.program, place.configFolder, place.environment.PATH) === null ? null : acp.program;
  }
  const isKnown = acp.flag === null || program.flags?.has(acp.flag) === true;
  return isKnown ? `${adapter.program} ${acp.args}` : null;
}

/** The variable or the file that a login shows by, null when none does. */
function loginOf({ login }: AgentAdapter, environment: AgentPlace['environment']): string | null {
  if (login === undefined) return null;
  const { variables, files } = login;
  const variable = variables.find((name) => (environment[name] ?? '') !== '');
  if (variable !== undefined) return variable;
  for (const file of files) {
    const named = file.variable === null ? '' : (environment[file.variable] ?? '');
    const folder = named === '' ? resolve(environment.HOME ?? '/', file.folder) : named;
    const path = join(folder, file.path);
    if (isAbsolute(path) && existsSync(path)) return path;
  }
  return null;
}
