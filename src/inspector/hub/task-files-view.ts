/**
 * What the folders of a run's tasks hold, as a page may see it.
 *
 * Owns: which fields of the registers are shown. Does not own: parsing them (core/task-files), the output itself (hub/worker-output).
 *
 * Invariants: 1. Prompts, environment, marks, command lines and paths of a request are never shown. 2. What a worker can have written
 * is sanitised. 3. A file that cannot be read is named, and the rest is shown.
 */
import { join } from 'node:path';
import { isObject, type JsonObject } from '../../base/canonical-json.ts';
import type { Parsed } from '../../core/fields.ts';
import { sanitise } from '../../core/sanitise.ts';
import { parseAgentRecord, parseClaim, parseOutcome, parseRequest } from '../../core/task-files.ts';
import { PawlError } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import { type AgentRecord, type Claim, type Outcome, TASK_FILES, type TaskRequest } from '../../model/request.ts';
import type { FileStat } from '../../ports/fs.ts';
import type { Place } from '../../runtime/run-look.ts';
import { parseJsonObject } from '../../store/json-file.ts';
import { isSafeName } from '../../store/registry-paths.ts';
import type { TaskFilesView } from '../wire/page-api.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import { safeDocument } from './safe-document.ts';

/** The tasks of a run by their folders' names; `mark` changes whenever something in them may have. */
export interface RunFiles {
  readonly mark: string;
  readonly tasks: () => Readonly<Record<string, TaskFilesView>>;
}

const SHOWN = [
  TASK_FILES.request,
  TASK_FILES.claim,
  TASK_FILES.agent,
  TASK_FILES.outcome,
  TASK_FILES.completion,
  TASK_FILES.late,
  TASK_FILES.output,
  TASK_FILES.stderr,
  TASK_FILES.heartbeat,
] as const;

/** Reads the task folders of a run: their stats now, their content when asked. */
export class TaskFilesReader {
  readonly #place: Place;
  readonly #runId: string;
  /** Of tasks whose files have not changed since. */
  readonly #known = new Map<string, { readonly mark: string; readonly view: TaskFilesView }>();

  constructor(place: Place, runId: string) {
    this.#place = place;
    this.#runId = runId;
  }

  /** The task folders as they are now. Throws nothing for what is in them. */
  look(): RunFiles {
    const { files, paths } = this.#place;
    const names = files.listNames(paths.tasks(this.#runId)).filter(isSafeName).slice(-HUB_BOUNDS.tasksShown);
    const folders = names.map((name) => ({ name, ...this.#stats(join(paths.tasks(this.#runId), name)) }));
    return {
      mark: folders.map(({ name, mark }) => `${name}:${mark}`).join('\n'),
      tasks: () => Object.fromEntries(folders.map((folder) => [folder.name, this.#view(folder.name, folder)])),
    };
  }

  #stats(folder: string): { readonly mark: string; readonly stats: ReadonlyMap<string, FileStat> } {
    const stats = new Map<string, FileStat>();
    for (const name of SHOWN) {
      const stat = this.#place.files.fs.stat(join(folder, name));
      // A link leads to what is none of the run's: it is not followed.
      if (stat?.kind === (name === TASK_FILES.late ? 'folder' : 'file')) stats.set(name, stat);
    }
    // The heartbeat is touched every second: it is shown, and no reason to tell everything again.
    const told = [...stats].filter(([name]) => name !== TASK_FILES.heartbeat);
    return { mark: told.map(([name, { size, mtimeMs }]) => `${name}=${size}@${mtimeMs}`).join(), stats };
  }

  #view(taskId: string, now: { readonly mark: string; readonly stats: ReadonlyMap<string, FileStat> }): TaskFilesView {
    const heartbeatAtMs = now.stats.get(TASK_FILES.heartbeat)?.mtimeMs ?? null;
    const known = this.#known.get(taskId);
    if (known !== undefined && known.mark === now.mark) return { ...known.view, heartbeatAtMs };
    const view = taskFilesView(this.#place, this.#runId, taskId, now.stats);
    this.#known.set(taskId, { mark: now.mark, view });
    return view;
  }
}

function taskFilesView(
  place: Place,
  runId: string,
  taskId: string,
  stats: ReadonlyMap<string, FileStat>,
): TaskFilesView {
  const folder = join(place.paths.tasks(runId), taskId);
  const unreadable: string[] = [];
  const read = <T>(name: string, parse: (bytes: Uint8Array) => Parsed<T>): T | null => {
    const bytes = stats.has(name) ? bytesOf(place, join(folder, name)) : null;
    const parsed = bytes === null ? null : parse(bytes);
    if (parsed?.ok === true) return parsed.value;
    if (stats.has(name)) unreadable.push(name);
    return null;
  };
  return {
    taskId,
    request: requestView(read(TASK_FILES.request, parseRequest)),
    claim: claimView(read(TASK_FILES.claim, parseClaim)),
    agent: agentView(read(TASK_FILES.agent, parseAgentRecord)),
    outcome: outcomeView(read(TASK_FILES.outcome, parseOutcome)),
    completion: read(TASK_FILES.completion, completionOf),
    late: stats.has(TASK_FILES.late) ? place.files.listNames(join(folder, TASK_FILES.late)).map(short) : [],
    heartbeatAtMs: stats.get(TASK_FILES.heartbeat)?.mtimeMs ?? null,
    outputBytes: stats.get(TASK_FILES.output)?.size ?? 0,
    stderrBytes: stats.get(TASK_FILES.stderr)?.size ?? 0,
    unreadable,
  };
}

function bytesOf({ files }: Place, path: string): Uint8Array | null {
  try {
    return files.readBytes(path, BOUNDS.registerBytes);
  } catch (error) {
    if (error instanceof PawlError) return null;
    throw error;
  }
}

function completionOf(bytes: Uint8Array): Parsed<JsonObject> {
  const value = safeDocument(parseJsonObject(bytes));
  return isObject(value) ? { ok: true, value: { ...value } } : { ok: false, reason: 'it holds no object' };
}

function requestView(request: TaskRequest | null): TaskFilesView['request'] {
  if (request === null) return null;
  const { agent, purpose, epoch, attempt, isolation, limits, turn } = request;
  return {
    agent: short(agent),
    purpose,
    epoch,
    attempt,
    isolation,
    deadlineMs: limits.deadlineMs,
    stallMs: limits.stallMs,
    agentKind: turn?.kind ?? null,
    agentVersion: turn === undefined ? null : short(turn.program.version),
  };
}

function claimView(claim: Claim | null): TaskFilesView['claim'] {
  if (claim === null) return null;
  return claim.kind === 'revoked'
    ? { kind: 'revoked', reason: claim.reason, atMs: claim.atMs }
    : { kind: 'host', pid: claim.host.pid, hostname: short(claim.host.hostname), atMs: claim.atMs };
}

function agentView(agent: AgentRecord | null): TaskFilesView['agent'] {
  if (agent === null) return null;
  const { worker, isNamespaced, sessionId, startedAtMs } = agent;
  return { pid: worker.pid, isNamespaced, sessionId: sessionId === null ? null : short(sessionId), startedAtMs };
}

function outcomeView(outcome: Outcome | null): TaskFilesView['outcome'] {
  if (outcome === null) return null;
  const { by, result, code, message, exitCode, signal, head, startedAtMs, endedAtMs, turn } = outcome;
  const shown = { by, result, code, exitCode, signal, head, startedAtMs, endedAtMs, turn: turn ?? null };
  return { ...shown, message: sanitise(message, HUB_BOUNDS.textChars) };
}

function short(text: string): string {
  return sanitise(text, 200);
}
