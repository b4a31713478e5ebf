/**
 * Shows what an installed agent really does when it is killed: start, tool call, SIGKILL, sweep, resume, end, against a stand-in of its model.
 *
 * Owns: the order of the steps, what counts as shown. Does not own: the agent's command line (adapters/agents), the sweep (worker/ending), the stand-in (model-stand-in).
 *
 * Invariants: 1. The agent has a home, a folder and a key of its own: no login of the user is used, no model is called. 2. Whatever happens, nothing of its tree and of its
 * folder is left, or the report says so. 3. Every wait is bounded (L9).
 */
import { randomUUID } from 'node:crypto';
import { probeProgram, unknownFlags } from '../../adapters/agents/probe-program.ts';
import { shown } from '../../adapters/git/git-environment.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { counted } from '../../base/counted.ts';
import { spanMs } from '../../base/elapsed.ts';
import { messageOf } from '../../base/error-text.ts';
import type { AgentAdapter } from '../../ports/agent-adapter.ts';
import type { HostProcessesPort, TreeHandle } from '../../ports/processes.ts';
import { endTree, sightLeftovers, type TreeEnd } from '../../worker/ending.ts';
import { type ModelCall, type ModelReply, shellToolOf } from './model-call.ts';
import { type ModelStandIn, startModelStandIn } from './model-stand-in.ts';
import { PROBE_STEPS, type ProbeReport, type ProbeStep, type ProbeStepName } from './probe-report.ts';
import { PROBE_TOOL, ProbeSandbox } from './probe-sandbox.ts';
import type { ProbeTurn } from './probe-turn.ts';

/** What is to be probed. */
export interface ProbeOrder {
  /** As the report calls it. */
  readonly agent: string;
  readonly adapter: AgentAdapter;
  /** Absolute path of the program. */
  readonly path: string;
  readonly processes: HostProcessesPort;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The probe makes its own folder here. */
  readonly temporaryFolder: string;
  /** Ends the probe early; what it has started is ended all the same. */
  readonly signal: AbortSignal;
  readonly onStep?: (step: ProbeStep) => void;
}

const BOUNDS_MS = { start: 60_000, tool: 60_000, kill: 10_000, resume: 120_000 } as const;
const LOOK_MS = 50;
const TOLD_CHARS = 300;

/** A step that did not show what it should. */
class StepFailure extends Error {}
/** A step that the agent cannot do, or that cannot be done after what has failed. */
class StepSkip extends Error {}

/** The agent has been taken through every step, and nothing of it is left unless the report says so. */
export async function probeAgent(order: ProbeOrder): Promise<ProbeReport> {
  const standIn = await startModelStandIn();
  const sandbox = new ProbeSandbox(order, standIn.url);
  const probe = new Probe(order, sandbox, standIn);
  try {
    return await probe.run();
  } finally {
    await probe.end();
    await standIn.close();
    sandbox.remove();
  }
}

class Probe {
  readonly #order: ProbeOrder;
  readonly #sandbox: ProbeSandbox;
  readonly #standIn: ModelStandIn;
  readonly #steps: ProbeStep[] = [];
  #version: string | null = null;
  #session: string | null = null;
  #first: ProbeTurn | null = null;
  #calls = { first: 0, stray: 0, resumed: 0 };
  #outlivedKill = 0;
  #left = 0;

  constructor(order: ProbeOrder, sandbox: ProbeSandbox, standIn: ModelStandIn) {
    this.#order = order;
    this.#sandbox = sandbox;
    this.#standIn = standIn;
  }

  async run(): Promise<ProbeReport> {
    const steps: Readonly<Record<ProbeStepName, () => Promise<string>>> = {
      program: () => this.#askProgram(),
      start: () => this.#start(),
      tool: () => this.#awaitTool(),
      kill: () => this.#kill(),
      sweep: () => this.#sweep(),
      resume: () => this.#resume(),
      leftovers: () => this.#lookForLeftovers(),
    };
    for (const name of PROBE_STEPS) await this.#step(name, steps[name]);
    const { agent, adapter, path } = this.#order;
    return {
      agent,
      kind: adapter.kind,
      path,
      version: this.#version,
      isPassed: this.#steps.every(({ status }) => status !== 'failed'),
      steps: this.#steps,
      modelCalls: this.#calls,
      outlivedKill: this.#outlivedKill,
      left: this.#left,
    };
  }

  /** Nothing of the tree is left, or the bounds are used up. */
  async end(): Promise<void> {
    if (this.#first === null) return;
    await this.#endTree();
  }

  async #step(name: ProbeStepName, body: () => Promise<string>): Promise<void> {
    const startMs = systemClock.monotonicMs();
    let status: ProbeStep['status'] = 'ok';
    let detail: string;
    try {
      // What is left is looked for in any case.
      if (name !== 'leftovers' && this.#steps.some((step) => step.status === 'failed')) throw new StepSkip('not tried');
      detail = await body();
    } catch (error) {
      status = error instanceof StepSkip ? 'skipped' : 'failed';
      detail = messageOf(error);
    }
    const step = { name, status, detail, tookMs: Math.round(spanMs(startMs, systemClock.monotonicMs())) };
    this.#steps.push(step);
    this.#order.onStep?.(step);
  }

  async #askProgram(): Promise<string> {
    const { adapter, path, environment } = this.#order;
    const program = await probeProgram(adapter, path, environment);
    this.#version = program.version;
    const commands = [false, true].map((isResume) => this.#sandbox.command({ id: randomUUID(), isResume }));
    const unknown = new Set(commands.flatMap(({ args }) => unknownFlags(adapter, program, args)));
    if (unknown.size > 0)
      throw new StepFailure(`version ${program.version} does not support ${[...unknown].join(', ')}`);
    return `version ${program.version}`;
  }

  async #start(): Promise<string> {
    const { adapter } = this.#order;
    const session = adapter.capabilities.session === 'assigned' ? randomUUID() : null;
    this.#sandbox.prepare();
    this.#session = session;
    this.#standIn.setReply((call) => this.#firstReply(call));
    const startMs = systemClock.monotonicMs();
    const turn = await this.#sandbox.start({ id: session, isResume: false }, this.#order.processes);
    this.#first = turn;
    await this.#until(BOUNDS_MS.start, 'called the model', turn, () => this.#standIn.calls().length > 0);
    return `calls the model after ${seconds(spanMs(startMs, systemClock.monotonicMs()))}`;
  }

  async #awaitTool(): Promise<string> {
    const turn = this.#started();
    await this.#until(BOUNDS_MS.tool, 'ran the command', turn, () => this.#sandbox.isToolRunning);
    this.#session = turn.turn().session ?? this.#session;
    this.#calls = { ...this.#calls, first: this.#standIn.calls().length };
    return this.#session === null
      ? 'runs a command; no session is known yet'
      : `runs a command, session ${this.#session}`;
  }

  /** Only the agent's own process: what a runner could do that knows no more than a pid. */
  async #kill(): Promise<string> {
    const { processes } = this.#order;
    const turn = this.#started();
    if (turn.worker === null || !processes.signal(turn.worker, 'SIGKILL'))
      throw new StepFailure('it had already exited');
    await this.#until(BOUNDS_MS.kill, 'ended', null, () => turn.exit() !== null);
    this.#outlivedKill = sightLeftovers(processes, this.#tree()).survivors.length;
    return this.#outlivedKill === 0 ? 'all its processes died' : `${this.#outlivedKill} of its processes survived`;
  }

  async #sweep(): Promise<string> {
    const end = await this.#endTree();
    this.#calls = { ...this.#calls, stray: this.#standIn.calls().length - this.#calls.first };
    if (!end.isGone)
      throw new StepFailure(`${counted(end.survivors.length + end.unknown.length, 'process', 'processes')} left`);
    return 'none of its processes is left';
  }

  async #resume(): Promise<string> {
    const { adapter } = this.#order;
    if (!adapter.capabilities.canResume) throw new StepSkip(`${adapter.title} cannot resume a session`);
    if (this.#session === null) throw new StepFailure('it never reported its session');
    const before = this.#standIn.calls().length;
    this.#standIn.setReply(() => ({ kind: 'text', text: 'I am continuing.' }));
    const turn = await this.#sandbox.start({ id: this.#session, isResume: true }, this.#order.processes);
    await this.#until(BOUNDS_MS.resume, 'ended', null, () => turn.exit() !== null);
    const calls = this.#standIn.calls().slice(before);
    this.#calls = { ...this.#calls, resumed: calls.length };
    const { ended, session } = turn.turn();
    if (ended?.how !== 'completed' || turn.exit()?.code !== 0) throw new StepFailure(endOf(turn));
    if (session !== null && session !== this.#session)
      throw new StepFailure(`continued in another session, ${session}`);
    const knows = calls.some(({ messages }) => messages.some(({ text }) => text.includes(this.#sandbox.firstPrompt)));
    if (!knows) throw new StepFailure('the earlier conversation was lost');
    return 'resumes the same session with its history, and ends';
  }

  async #lookForLeftovers(): Promise<string> {
    const { survivors, unknown } = sightLeftovers(this.#order.processes, this.#tree());
    this.#left = survivors.length + unknown.length;
    if (this.#left === 0) return 'none';
    const { isGone } = await this.#endTree();
    throw new StepFailure(
      `${counted(this.#left, 'process', 'processes')}, ${isGone ? 'ended now' : 'and they could not be ended'}`,
    );
  }

  /** Once: a command that was refused is not asked for again, so that the turn ends and tells why. */
  #firstReply({ tools, messages }: ModelCall): ModelReply {
    const isAnswered = messages.some(({ from }) => from === 'tool');
    if (isAnswered || shellToolOf(tools) === null) return { kind: 'text', text: 'Probe' };
    return { kind: 'command', command: PROBE_TOOL };
  }

  #started(): ProbeTurn {
    if (this.#first === null) throw new Error('bug: no turn was started');
    return this.#first;
  }

  /** Without asking first: what is shown is the sweep after a kill. */
  #endTree(): Promise<TreeEnd> {
    return endTree(this.#order.processes, systemClock, this.#tree(), { graceMs: 0, killMs: BOUNDS_MS.kill });
  }

  #tree(): TreeHandle {
    return { mark: this.#sandbox.mark, lockFile: null, worker: this.#first?.worker ?? null, isNamespaced: false };
  }

  /** Waits until `isTrue`. Throws StepFailure when the time is over, or `turn` has ended before. */
  async #until(boundMs: number, what: string, turn: ProbeTurn | null, isTrue: () => boolean): Promise<void> {
    const endMs = systemClock.monotonicMs() + boundMs;
    while (!isTrue()) {
      if (this.#order.signal.aborted) throw new StepFailure('interrupted');
      if (turn !== null && turn.exit() !== null && !isTrue()) throw new StepFailure(`it never ${what}: ${endOf(turn)}`);
      if (systemClock.monotonicMs() > endMs) throw new StepFailure(`it never ${what} within ${seconds(boundMs)}`);
      await new Promise((resolve) => void setTimeout(resolve, LOOK_MS));
    }
  }
}

function endOf(turn: ProbeTurn): string {
  const exit = turn.exit();
  const { ended, denials } = turn.turn();
  const denied = denials.map(({ tool, reason }) => `; ${tool} was denied: ${reason}`).join('');
  const words = `${ended === null ? 'no end was reported' : `${ended.how}, ${ended.reason}`}${denied}`;
  const stderr = shown(turn.stderrTail(), TOLD_CHARS);
  return `${exit?.signal ?? `exit ${exit?.code}`}, ${shown(words)}${stderr === '' ? '' : ` (${stderr})`}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
