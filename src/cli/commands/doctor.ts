/**
 * `pawl doctor`: what this machine has and lacks; with --probe, what an agent does when it is killed.
 *
 * Owns: its output and exit code. Does not own: the checks and the probe (cli/doctor). Takes no lock, repairs nothing.
 */
import { tmpdir } from 'node:os';
import { adapterOf } from '../../adapters/agents/adapters.ts';
import { systemProcesses } from '../../adapters/processes/system.ts';
import type { CommonOptions } from '../../app/options.ts';
import type { Config } from '../../model/config.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { AGENT_KINDS, type AgentKind } from '../../model/turn.ts';
import { type AgentPlace, agentChecks, nativeProgram } from '../doctor/agent-checks.ts';
import { daemonFindings } from '../doctor/daemon-checks.ts';
import { defaultAgentChecks } from '../doctor/default-agent-check.ts';
import { agentLines, checkLines, probeSummary, stepLine, summaryLine } from '../doctor/doctor-lines.ts';
import type { DoctorReport } from '../doctor/doctor-report.ts';
import { machineChecks } from '../doctor/machine-checks.ts';
import { probeAgent } from '../doctor/probe.ts';
import type { ProbeReport } from '../doctor/probe-report.ts';
import { registryFindings } from '../doctor/registry-checks.ts';
import type { Output } from '../output.ts';

/** Options of `pawl doctor`. */
export interface DoctorOptions extends CommonOptions {
  /** A kind of agent, or the name of one of the config. */
  readonly probe?: string;
}

/** Where the doctor looks. */
export interface DoctorPlace {
  readonly cwd: string;
  /** Where temporary folders are made. */
  readonly temporaryFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Says what is here; exit 1 when a check or the probe has failed. */
export async function doctor(output: Output, options: DoctorOptions): Promise<number> {
  return doctorAt(output, options, { cwd: process.cwd(), temporaryFolder: tmpdir(), environment: process.env });
}

/** The same at a place of the caller's. */
export async function doctorAt(output: Output, options: DoctorOptions, place: DoctorPlace): Promise<number> {
  const { cwd, temporaryFolder, environment } = place;
  const found = registryFindings(options, cwd);
  const daemon = await daemonFindings({ environment, temporaryFolder });
  const agentPlace = { configFolder: found.configFolder, environment };
  // A name that means nothing is told before anything is looked at.
  const target = options.probe === undefined ? null : targetOf(options.probe, found.config, agentPlace);
  const checks = [
    ...(await machineChecks({ trialFolder: found.root ?? temporaryFolder, folders: daemon.folders, environment })),
    ...found.checks,
    ...defaultAgentChecks(found.config, agentPlace),
    ...daemon.checks,
  ];
  for (const check of checks) for (const line of checkLines(output, check)) output.line(line);
  output.line(summaryLine(output, checks));
  output.line();
  const agents = await agentChecks(found.config, agentPlace);
  for (const agent of agents) for (const line of agentLines(output, agent)) output.line(line);
  const probe = target === null ? null : await shownProbe(output, target, place);
  const isUsable = checks.every(({ status }) => status !== 'failed');
  const report: DoctorReport = { isUsable, checks, agents, probe };
  output.json(report);
  return isUsable && probe?.isPassed !== false ? EXIT.done : FAILED;
}

/** As of a program whose check has failed; for any other command 1 means a bug. */
const FAILED = 1;

interface ProbeTarget {
  readonly agent: string;
  readonly kind: AgentKind;
  readonly path: string;
}

async function shownProbe(
  output: Output,
  { agent, kind, path }: ProbeTarget,
  { environment, temporaryFolder }: DoctorPlace,
): Promise<ProbeReport> {
  const adapter = adapterOf(kind);
  output.line();
  output.line(
    `${output.colour.bold(`Probe of ${adapter.title}`)}, against a stand-in for its model: no login, no cost`,
  );
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  try {
    const probe = await probeAgent({
      ...{ agent, adapter, path, environment, temporaryFolder },
      processes: systemProcesses(),
      signal: interruption.signal,
      onStep: (step) => output.line(stepLine(output, step)),
    });
    output.line(probeSummary(probe));
    return probe;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
  }
}

function canBeProbed(kind: AgentKind): boolean {
  return adapterOf(kind).standIn !== null;
}

/** Throws PAWL_USAGE for a name that means no agent which can be probed, PAWL_AGENT_MISSING for one that is not installed. */
function targetOf(name: string, config: Config | null, place: AgentPlace): ProbeTarget {
  const configured = config?.agents[name];
  const kind = configured?.kind ?? AGENT_KINDS.find((known) => known === name);
  if (kind === undefined || kind === 'command' || kind === 'scripted' || !canBeProbed(kind)) {
    const why = kind === undefined ? 'is neither a kind of agent nor one of the config' : `is of kind ${kind}`;
    throw new PawlError({
      code: 'PAWL_USAGE',
      message: `--probe ${name}: ${name} ${why}, and cannot be probed.`,
      subject: name,
      hint: `Agents of these kinds can be: ${AGENT_KINDS.filter(canBeProbed).join(', ')}.`,
    });
  }
  const program = configured !== undefined && 'program' in configured ? (configured.program ?? null) : null;
  const path = nativeProgram(kind, program, place);
  if (path !== null) return { agent: name, kind, path };
  const { title, install } = adapterOf(kind);
  throw new PawlError({
    code: 'PAWL_AGENT_MISSING',
    message: `${title} is not installed: no executable ${program ?? adapterOf(kind).program} was found.`,
    subject: name,
    hint: `Install it (${install}), or name its program in the config.`,
  });
}
