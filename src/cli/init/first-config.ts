/**
 * The config that a repository begins with, from what was found on the machine and in it.
 *
 * Owns: which agent is named, what is allowed, how it differs from a config that is there (pure). Does not own: finding it (doctor/agent-checks,
 * test-commands), the schema (model/config).
 */
import { type Config, parseConfig } from '../../model/config.ts';
import { isAllowed, splitCommand } from '../../packets/allow-list.ts';
import type { AgentCheck } from '../doctor/doctor-report.ts';
import type { TestCommand } from './test-commands.ts';

/** What `pawl init` would write. */
export interface FirstConfig {
  /** The text of the file. */
  readonly text: string;
  readonly config: Config;
  /** Null when no agent was found that can be used. */
  readonly agent: AgentCheck | null;
  /** Other agents that could be named. */
  readonly others: readonly AgentCheck[];
  /** Agents that are installed and cannot be used as they are. */
  readonly unusable: readonly AgentCheck[];
  readonly tests: readonly TestCommand[];
}

/** The config for these findings: one agent for every role, the test commands and what they need allowed. */
export function firstConfig(found: readonly AgentCheck[], tests: readonly TestCommand[], path: string): FirstConfig {
  const installed = found.filter((each) => each.path !== null && !each.isConfigured);
  const usable = installed.filter(({ problem }) => problem === null);
  // One whose login shows is likelier to work than one of which nothing is known.
  const agent = usable.find(({ login }) => login === 'found') ?? usable[0] ?? null;
  const setup = [...new Set(tests.flatMap((test) => (test.setup === null ? [] : [test.setup])))];
  const allow = [...new Set([...tests.map(({ command }) => command), ...setup])];
  const document = {
    ...(agent === null ? {} : { agents: { [agent.name]: { kind: agent.kind } } }),
    verification: { allow },
    ...(setup.length === 0 ? {} : { workspace: { setup } }),
  };
  const text = `${JSON.stringify(document, null, 2)}\n`;
  return {
    text,
    config: parseConfig(text, path),
    agent,
    others: usable.filter((each) => each !== agent),
    unusable: installed.filter(({ problem }) => problem !== null),
    tests,
  };
}

/** What of `wanted` the config that is there does not say, each a clause; none when it says all of it. */
export function differences(present: Config, wanted: Config): readonly string[] {
  const kinds = new Set(Object.values(present.agents).map(({ kind }) => kind));
  const agents = Object.entries(wanted.agents).filter(
    ([name, { kind }]) => !(name in present.agents) && !kinds.has(kind),
  );
  const allow = wanted.verification.allow.filter((command) => {
    const split = splitCommand(command);
    return split.kind === 'split' && !isAllowed(split.argv, present.verification.allow);
  });
  const setup = wanted.workspace.setup.filter((command) => !present.workspace.setup.includes(command));
  return [
    ...agents.map(([name]) => `agents has no ${name}`),
    ...allow.map((command) => `verification.allow does not admit "${command}"`),
    ...setup.map((command) => `workspace.setup lacks "${command}"`),
  ];
}
