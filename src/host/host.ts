/**
 * The worker host: runs one task once, and writes how it ended.
 *
 * Owns: the order of the host's steps (design 5, rules 1 to 9). Does not own: each step (host/gate, host/watch, worker/ending, worker/outcome).
 *
 * Invariants (L3): 1. Only the host whose claim stands starts anything. 2. The gate opens after the worker's identity is durable, or never.
 * 3. No outcome while anything of the tree is left, or cannot be judged.
 */
import { join } from 'node:path';
import { sha256 } from '../base/sha256.ts';
import { type Obstacle, said } from '../model/blocker.ts';
import { PawlError } from '../model/error.ts';
import { ERROR_CODES, EXIT } from '../model/error-codes.ts';
import { BOUNDS } from '../model/limits.ts';
import { type AgentRecord, TASK_FILES, type TaskRequest } from '../model/request.ts';
import type { TurnRequest } from '../model/turn.ts';
import type { AdapterTable } from '../ports/agent-adapter.ts';
import type { GatedWorker, WorkerExit } from '../ports/gate.ts';
import type { HostProcessesPort } from '../ports/processes.ts';
import type { Files } from '../store/files.ts';
import { linkRegister, readRegister } from '../store/register.ts';
import { systemFailure } from '../store/store-errors.ts';
import type { ForcedEnd } from '../turn/conclusion.ts';
import { encode, encodeAgentRecord, encodeClaim, parseRequest } from '../turn/task-files.ts';
import { activityOf } from '../worker/activity.ts';
import { prepareAnswerFile } from '../worker/answer-file.ts';
import { endTree, graceFor, pause } from '../worker/ending.ts';
import { hideInstructions } from '../worker/instructions.ts';
import { treeHandle } from '../worker/observe.ts';
import { settleOutcome, type Worktrees } from '../worker/outcome.ts';
import { TurnFollower } from '../worker/turn-output.ts';
import { workerEnvironment } from './environment.ts';
import { spawnGate } from './gate.ts';
import { startHeartbeat } from './heartbeat.ts';
import { watchWorker } from './watch.ts';

/** The ports that a host works with. */
export interface HostParts {
  readonly files: Files;
  readonly processes: HostProcessesPort;
  readonly worktrees: Worktrees;
  /** The host's own environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves when the host is told to stop. */
  readonly stopped: Promise<void>;
  readonly log: (line: string) => void;
  /** How the output of each kind of coding agent is read. */
  readonly adapterOf: AdapterTable;
}

/** The task that a host was started for. */
export interface HostTask {
  readonly taskFolder: string;
  readonly requestHash: string;
}

/** Exit codes of a host; nobody decides by them, they are for people. */
const HOST_EXIT = { done: 0, contradiction: 2 } as const;

/** How a worker came to its end, as the host saw it. */
interface WorkerEnd {
  readonly exit: WorkerExit | null;
  readonly forced: ForcedEnd | null;
  readonly agent: AgentRecord | null;
  readonly obstacle?: Obstacle;
}

/** Runs the task, unless it is another host's; returns the exit code. */
export async function runHost(parts: HostParts, task: HostTask): Promise<number> {
  const { files, processes, log } = parts;
  const request = readRequest(parts, task);
  if (request === null) return HOST_EXIT.contradiction;
  const nonce = files.clock.nonce();
  const { requestHash, taskFolder } = task;
  const claim = encodeClaim({
    v: 1,
    kind: 'host',
    requestHash,
    nonce,
    host: processes.self(),
    atMs: files.clock.nowMs(),
  });
  if (!(await linkRegister(files, join(taskFolder, TASK_FILES.claim), claim)).isWinner) {
    log('the task is claimed already: nothing to do');
    return HOST_EXIT.done;
  }
  const stopHeartbeat = startHeartbeat(files, join(taskFolder, TASK_FILES.heartbeat), log);
  try {
    const end = await runWorkerOrClear(parts, task, request, nonce);
    await sweep(parts, task, request, end.agent);
    const { isWinner } = await settleOutcome({
      files,
      worktrees: parts.worktrees,
      taskFolder,
      request,
      requestHash,
      by: 'host',
      nonce,
      exit: end.exit,
      forced: end.forced,
      // The host saw every end that it settles; this only concerns a worker whose exit it never received.
      orphanResult: 'interrupted',
      startedAtMs: end.agent?.startedAtMs ?? null,
      log,
      adapterOf: parts.adapterOf,
      ...(end.obstacle === undefined ? {} : { obstacle: end.obstacle }),
    });
    if (!isWinner) log('another outcome stands already; ours lies in late/');
    return HOST_EXIT.done;
  } finally {
    stopHeartbeat();
  }
}

function readRequest(parts: HostParts, task: HostTask): TaskRequest | null {
  const path = join(task.taskFolder, TASK_FILES.request);
  const bytes = readRegister(parts.files, path);
  if (bytes === null || sha256(bytes) !== task.requestHash) {
    parts.log(`${path} is not the request that this host was started for`);
    return null;
  }
  const parsed = parseRequest(bytes);
  if (parsed.ok) return parsed.value;
  parts.log(`${path} cannot be run: ${parsed.reason}`);
  return null;
}

/** What is recorded of a worker so far. */
interface OnRecord {
  agent: AgentRecord | null;
}

/** Like runWorker; a disk that fails meanwhile, or a git that is killed, ends the worker completely and is reported as the reason. */
async function runWorkerOrClear(
  parts: HostParts,
  task: HostTask,
  request: TaskRequest,
  nonce: string,
): Promise<WorkerEnd> {
  const onRecord: OnRecord = { agent: null };
  try {
    return await runWorker(parts, task, request, nonce, onRecord);
  } catch (error) {
    const failure = systemFailure(error);
    parts.log(`ending the worker: ${failure instanceof Error ? failure.message : String(failure)}`);
    await sweep(parts, task, request, onRecord.agent);
    // After a failed sync nothing in this process's memory may be relied upon; any other error that is not a refusal by the system is our bug.
    const isRefused = failure instanceof PawlError && ERROR_CODES[failure.code] === EXIT.refused;
    if (!isRefused || failure.code === 'PAWL_STORE_SYNC_FAILED') throw error;
    return { exit: null, forced: 'interrupted', agent: onRecord.agent, obstacle: said(failure.message) };
  }
}

/** Starts the worker in two phases and returns when it has exited or has to be ended. */
async function runWorker(
  parts: HostParts,
  task: HostTask,
  request: TaskRequest,
  nonce: string,
  onRecord: OnRecord,
): Promise<WorkerEnd> {
  const { files } = parts;
  const { taskFolder } = task;
  await files.writeDurable(join(taskFolder, TASK_FILES.task), encode(request.task));
  if (request.turn !== undefined) await writeTurnFiles(files, taskFolder, request.turn);
  const obstacle =
    prepareAnswerFile(files.fs, request) ?? (await hideInstructions(parts.worktrees, request, taskFolder));
  if (obstacle !== null) return notStarted(obstacle);
  const env = workerEnvironment(request, taskFolder, parts.env);
  const gate = await spawnGate(files, parts.processes, request, taskFolder, env);
  if (gate.kind === 'failed') return notStarted(gate.obstacle);
  const agent = await recordWorker(parts, task, request, nonce, gate.worker);
  if (agent === null) return notStarted('it ended before it could be recorded');
  onRecord.agent = agent;
  const { exited } = gate.worker;
  gate.worker.open();
  const turn =
    request.turn === undefined ? null : new TurnFollower(files, taskFolder, await parts.adapterOf(request.turn.kind));
  const activity = activityOf(parts.processes, files.fs, treeHandle(taskFolder, request, agent), request);
  const watch = { exited, stopped: parts.stopped, turn, activity };
  const seen = await watchWorker(watch, request, taskFolder, files.fs, files.clock);
  if (seen.exit !== null) return { ...seen, agent };
  // Its tree is searched for afterwards: until then it would continue writing.
  if (seen.forced === 'outputLimit') parts.processes.signal(agent.worker, 'SIGKILL');
  parts.log(`ending the worker: ${seen.forced}`);
  await sweep(parts, task, request, agent, seen.forced);
  // The tree is gone: its exit only has to arrive.
  const exit = await Promise.race([exited, pause(files.clock, BOUNDS.killMs).then(() => null)]);
  return { exit, forced: seen.forced, agent, ...(seen.obstacle === undefined ? {} : { obstacle: seen.obstacle }) };
}

/** The files for the agent: its prompt, what its command line names, and the schema of its answer. */
async function writeTurnFiles(files: Files, taskFolder: string, turn: TurnRequest): Promise<void> {
  await files.writeDurable(join(taskFolder, TASK_FILES.prompt), new TextEncoder().encode(turn.prompt));
  if (turn.files !== undefined) {
    const folder = join(taskFolder, TASK_FILES.agentFiles);
    await files.ensureFolders([folder]);
    for (const [name, text] of Object.entries(turn.files))
      await files.writeDurable(join(folder, name), new TextEncoder().encode(text));
  }
  if (turn.answerSchema === null) return;
  await files.writeDurable(join(taskFolder, TASK_FILES.answerSchema), encode(turn.answerSchema));
}

/** The worker's identity, made durable; null, with the gate shut for ever, when that failed. */
async function recordWorker(
  parts: HostParts,
  task: HostTask,
  request: TaskRequest,
  nonce: string,
  worker: GatedWorker,
): Promise<AgentRecord | null> {
  try {
    const identity = parts.processes.identify(worker.pid);
    if (identity === null) {
      worker.abandon();
      return null;
    }
    const agent: AgentRecord = {
      v: 1,
      requestHash: task.requestHash,
      nonce,
      worker: identity,
      isNamespaced: request.isolation === 'pidNamespace',
      mark: request.mark,
      sessionId: request.turn?.session.id ?? null,
      startedAtMs: parts.files.clock.nowMs(),
      startedMonotonicMs: parts.files.clock.monotonicMs(),
    };
    const path = join(task.taskFolder, TASK_FILES.agent);
    if ((await linkRegister(parts.files, path, encodeAgentRecord(agent))).isWinner) return agent;
    throw new Error(`bug: ${path} has a first value although the claim is ours`);
  } catch (error) {
    worker.abandon();
    throw error;
  }
}

/**
 * Nothing of the tree is left. Throws PAWL_WORKER_SURVIVORS when that cannot be achieved in BOUNDS.hostSweepMs: no outcome while something
 * lives, so this host exits, and the runner that finds it dead checks what is left, and asks a person.
 */
async function sweep(
  parts: HostParts,
  task: HostTask,
  request: TaskRequest,
  agent: AgentRecord | null,
  forced: ForcedEnd | null = null,
): Promise<void> {
  const { clock } = parts.files;
  const handle = treeHandle(task.taskFolder, request, agent);
  const endMs = clock.monotonicMs() + BOUNDS.hostSweepMs;
  for (;;) {
    const end = await endTree(parts.processes, clock, handle, {
      graceMs: graceFor(forced, request.limits.graceMs),
      killMs: BOUNDS.killMs,
      onSignal: (signal, member) => parts.log(`${signal} to ${member.pid}`),
    });
    if (end.isGone) return;
    const pids = end.survivors.map((member) => member.pid);
    const left = `left: ${pids.join(' ') || '-'}; unknown: ${end.unknown.join(' ') || '-'}; lock held: ${end.isLocked ?? 'unknown'}`;
    parts.log(left);
    if (clock.monotonicMs() >= endMs) throw survivors(task, left);
    await pause(clock, BOUNDS.hostSweepPauseMs);
  }
}

function survivors({ taskFolder }: HostTask, left: string): PawlError {
  return new PawlError({
    code: 'PAWL_WORKER_SURVIVORS',
    message: `part of the worker's tree could not be ended: ${left}`,
    subject: taskFolder,
    hint: 'End it yourself; the next pawl run checks it again.',
    kind: 'needsHuman',
  });
}

function notStarted(obstacle: string): WorkerEnd {
  return { exit: null, forced: 'notStarted', agent: null, obstacle: said(obstacle) };
}
