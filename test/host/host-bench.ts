/**
 * A bench for worker hosts: tasks in a folder of their own, real hosts, and nothing left running afterwards.
 *
 * Owns: making requests, waiting for facts, ending whatever a test has started. Does not own: what is tested.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { linuxProcesses } from '../../src/adapters/processes/linux.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { ProcessIdentity } from '../../src/base/process-identity.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { type AgentRecord, type Outcome, TASK_FILES, type TaskRequest } from '../../src/model/request.ts';
import type { HostProcessesPort } from '../../src/ports/processes.ts';
import { Files } from '../../src/store/files.ts';
import { encodeRequest, parseAgentRecord, parseOutcome } from '../../src/turn/task-files.ts';
import { endTree } from '../../src/worker/ending.ts';
import { type Told, toldOutcome } from '../support/told-ends.ts';
import { builtPath } from './built.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORKERS = join(ROOT, 'test/fixtures/workers');

/** True where unprivileged PID namespaces are allowed. */
export const hasNamespaces =
  spawnSync('unshare', ['--user', '--map-current-user', '--pid', '--fork', '--mount-proc', 'true']).status === 0;

/** A task on the bench, its request on disk. */
export interface BenchTask {
  readonly request: TaskRequest;
  readonly requestHash: string;
  readonly taskFolder: string;
  readonly worktree: string;
  /** A file outside of the worktree where the worker notes what it did. */
  readonly witness: string;
}

/** What a test wants to be different from a plain task. */
export type TaskOverrides = Partial<Omit<TaskRequest, 'limits' | 'argv'>> & {
  readonly limits?: Partial<TaskRequest['limits']>;
  /** The fixture's name and its arguments after the witness. */
  readonly worker?: readonly string[];
  readonly argv?: readonly string[];
};

/** A folder, and all that a test has started in it. */
export class HostBench {
  readonly files = new Files(nodeFs, systemClock);
  readonly folder: string;
  readonly hostMain: string;
  readonly processes: HostProcessesPort;
  readonly #tasks: BenchTask[] = [];
  readonly #hosts: ProcessIdentity[] = [];

  constructor() {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-host-')));
    this.hostMain = builtPath('src/host/main.ts');
    this.processes = linuxProcesses(this.hostMain);
  }

  /** A task with its request on disk, in a git worktree of its own. */
  task(overrides: TaskOverrides = {}): BenchTask {
    const id = `task-${this.#tasks.length}-${randomBytes(4).toString('hex')}`;
    const taskFolder = join(this.folder, id);
    const worktree = join(this.folder, `${id}-worktree`);
    const witness = join(this.folder, `${id}-witness`);
    mkdirSync(taskFolder, { mode: 0o700 });
    this.#makeRepository(worktree);
    const { worker = ['answers'], argv, limits, ...rest } = overrides;
    const [fixture = 'answers', ...args] = worker;
    const request: TaskRequest = {
      v: 1,
      runId: 'run_bench',
      taskId: id,
      purpose: 'implementation',
      epoch: 1,
      attempt: 1,
      nonce: randomBytes(16).toString('hex'),
      key: `run_bench/1.0:startHost`,
      agent: 'bench',
      argv: argv ?? [process.execPath, join(WORKERS, `${fixture}.mjs`), ...(args.length > 0 ? args : [witness])],
      cwd: worktree,
      envNames: [],
      env: {},
      mark: `bench-${id}`,
      completionFile: join(worktree, '.pawl-task', 'answer.json'),
      completion: 'file',
      isolation: 'none',
      hasTreeLock: true,
      recordsTree: true,
      task: { goal: 'bench' },
      ...rest,
      limits: { deadlineMs: 60_000, stallMs: 60_000, graceMs: 1_000, outputBytesMax: 1024 * 1024, ...limits },
    };
    const bytes = encodeRequest(request);
    writeFileSync(join(taskFolder, TASK_FILES.request), bytes);
    const task = { request, requestHash: sha256(bytes), taskFolder, worktree, witness };
    this.#tasks.push(task);
    return task;
  }

  /** Each is a copy of the first one: making that takes git three times. */
  #makeRepository(worktree: string): void {
    const first = join(this.folder, 'first-worktree');
    if (!existsSync(first)) makeRepository(first);
    cpSync(first, worktree, { recursive: true, preserveTimestamps: true });
  }

  /** Starts a host as the runner does. */
  start(task: BenchTask): ProcessIdentity | null {
    const host = this.processes.startHost(task);
    if (host !== null) this.own(host);
    return host;
  }

  /** A process to be ended with the bench. */
  own(process: ProcessIdentity): void {
    this.#hosts.push(process);
  }

  /** Runs the task to its outcome. */
  async run(task: BenchTask): Promise<Outcome & Told> {
    this.start(task);
    return this.outcome(task);
  }

  async outcome(task: BenchTask): Promise<Outcome & Told> {
    const path = join(task.taskFolder, TASK_FILES.outcome);
    await waitFor(
      `the outcome of ${task.taskFolder}`,
      () => existsSync(path),
      25_000,
      () => this.log(task),
    );
    const parsed = parseOutcome(readFileSync(path));
    if (!parsed.ok) throw new Error(parsed.reason);
    return toldOutcome(parsed.value);
  }

  agent(task: BenchTask): AgentRecord | null {
    const path = join(task.taskFolder, TASK_FILES.agent);
    if (!existsSync(path)) return null;
    const parsed = parseAgentRecord(readFileSync(path));
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.value;
  }

  log(task: BenchTask): string {
    return textOf(join(task.taskFolder, 'host.log'));
  }

  handle(task: BenchTask) {
    const lockFile = join(task.taskFolder, TASK_FILES.treeLock);
    return { mark: task.request.mark, lockFile, worker: this.agent(task)?.worker ?? null, isNamespaced: false };
  }

  /** Ends everything that was started, by identity: hosts first, then the trees. */
  async end(): Promise<void> {
    for (const host of this.#hosts) this.processes.signal(host, 'SIGKILL');
    await waitFor('the hosts to be gone', () => this.#hosts.every((host) => this.processes.life(host) !== 'alive'));
    for (const task of this.#tasks) {
      const end = await endTree(this.processes, systemClock, this.handle(task), { graceMs: 0, killMs: 10_000 });
      if (!end.isGone) throw new Error(`left over by ${task.taskFolder}: ${JSON.stringify(end)}`);
    }
    this.#hosts.length = 0;
    this.#tasks.length = 0;
  }

  /** Ends everything and removes the folders. */
  async close(): Promise<void> {
    try {
      await this.end();
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

/** The lines of a file, none when it is absent. */
export function linesOf(path: string): string[] {
  return textOf(path)
    .split('\n')
    .filter((line) => line !== '');
}

/** The text of a file, empty when it is absent. */
export function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Returns once the fact holds; throws, with what `explain` says, when it does not within the bound. */
export async function waitFor(
  what: string,
  holds: () => boolean,
  boundMs = 15_000,
  explain: () => string = () => '',
): Promise<void> {
  const endMs = performance.now() + boundMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`waited ${boundMs} ms in vain for ${what}\n${explain()}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

function makeRepository(worktree: string): void {
  mkdirSync(worktree);
  writeFileSync(join(worktree, 'README.md'), 'bench\n');
  const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.invalid'];
  for (const args of [
    ['init', '-q'],
    ['add', '.'],
    [...identity, 'commit', '-q', '-m', 'start'],
  ]) {
    const done = spawnSync('git', args, { cwd: worktree, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr}`);
  }
  writeFileSync(join(worktree, '.git/info/exclude'), '.pawl-task/\n');
}
