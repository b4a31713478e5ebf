/**
 * Why a configured agent could not be started, found out without starting it.
 *
 * Owns: looking for its program or script. Does not own: whether the program answers as it should (probe-program), choosing agents (packets/choose-agents).
 *
 * Invariant: nothing is run and nothing is written.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { blocker } from '../../model/blocker.ts';
import type { AgentConfig } from '../../model/config.ts';
import type { Blocker } from '../../model/error.ts';
import { adapterOf } from './adapters.ts';
import { type CodingPlace, programOf } from './coding.ts';
import { findProgram } from './find-program.ts';

/** What the config names is as long as its writer liked. */
const PATH_CHARS = 1_500;

/** The blocker of an agent whose program (or script) is not there or not executable; null when it could be started. */
export function agentProblem(name: string, agent: AgentConfig, place: CodingPlace): Blocker | null {
  if (agent.kind === 'scripted') return scriptProblem(name, agent.script, place.configFolder);
  const program = programName(agent);
  // A program of the worktree is there only once the worktree is.
  if (program === null) return null;
  const isFound =
    agent.kind === 'command'
      ? findProgram(program, place.configFolder, place.environment.PATH) !== null
      : programOf(agent, place) !== null;
  if (isFound) return null;
  const install = agent.kind === 'command' ? null : adapterOf(agent.kind).install;
  const path = presentButUnusable(program, place)?.slice(0, PATH_CHARS) ?? null;
  if (path !== null) return blocker('PAWL_AGENT_UNUSABLE', { reason: 'notExecutable', name, path }, [path]);
  const named = program.slice(0, PATH_CHARS);
  return blocker('PAWL_AGENT_MISSING', { reason: 'programMissing', name, program: named, installation: install }, [
    named,
  ]);
}

/** The program that a worker is started with; null where a placeholder says that it depends on the task. */
function programName(agent: Exclude<AgentConfig, { kind: 'scripted' }>): string | null {
  if (agent.kind === 'command')
    return /\{(?:taskFile|completionFile|worktree)\}/.test(agent.argv[0]) ? null : agent.argv[0];
  return agent.kind === 'acp' ? agent.argv[0] : (agent.program ?? adapterOf(agent.kind).program);
}

/** What is there under that name and cannot be executed; null when nothing is. */
function presentButUnusable(program: string, { configFolder, environment }: CodingPlace): string | null {
  const places = program.includes('/')
    ? [resolve(configFolder, program)]
    : (environment.PATH ?? '')
        .split(delimiter)
        .filter((folder) => folder.startsWith('/'))
        .map((folder) => resolve(folder, program));
  return places.find((path) => statSync(path, { throwIfNoEntry: false }) !== undefined) ?? null;
}

function scriptProblem(name: string, script: string | undefined, configFolder: string): Blocker | null {
  if (script === undefined) return null;
  const file = resolve(configFolder, script);
  try {
    accessSync(file, constants.R_OK);
    return null;
  } catch {
    // Whatever hides it: the worker could not read it either.
    const path = file.slice(0, PATH_CHARS);
    return blocker('PAWL_AGENT_UNUSABLE', { reason: 'scriptUnreadable', name, path }, [path]);
  }
}
