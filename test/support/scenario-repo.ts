/**
 * A repository in which a scenario plays: config, packets, witness file, registry, and calls of the built command line.
 *
 * Owns: those, reading the registry's files, ending what is left. Does not own: the repository (real/sandbox-repo), the calls (pawl-cli).
 */
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { JournalRecord } from '../../src/model/record.ts';
import { createSandboxRepo, type SandboxRepo } from '../../src/prove/real/sandbox-repo.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { IS_WHOLE } from './draw.ts';
import { type CliCall, type CliEnd, documentOf, type RunsDocument, runOf, startPawl, until } from './pawl-cli.ts';
import { goodWork, type Plain, witnessed } from './scenario-packet.ts';
import { endAllOf, pidsOf } from './scenario-processes.ts';
import { callStanding } from './standing-pawl.ts';

/** Patterns that admit what the scenarios' packets run. */
export const ALLOWED = ['true', 'false', 'test *', 'sh *', 'node *'];

/** One line of the witness file: a worker that has started. */
export interface WitnessLine {
  readonly runId: string;
  readonly taskId: string;
  readonly atMs: number;
}

/** Scripts by packet: step lists by purpose, over those of a worker that does well. */
export type Scripts = Readonly<Record<string, Readonly<Record<string, readonly Plain[]>>>>;

/** The repository under another name of its folder. */
function renamed(repo: SandboxRepo, folder: string): SandboxRepo {
  const path = join(repo.root, folder);
  renameSync(repo.path, path);
  return {
    ...repo,
    path,
    git: (args, cwd = path) => repo.git(args, cwd),
    write: (to, content) => repo.write(resolve(path, to), content),
  };
}

/** A repository in which a scenario plays. */
export class Scenario {
  readonly repo: SandboxRepo;
  readonly registry: string;
  readonly witness: string;
  readonly #calls: CliCall[] = [];
  #files = 0;
  readonly #ids = new Set<string>();
  #scripted: { readonly scripts: Scripts; readonly more: Plain } | null = null;

  /** `folder`: the name of the repository's folder. */
  constructor(folder = 'repo') {
    this.repo = renamed(createSandboxRepo(), folder);
    this.registry = join(this.repo.path, '.pawl');
    this.witness = join(this.repo.root, 'witness');
  }

  get path(): string {
    return this.repo.path;
  }

  /** The config is what the repository's file says from now on. */
  config(config: Plain): void {
    this.#scripted = null;
    writeFileSync(join(this.path, 'pawl.config.json'), JSON.stringify(config));
  }

  /** A config with one scripted agent that follows `scripts` and leaves a witness at every start. */
  scripted(scripts: Scripts, more: Plain = {}): void {
    const tasks = Object.fromEntries(
      Object.entries({ ...this.#ownScripts(), ...scripts }).map(([id, steps]) => [
        id,
        witnessed(this.witness, { ...goodWork(id), ...steps }),
      ]),
    );
    const steps = { ...witnessed(this.witness, goodWork('any')), tasks };
    this.config({ agents: { worker: { kind: 'scripted', steps } }, verification: { allow: ALLOWED }, ...more });
    this.#scripted = { scripts, more };
  }

  /** One more agent in the config that was written last. */
  addAgent(name: string, agent: Plain): void {
    const path = join(this.path, 'pawl.config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as { readonly agents: Plain };
    writeFileSync(path, JSON.stringify({ ...config, agents: { ...config.agents, [name]: agent } }));
  }

  /** A packets file beside the repository. Returns its path. */
  packets(...packets: readonly unknown[]): string {
    this.#scriptFor(packets);
    this.#files += 1;
    const path = join(this.repo.root, `packets-${this.#files}.json`);
    writeFileSync(path, JSON.stringify({ packets }));
    return path;
  }

  #ownScripts(): Scripts {
    return Object.fromEntries([...this.#ids].map((id) => [id, {}]));
  }

  /** Whoever has no script of its own does good work below its own surface: runs side by side touch nothing of one another's. */
  #scriptFor(packets: readonly unknown[]): void {
    if (this.#scripted === null) return;
    const { scripts, more } = this.#scripted;
    for (const packet of packets) this.#ids.add(String((packet as Plain).task_id));
    this.scripted(scripts, more);
  }

  /** Calls pawl in the repository and returns how it ended. In a whole sweep every call is a process of its own. */
  call(...args: readonly string[]): Promise<CliEnd> {
    return this.callIn(this.path, {}, ...args);
  }

  /** The same in `cwd`, with `env` over the repository's environment. */
  callIn(cwd: string, env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<CliEnd> {
    if (IS_WHOLE) return this.startIn(cwd, env, ...args).ended;
    return callStanding({ cwd, env: { ...this.repo.environment, ...env }, args });
  }

  /** Calls pawl with --json and returns the document with the exit code. */
  async json<T = RunsDocument>(...args: readonly string[]): Promise<{ code: number | null; document: T; end: CliEnd }> {
    const end = await this.call(...args, '--json');
    if (end.code === 1) throw new Error(`a bug of ours: pawl ${args.join(' ')}\n${end.stdout}\n${end.stderr}`);
    return { code: end.code, document: documentOf<T>(end), end };
  }

  /** The call is under way in a process of its own, in the repository or in `cwd`. */
  start(...args: readonly string[]): CliCall {
    return this.startIn(this.path, {}, ...args);
  }

  startIn(cwd: string, env: NodeJS.ProcessEnv, ...args: readonly string[]): CliCall {
    const call = startPawl(cwd, { ...this.repo.environment, ...env }, args);
    this.#calls.push(call);
    return call;
  }

  /** Takes the packets in, drives them, returns the runs by their packets. */
  async run(
    packets: string,
    ...args: readonly string[]
  ): Promise<{ code: number | null; of(taskId: string): RunView }> {
    const { code, document } = await this.json('run', '--packets', packets, ...args);
    return { code, of: (taskId) => runOf(document, taskId) };
  }

  async status(taskId: string): Promise<RunView> {
    return runOf((await this.json('status')).document, taskId);
  }

  /** The run of that id or packet once it is so: looked at again when a journal has grown, for a look costs more than a wait. */
  async shownOnce(id: string, isSo: (run: RunView) => boolean): Promise<RunView> {
    for (;;) {
      const size = this.#journalBytes();
      const { runs } = (await this.json('status')).document;
      const run = runs.find(({ runId, taskId }) => runId === id || taskId === id);
      if (run !== undefined && isSo(run)) return run;
      await until(`a change of ${id}`, () => this.#journalBytes() !== size);
    }
  }

  #journalBytes(): number {
    const folder = join(this.registry, 'runs');
    const names = existsSync(folder) ? readdirSync(folder) : [];
    const sizeOf = (name: string) => statSync(this.runFile(name, 'events.jsonl'), { throwIfNoEntry: false })?.size ?? 0;
    return names.reduce((sum, name) => sum + sizeOf(name), 0);
  }

  /** Every worker that has started, in order. */
  starts(): WitnessLine[] {
    if (!existsSync(this.witness)) return [];
    // Whole lines only: a worker may be about to write its own.
    const lines = readFileSync(this.witness, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => {
      const [runId = '', taskId = '', , atMs = ''] = line.split(' ');
      return { runId, taskId, atMs: Number(atMs) };
    });
  }

  /** Tasks of that run whose worker has started, in order; one that started twice stands twice. */
  startsOf(runId: string): string[] {
    return this.starts()
      .filter((start) => start.runId === runId)
      .map((start) => start.taskId);
  }

  /** Pids of all that a worker of that run has started and that lives; run ids alone are the same in every repository. */
  workersOf(runId: string): number[] {
    return pidsOf(`PAWL_TASK_FILE=${this.runFile(runId)}/`);
  }

  runFile(runId: string, ...names: readonly string[]): string {
    return join(this.registry, 'runs', runId, ...names);
  }

  /** The records of a run's journal, unverified; without one that is just being written. */
  journal(runId: string): JournalRecord[] {
    const lines = readFileSync(this.runFile(runId, 'events.jsonl'), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as JournalRecord);
  }

  /** The artifact of that stage whose name begins so, parsed. */
  artifact(runId: string, stage: string, begin: string): Plain {
    const folder = this.runFile(runId, 'artifacts', stage);
    const name = readdirSync(folder).find((each) => each.startsWith(begin) && each.endsWith('.json'));
    if (name === undefined) throw new Error(`no ${begin} in ${readdirSync(folder).join(', ')}`);
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Plain;
  }

  /** Everything that was started is ended, the repository removed. */
  async end(): Promise<void> {
    for (const { child } of this.#calls)
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await endAllOf(this.repo.root);
    this.repo.remove();
  }
}
