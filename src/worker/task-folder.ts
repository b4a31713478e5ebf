/**
 * One task's folder as the runner reads it: request, registers, evidence, each verified before it is relied upon.
 *
 * Owns: reading them with their hashes, waiting for the folder to change. Does not own: what is done about them (engine/effects/supervise).
 *
 * Invariant: a register is made durable (its folder synced) before anything it says is journaled.
 */

import { join } from 'node:path';
import { isObject } from '../base/canonical-json.ts';
import { sha256 } from '../base/sha256.ts';
import { hintOf } from '../blockers/catalogue.ts';
import { PawlError } from '../model/error.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import { BOUNDS } from '../model/limits.ts';
import { type Answer, type Outcome, TASK_FILES, type TaskRequest } from '../model/request.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { ProcessesPort } from '../ports/processes.ts';
import type { Registers } from '../ports/registers.ts';
import type { TaskFacts } from '../run/recovery.ts';
import type { RegistryPaths } from '../store/registry-paths.ts';
import { parseRequest } from '../turn/task-files.ts';
import { observeTask, type TaskObservation } from './observe.ts';

/** What is needed to read a task's folder. */
export interface TaskPlace {
  readonly registers: Registers;
  readonly paths: RegistryPaths;
  readonly processes: ProcessesPort;
}

/** What is needed to wait for a folder to change. */
interface Watching {
  readonly registers: Registers;
  readonly clock: ClockPort;
}

/** A task's folder with its request, whose hash is that of the journal. */
export interface OpenedTask {
  readonly folder: string;
  readonly request: TaskRequest;
  readonly requestHash: string;
}

/** The task's request, whose bytes have the recorded hash. Throws PAWL_REGISTER_CONTRADICTION. */
export async function openTaskFolder(
  world: Omit<TaskPlace, 'processes'>,
  runId: string,
  taskId: string,
  requestHash: string,
): Promise<OpenedTask> {
  const folder = world.paths.task(runId, taskId);
  const bytes = await world.registers.read(join(folder, TASK_FILES.request));
  if (bytes === null) throw contradiction(folder, 'request.json is missing, which the journal names');
  if (sha256(bytes) !== requestHash) throw contradiction(folder, 'request.json does not match the journal');
  const parsed = parseRequest(bytes);
  if (!parsed.ok) throw contradiction(folder, `request.json: ${parsed.reason}`);
  return { folder, request: parsed.value, requestHash };
}

/** What is known about the task now. Throws PAWL_REGISTER_CONTRADICTION when its files contradict each other. */
export async function observe(world: TaskPlace, task: OpenedTask): Promise<TaskObservation> {
  const seen = await observeTask(world.registers, world.processes, task.folder, task.request, task.requestHash);
  const [first] = seen.contradictions;
  if (first !== undefined) throw contradiction(task.folder, seen.contradictions.join('; '));
  return seen;
}

/** An observation as the recovery table reads it. */
export function factsOf(seen: TaskObservation): TaskFacts {
  return {
    claim: seen.claim === null ? 'none' : seen.claim.value.kind,
    host: seen.host,
    hasAgent: seen.agent !== null,
    tree: seen.tree,
    hasOutcome: seen.outcome !== null,
  };
}

/** The answer that an outcome names, its bytes verified; null when it names none. Throws PAWL_ARTIFACT_DAMAGED. */
export async function readCompletion(
  world: Pick<TaskPlace, 'registers'>,
  folder: string,
  outcome: Outcome,
): Promise<Answer | null> {
  if (outcome.completion === null) return null;
  const path = join(folder, TASK_FILES.completion);
  const bytes = await world.registers.read(path, BOUNDS.answerBytes * 2);
  if (bytes === null || sha256(bytes) !== outcome.completion.sha256) {
    throw damaged('PAWL_ARTIFACT_DAMAGED', path, 'its content does not match the hash in the outcome');
  }
  const answer: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isObject(answer)) throw damaged('PAWL_ARTIFACT_DAMAGED', path, 'it is not an answer');
  return answer as object as Answer;
}

/** Resolves when something in `folder` may have changed, after `pollMs` at the latest, or when `signal` aborts. */
export function folderChange(world: Watching, folder: string, signal: AbortSignal, pollMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = (): void => {
      endWatch();
      endTimer();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const endWatch = world.registers.watch(folder, finish);
    const endTimer = world.clock.timer(pollMs, finish);
    signal.addEventListener('abort', finish, { once: true });
  });
}

/** The error of files that contradict each other: the run is set aside. */
export function contradiction(subject: string, detail: string): PawlError {
  return damaged('PAWL_REGISTER_CONTRADICTION', subject, detail);
}

function damaged(code: ErrorCode, subject: string, detail: string): PawlError {
  return new PawlError({
    code,
    message: `${subject}: ${detail}`,
    subject,
    hint: hintOf(code),
  });
}
