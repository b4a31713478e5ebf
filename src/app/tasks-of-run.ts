/**
 * The tasks of a run, as their files have them.
 *
 * Owns: their order, what of each is of use to whoever reads its output. Does not own: the form of ids (machines/run/context), which task a person means
 * (cli/task-argument), the output itself (app/reading-output).
 *
 * Invariants: 1. Read from files alone, also of a run that is set aside: of a journal that is damaged, what can be read counts, and folders that hold
 * output. 2. Nothing that a worker was told is in it: no prompt, no environment.
 */
import { join } from 'node:path';
import { type Place, quickView, recordsOf } from '../engine/run-look.ts';
import { BOUNDS } from '../model/limits.ts';
import { type Outcome, TASK_FILES, type TaskRequest } from '../model/request.ts';
import type { TurnRequest } from '../model/turn.ts';
import { isSafeName } from '../store/registry-paths.ts';
import { parseRequest, parseShownOutcome } from '../turn/task-files.ts';
import { isRevoked, type StreamName, type TaskName } from './reading-output.ts';

/** An amount of what an agent uses. */
export interface Charge {
  readonly tokens: number;
  readonly usd: number;
}

/** Of the request of a task, what its output is read with. `turn`: null of a worker that is not a coding agent. */
export interface LoggedRequest extends Pick<TaskRequest, 'purpose' | 'epoch' | 'attempt' | 'agent' | 'cwd'> {
  readonly turn: Pick<TurnRequest, 'kind' | 'session' | 'usedBefore'> | null;
}

/** How a task ended. `estimated`: what its agent is charged with beyond what it has reported. */
export interface LoggedOutcome extends Pick<Outcome, 'result' | 'exitCode' | 'signal' | 'startedAtMs' | 'endedAtMs'> {
  readonly estimated: Charge | null;
}

/** What is known of a task besides its output. */
export interface LoggedTask extends TaskName {
  /** Null: it cannot be read. */
  readonly request: LoggedRequest | null;
  /** Null: the task has not ended, was given up before its start, or its outcome cannot be read. */
  readonly outcome: LoggedOutcome | null;
  /** It was given up before any worker was started. */
  readonly isRevoked: boolean;
  /** It has neither an outcome nor been given up. */
  readonly isOpen: boolean;
  /** How much it has printed. */
  readonly bytes: Readonly<Record<StreamName, number>>;
}

/** The tasks of a run, in the order in which they were requested. */
export interface LoggedTasks {
  /** The run has ended. */
  readonly hasEnded: boolean;
  /** There will be no further task: the run has ended, is set aside, or is gone. */
  readonly isOver: boolean;
  readonly tasks: readonly LoggedTask[];
}

/** The tasks of a run as its files have them now. */
export function tasksInFiles(place: Place, runId: string): LoggedTasks {
  const { files, paths } = place;
  // Looked at before the tasks are listed: those that are found then are all that there will be.
  const kind = quickView(place, runId)?.kind;
  const isOver = kind === 'terminal' || kind === 'quarantined' || !files.exists(paths.run(runId));
  return { hasEnded: kind === 'terminal', isOver, tasks: tasksOf(place, runId) };
}

/** The tasks, in the order in which they were requested. */
export function tasksOf(place: Place, runId: string): readonly LoggedTask[] {
  const { files, paths } = place;
  const requested = recordsOf(place, runId).flatMap(({ event }) => {
    return event.type === 'taskRequested' && isSafeName(event.taskId) ? [event.taskId] : [];
  });
  const others = files
    .listNames(paths.tasks(runId))
    .filter((name) => isSafeName(name) && !requested.includes(name) && hasOutput(place, { runId, taskId: name }));
  return [...others, ...new Set(requested)]
    .filter((id) => isFolder(place, runId, id))
    .map((taskId) => taskInFiles(place, { runId, taskId }));
}

/** One task as its files have it now. */
export function taskInFiles(place: Place, { runId, taskId }: TaskName): LoggedTask {
  const { files, paths } = place;
  const folder = paths.task(runId, taskId);
  const given = isRevoked(files, folder);
  return {
    runId,
    taskId,
    request: requestIn(place, folder),
    outcome: outcomeIn(place, folder),
    isRevoked: given,
    isOpen: !files.exists(join(folder, TASK_FILES.outcome)) && !given,
    bytes: bytesPrinted(place, { runId, taskId }),
  };
}

function requestIn({ files }: Place, folder: string): LoggedRequest | null {
  const bytes = files.readBytes(join(folder, TASK_FILES.request), BOUNDS.registerBytes);
  const parsed = bytes === null ? null : parseRequest(bytes);
  if (parsed?.ok !== true) return null;
  const { purpose, epoch, attempt, agent, cwd, turn } = parsed.value;
  return { purpose, epoch, attempt, agent, cwd, turn: turn === undefined ? null : turnIn(turn) };
}

function turnIn({ kind, session, usedBefore }: TurnRequest): LoggedRequest['turn'] {
  return { kind, session, usedBefore };
}

function outcomeIn({ files }: Place, folder: string): LoggedOutcome | null {
  const bytes = files.readBytes(join(folder, TASK_FILES.outcome), BOUNDS.registerBytes);
  const parsed = bytes === null ? null : parseShownOutcome(bytes);
  if (parsed?.ok !== true) return null;
  const { result, exitCode, signal, startedAtMs, endedAtMs, turn } = parsed.value;
  const estimated = turn?.usage?.estimated;
  return {
    ...{ result, exitCode, signal, startedAtMs, endedAtMs },
    estimated: estimated === undefined ? null : { tokens: estimated.tokens, usd: estimated.usd ?? 0 },
  };
}

/** A link in the place of a folder leads to what is none of the run's. */
function isFolder({ files, paths }: Place, runId: string, taskId: string): boolean {
  return files.fs.stat(paths.task(runId, taskId))?.kind === 'folder';
}

function hasOutput(place: Place, name: TaskName): boolean {
  const { stdout, stderr } = bytesPrinted(place, name);
  return stdout + stderr > 0;
}

function bytesPrinted({ files, paths }: Place, { runId, taskId }: TaskName): LoggedTask['bytes'] {
  const folder = paths.task(runId, taskId);
  const size = (name: string): number => {
    const stat = files.fs.stat(join(folder, name));
    return stat?.kind === 'file' ? stat.size : 0;
  };
  return { stdout: size(TASK_FILES.output), stderr: size(TASK_FILES.stderr) };
}
