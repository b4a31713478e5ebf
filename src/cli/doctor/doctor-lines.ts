/**
 * The doctor's report as lines for a terminal.
 *
 * Owns: the words and columns. Does not own: the facts (doctor-report).
 */
import { visible } from '../../base/visible.ts';
import type { Output } from '../output.ts';
import type { AgentAbilities, AgentCheck, Check, CheckName } from './doctor-report.ts';
import type { ProbeReport, ProbeStep, ProbeStepName } from './probe-report.ts';

type Status = Check['status'] | ProbeStep['status'];

const TITLES: Readonly<Record<CheckName, string>> = {
  node: 'Node.js',
  git: 'git',
  platform: 'platform',
  pidNamespace: 'PID namespace',
  flock: 'flock(1)',
  links: 'file system',
  disk: 'disk',
  registry: 'registry',
  lock: 'registry lock',
  gitConfig: 'git config',
  gitLocks: 'locks of git',
  config: 'config',
  defaultAgent: 'default agent',
  stateFolder: 'state folder',
  socket: 'daemon socket',
  daemonLock: 'daemon lock',
  daemon: 'daemon',
  token: 'token',
  projects: 'projects',
};

const STEP_TITLES: Readonly<Record<ProbeStepName, string>> = {
  program: 'version and flags',
  start: 'start',
  tool: 'tool call',
  kill: 'SIGKILL',
  sweep: 'sweep',
  resume: 'resume',
  leftovers: 'left at the end',
};

const MARKS: Readonly<Record<Status, string>> = { ok: '✓', warning: '!', failed: '✕', unknown: '–', skipped: '–' };
const TITLE_WIDTH = 17;

/** One check, with its hint where there is one. */
export function checkLines(output: Output, check: Check): readonly string[] {
  return [line(output, check.status, TITLES[check.name], visible(check.found)), ...hintLines(output, check.hint)];
}

/** How many checks came to what. */
export function summaryLine({ colour }: Output, checks: readonly Check[]): string {
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  return colour.dim(`${count('ok')} PASS, ${count('warning')} WARN, ${count('failed')} FAIL`);
}

/** One agent: what it is, what it can do, how it is logged in. */
export function agentLines(output: Output, agent: AgentCheck): readonly string[] {
  const { colour } = output;
  if (agent.path === null) {
    const status = agent.isConfigured ? 'failed' : 'unknown';
    return [line(output, status, agent.name, agent.problem ?? 'not found')];
  }
  const status = agent.problem === null ? 'ok' : 'failed';
  const what = agent.version === null ? visible(agent.path) : `${agent.version}  ${colour.dim(visible(agent.path))}`;
  const lines = [line(output, status, agent.name, what)];
  const more: string[] = [];
  if (agent.abilities !== null) more.push(abilityWords(agent.abilities));
  if (agent.loginFrom !== null) more.push(`login: ${agent.loginFrom}`);
  else if (agent.abilities !== null) more.push('login: unknown without a call');
  if (agent.problem !== null) more.push(agent.problem);
  return [...lines, ...more.map((text) => indented(colour.dim(text)))];
}

function abilityWords(abilities: AgentAbilities): string {
  const { session, resume, structuredOutput, mcp, acp, usage, turnLimit } = abilities;
  return [
    session === 'none'
      ? 'no session'
      : `session id ${session === 'assigned' ? 'given by Pawl' : 'reported by the agent'}`,
    resume ? 'resume' : 'no resume',
    ...(structuredOutput ? ['structured output'] : []),
    ...(mcp ? ['MCP'] : []),
    ...(acp === null ? [] : [`ACP (${acp})`]),
    usage === 'none' ? 'no usage' : `usage in ${usage === 'usd' ? 'USD and tokens' : 'tokens'}`,
    ...(turnLimit ? ['turn limit'] : []),
  ].join(', ');
}

/** One step of a probe. */
export function stepLine(output: Output, step: ProbeStep): string {
  const time = step.status === 'skipped' ? '' : output.colour.dim(`  ${(step.tookMs / 1_000).toFixed(1)} s`);
  return line(output, step.status, STEP_TITLES[step.name], `${step.detail}${time}`);
}

/** What a probe comes to. */
export function probeSummary({ agent, isPassed, modelCalls, left }: ProbeReport): string {
  const { first, stray, resumed } = modelCalls;
  const calls = `calls of the model: ${first} before the kill, ${stray} by what outlived it, ${resumed} after the resume`;
  return `${agent}: ${isPassed ? 'every step passed' : 'a step failed'}; ${calls}; processes left: ${left}`;
}

function line({ colour }: Output, status: Status, title: string, text: string): string {
  const paint = {
    ok: colour.green,
    warning: colour.yellow,
    failed: colour.red,
    unknown: colour.dim,
    skipped: colour.dim,
  };
  return `${paint[status](MARKS[status])} ${colour.bold(title.padEnd(TITLE_WIDTH))} ${text}`;
}

function hintLines({ colour }: Output, hint: string | null): readonly string[] {
  return hint === null
    ? []
    : hint.split('\n').map((text, index) => indented(`${index === 0 ? colour.dim('next') : '    '}  ${text}`));
}

function indented(text: string): string {
  return `${' '.repeat(TITLE_WIDTH + 3)}${text}`;
}
