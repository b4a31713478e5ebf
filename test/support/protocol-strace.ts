/**
 * A real worker host under strace(1), and what it and its worker did, in the words of the modelled protocol.
 *
 * Owns: running it, killing it at a system call, reading the trace. Does not own: judging the steps (protocol-admits).
 *
 * An act that must come after something is placed where its call begins, one that others must come after where its call ends: so an order
 * that is read from the trace is one that really was.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../../src/base/sha256.ts';
import { TASK_FILES, type TaskRequest } from '../../src/model/request.ts';
import { encodeRequest } from '../../src/turn/task-files.ts';

const HOST_MAIN = fileURLToPath(new URL('../../dist/src/host/main.js', import.meta.url));
const CALLS = 'link,fsync,write,execve,kill,clone,clone3,fork,vfork';

/** True where a process may be traced. */
export const hasStrace =
  spawnSync('strace', ['-f', '-y', '-e', 'trace=none', 'true'], { stdio: 'ignore' }).status === 0;

/** What the host of one trace is to run, and where it is killed. */
export interface TracedTask {
  /** The worker: a shell script. */
  readonly script: string;
  readonly deadlineMs?: number;
  /** The host gets SIGKILL as it begins its `when`-th call of that name. */
  readonly killAt?: { readonly call: 'link' | 'fsync'; readonly when: number };
}

/** A task in `folder`, its request on disk; returns its folder and the request's hash. */
export function writeTask(folder: string, { script, deadlineMs = 30_000 }: TracedTask): readonly [string, string] {
  const taskFolder = join(folder, 'task');
  const worktree = join(folder, 'worktree');
  for (const path of [taskFolder, worktree]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const request: TaskRequest = {
    v: 1,
    runId: 'run_traced',
    taskId: 'traced',
    purpose: 'implementation',
    epoch: 0,
    attempt: 1,
    nonce: 'traced',
    key: 'run_traced/1.0:startHost',
    agent: 'traced',
    argv: ['sh', '-c', script],
    cwd: worktree,
    envNames: [],
    env: {},
    mark: `traced-${sha256(folder).slice(0, 12)}`,
    completionFile: join(worktree, '.pawl-task', 'answer.json'),
    completion: 'file',
    isolation: 'none',
    hasTreeLock: true,
    limits: { deadlineMs, stallMs: 30_000, graceMs: 500, outputBytesMax: 1_000_000 },
    recordsTree: false,
    task: {},
  };
  const bytes = encodeRequest(request);
  writeFileSync(join(taskFolder, TASK_FILES.request), bytes);
  return [taskFolder, sha256(bytes)];
}

/** The steps of one host and its tree, in order, once all of them have ended. */
export async function traceHost(folder: string, task: TracedTask): Promise<readonly string[]> {
  const [taskFolder, requestHash] = writeTask(folder, task);
  const trace = join(folder, 'trace');
  const kill =
    task.killAt === undefined ? [] : ['-e', `inject=${task.killAt.call}:signal=SIGKILL:when=${task.killAt.when}`];
  const host = [process.execPath, HOST_MAIN, taskFolder, requestHash];
  const tracer = spawn('strace', ['-f', '-y', '-e', `trace=${CALLS}`, ...kill, '-o', trace, ...host], {
    stdio: 'ignore',
    // One thread syncs: strace(1) counts the calls of each thread by itself.
    env: { ...process.env, PATH: '/usr/bin:/bin', UV_THREADPOOL_SIZE: '1' },
  });
  await new Promise<void>((resolve, reject) => {
    tracer.once('error', reject);
    tracer.once('exit', () => resolve());
  });
  if (!existsSync(trace)) throw new Error('strace has written nothing');
  return stepsIn(readFileSync(trace, 'utf8'), taskFolder);
}

/** One system call, or the end of a process. */
interface Call {
  readonly pid: number;
  readonly text: string;
  /** Null when the process died in it. */
  readonly result: string | null;
  readonly begun: number;
  readonly done: number;
}

function callsIn(trace: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<number, { text: string; begun: number }>();
  trace.split('\n').forEach((line, index) => {
    const [, pidText, rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (pidText === undefined || rest.startsWith('---')) return;
    const pid = Number(pidText);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const before = resumed === null ? undefined : open.get(pid);
    if (rest.endsWith('<unfinished ...>')) {
      open.set(pid, { text: rest.slice(0, -'<unfinished ...>'.length), begun: index });
      return;
    }
    open.delete(pid);
    const text = before === undefined ? rest : before.text + (resumed?.[1] ?? '');
    const result = /\)\s+= (-?\w+|\?)[^=]*$/.exec(text)?.[1] ?? null;
    calls.push({ pid, text, result: result === '?' ? null : result, begun: before?.begun ?? index, done: index });
  });
  for (const [pid, { text, begun }] of open) calls.push({ pid, text, result: null, begun, done: begun });
  return calls;
}

/** The steps that a trace shows, in the names of the model. */
export function stepsIn(trace: string, taskFolder: string): readonly string[] {
  const calls = callsIn(trace).sort((a, b) => a.begun - b.begun);
  const reader = new TraceReader(calls, taskFolder);
  for (const call of calls) reader.take(call);
  return reader.steps();
}

/** Follows the processes of one trace: the host, its gate that becomes the worker, a grandchild, the helpers that probe the lock. */
class TraceReader {
  readonly #host: number;
  /** The host's own threads, its main one among them. */
  readonly #threads: Set<number>;
  readonly #taskFolder: string;
  readonly #found: { readonly at: number; readonly name: string }[] = [];
  #gate: number | null = null;
  #isWorker = false;
  #grandchild: number | null = null;
  /** Where the host's call begins from which it did not come back. */
  #lastBegun = 0;
  readonly #probes = new Set<number>();
  readonly #killed = new Set<number>();
  #unsynced: 'its claim' | 'agent.json' | 'the outcome' | null = null;

  constructor(calls: readonly Call[], taskFolder: string) {
    this.#host = calls[0]?.pid ?? 0;
    this.#threads = new Set([this.#host]);
    this.#taskFolder = taskFolder;
  }

  steps(): readonly string[] {
    const names = this.#found.sort((a, b) => a.at - b.at).map(({ name }) => name);
    // A sweep that is done twice, and signals to one process after the other, are one step of the model.
    return names.filter((name, index) => name !== names[index - 1]);
  }

  take(call: Call): void {
    if (call.text.startsWith('+++')) this.#end(call);
    else if (call.result === null) this.#lastBegun = this.#threads.has(call.pid) ? call.begun : this.#lastBegun;
    else if (call.result.startsWith('-')) return;
    else if (call.text.startsWith('execve(')) this.#exec(call);
    else if (this.#threads.has(call.pid)) this.#hostCall(call);
    else if (call.pid === this.#gate && this.#isWorker && /^(clone3?|v?fork)\(/.test(call.text)) {
      this.#grandchild = Number(call.result);
      this.#say(call.done, 'worker 0: starts a grandchild');
    }
  }

  #say(at: number, name: string): void {
    this.#found.push({ at, name });
  }

  #hostCall({ text, begun, done, result }: Call): void {
    if (text.includes('CLONE_THREAD')) this.#threads.add(Number(result));
    const linked = /^link\("[^"]*", "([^"]*)"\)/.exec(text)?.[1];
    if (linked === join(this.#taskFolder, TASK_FILES.claim)) this.#linked(done, 'links claim', 'its claim');
    if (linked === join(this.#taskFolder, TASK_FILES.agent)) this.#linked(done, 'links agent.json', 'agent.json');
    if (linked === join(this.#taskFolder, TASK_FILES.outcome)) this.#linked(begun, 'links outcome', 'the outcome');
    if (text.startsWith('fsync(') && text.includes(`<${this.#taskFolder}>`) && this.#unsynced !== null) {
      this.#say(done, `host 0: syncs ${this.#unsynced}`);
      this.#unsynced = null;
    }
    if (/^write\(.*"go\\n"/.test(text)) this.#say(begun, 'host 0: opens the gate');
    const killed = /^kill\((\d+), SIG(TERM|KILL)\)/.exec(text)?.[1];
    if (killed === undefined) return;
    this.#killed.add(Number(killed));
    this.#say(begun, 'host 0: kills what it has seen of the tree');
  }

  #linked(at: number, does: string, what: 'its claim' | 'agent.json' | 'the outcome'): void {
    this.#say(at, `host 0: ${does}`);
    this.#unsynced = what;
  }

  #exec({ pid, text, done }: Call): void {
    if (pid === this.#gate && !this.#isWorker) {
      this.#isWorker = true;
      this.#say(done, 'gate 0: becomes the worker');
    } else if (text.includes('"gate"')) {
      this.#gate = pid;
      this.#say(done, 'host 0: spawns the gate');
    } else if (text.includes('["flock", "-n"')) this.#probes.add(pid);
  }

  #end({ pid, text, done }: Call): void {
    if (pid === this.#host && text.includes('exited')) this.#say(done, 'host 0: exits');
    if (pid === this.#host && text.includes('killed')) this.#say(this.#lastBegun, 'crash: host 0');
    // A probe that finds the lock held ends the look as a seen member does: the model has no step for it.
    if (this.#probes.has(pid) && text.includes('exited with 0')) this.#say(done, 'host 0: looks at the tree (lock)');
    if (this.#killed.has(pid)) return;
    if (pid === this.#grandchild) this.#say(done, 'grandchild 0: exits');
    if (pid === this.#gate) this.#say(done, this.#isWorker ? 'worker 0: exits' : 'gate 0: ends, its pipe is closed');
  }
}
