/**
 * What a worker of ours is told about its task: the environment variables and the task file.
 *
 * Owns: reading them plainly (no zod: workers must start fast). Does not own: setting them (engine), what the worker does.
 */
import { readFileSync } from 'node:fs';
import { isObject } from '../../base/canonical-json.ts';
import { PURPOSES, type Purpose } from '../../model/limits.ts';

/** A task as its worker is told about it. */
export interface WorkerTask {
  readonly runId: string;
  readonly taskId: string;
  readonly purpose: Purpose;
  readonly epoch: number;
  readonly attempt: number;
  readonly taskFile: string;
  readonly completionFile: string;
}

/** The worker was started without what it needs to know; its message says what. */
export class WorkerTaskError extends Error {}

/** The task that `env` describes. Throws WorkerTaskError. */
export function workerTaskOf(env: Readonly<Record<string, string | undefined>>): WorkerTask {
  const text = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '') throw new WorkerTaskError(`${name} is not set`);
    return value;
  };
  const ordinal = (name: string): number => {
    const value = Number(text(name));
    if (!Number.isSafeInteger(value) || value < 0) throw new WorkerTaskError(`${name} must be a non-negative integer`);
    return value;
  };
  const purpose = PURPOSES.find((known) => known === env.PAWL_PURPOSE);
  if (purpose === undefined) throw new WorkerTaskError(`PAWL_PURPOSE is not one of ${PURPOSES.join(', ')}`);
  return {
    runId: text('PAWL_RUN_ID'),
    taskId: text('PAWL_TASK_ID'),
    purpose,
    epoch: ordinal('PAWL_EPOCH'),
    attempt: ordinal('PAWL_ATTEMPT'),
    taskFile: text('PAWL_TASK_FILE'),
    completionFile: text('PAWL_COMPLETION_FILE'),
  };
}

/** The content of the task file. Throws WorkerTaskError. */
export function readTaskFile(path: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new WorkerTaskError(`the task file ${path} cannot be read`, { cause: error });
  }
  if (!isObject(document)) throw new WorkerTaskError(`the task file ${path} contains no object`);
  return document;
}
