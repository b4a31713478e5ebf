/**
 * What the folders of a run's tasks hold, as a page may see it.
 *
 * Owns: which fields of the registers are shown. Does not own: parsing them (turn/task-files), the output itself (hub/worker-output).
 *
 * Invariants: 1. Prompts, environment, marks, command lines and paths of a request are never shown. 2. What a worker can have written
 * is sanitised. 3. A file that cannot be read is named, and the rest is shown.
 */
import { join } from 'node:path';
import { isObject, type JsonObject } from '../../base/canonical-json.ts';
import { spanMs } from '../../base/elapsed.ts';
import { sanitise } from '../../base/sanitise.ts';
import { outcomeWords } from '../../engine/outcome-cause.ts';
import type { Place } from '../../engine/run-look.ts';
import { PawlError } from '../../model/error.ts';
import type { Parsed } from '../../model/fields.ts';
import { BOUNDS } from '../../model/limits.ts';
import { type AgentRecord, type Claim, type Outcome, TASK_FILES, type TaskRequest } from '../../model/request.ts';
import type { FileStat } from '../../ports/fs.ts';
import { parseJsonObject } from '../../store/json-file.ts';
import { isSafeName } from '../../store/registry-paths.ts';
import {
  type EarlierOutcome,
  parseAgentRecord,
  parseClaim,
  parseRequest,
  parseShownOutcome,
} from '../../turn/task-files.ts';
import type { TaskFilesView } from '../wire/page-api.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import { safeDocument } from './safe-document.ts';

/** The tasks of a run by their folders' names. */
export interface RunFiles {
  /** Another number whenever something in them may have changed, the length of outputs and the heartbeats apart. */
  readonly mark: number;
  /** Another number whenever an output may have grown. */
  readonly sizesMark: number;
  readonly tasks: () => Readonly<Record<string, TaskFilesView>>;
}

interface Folder {
  readonly folderMtimeMs: number;
  readonly mark: string;
  readonly sizes: string;
  readonly stats: ReadonlyMap<string, FileStat>;
}

interface Known {
  readonly mark: string;
  readonly view: TaskFilesView;
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

/** Files that only grow while a worker works. */
const SIZES: readonly string[] = [TASK_FILES.output, TASK_FILES.stderr];
/** Touched every second: it is shown, and no reason to tell everything again. */
const UNTOLD: readonly string[] = [TASK_FILES.heartbeat, ...SIZES];

/** Reads the task folders of a run: their stats now, their content when asked. */
export class TaskFilesReader {
  readonly #place: Place;
  readonly #runId: string;
  readonly #freshMs: number;
  #folders: ReadonlyMap<string, Folder> = new Map();
  /** Of tasks whose registers have not changed since. */
  readonly #known = new Map<string, Known>();
  #mark = 0;
  #sizesMark = 0;
  #turn = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  /** `freshMs`: how long a look serves those who ask next. */
  constructor(place: Place, runId: string, freshMs: number) {
    this.#place = place;
    this.#runId = runId;
    this.#freshMs = freshMs;
  }

  /** The task folders as they are now, or were a moment ago. Throws where they cannot be listed. */
  look(): RunFiles {
    if (spanMs(this.#lookedAtMs, performance.now()) >= this.#freshMs) {
      this.#lookAnew();
      this.#lookedAtMs = performance.now();
    }
    const folders = this.#folders;
    return {
      mark: this.#mark,
      sizesMark: this.#sizesMark,
      tasks: () => Object.fromEntries([...folders].map(([name, folder]) => [name, this.#view(name, folder)])),
    };
  }

  #lookAnew(): void {
    const { files, paths } = this.#place;
    const tasks = paths.tasks(this.#runId);
    // A link leads to what is none of the run's: it is not followed.
    const isOwn = files.fs.stat(paths.run(this.#runId))?.kind === 'folder' && files.fs.stat(tasks)?.kind !== 'link';
    const names = isOwn ? files.listNames(tasks).filter(isSafeName).slice(-HUB_BOUNDS.tasksShown) : [];
    const found = new Map<string, Folder>();
    this.#turn += 1;
    for (const [index, name] of names.entries()) {
      const stat = files.fs.stat(join(tasks, name));
      if (stat?.kind !== 'folder') continue;
      const before = this.#folders.get(name);
      const isTurn = (index + this.#turn) % HUB_BOUNDS.endedTasksTurn === 0;
      const isSettled = before?.stats.has(TASK_FILES.outcome) === true && before.folderMtimeMs === stat.mtimeMs;
      found.set(name, isSettled && !isTurn ? before : this.#folderAt(join(tasks, name), stat.mtimeMs));
    }
    this.#count(found);
    this.#folders = found;
    for (const name of this.#known.keys()) if (!found.has(name)) this.#known.delete(name);
  }

  /** Other marks where anything differs from the last look. */
  #count(found: ReadonlyMap<string, Folder>): void {
    const entries = [...found];
    if (found.size !== this.#folders.size || entries.some(([name, { mark }]) => mark !== this.#folders.get(name)?.mark))
      this.#mark += 1;
    if (entries.some(([name, { sizes }]) => sizes !== this.#folders.get(name)?.sizes)) this.#sizesMark += 1;
  }

  #folderAt(path: string, folderMtimeMs: number): Folder {
    const stats = new Map<string, FileStat>();
    for (const name of SHOWN) {
      const stat = this.#place.files.fs.stat(join(path, name));
      // A link leads to what is none of the run's: it is not followed.
      if (stat?.kind === (name === TASK_FILES.late ? 'folder' : 'file')) stats.set(name, stat);
    }
    const marks = (names: readonly string[]): string =>
      names.map((name) => `${stats.get(name)?.size}@${stats.get(name)?.mtimeMs}`).join();
    return { folderMtimeMs, mark: marks(SHOWN.filter((name) => !UNTOLD.includes(name))), sizes: marks(SIZES), stats };
  }

  #view(taskId: string, { mark, stats }: Folder): TaskFilesView {
    const known = this.#known.get(taskId);
    const view = known?.mark === mark ? known.view : taskFilesView(this.#place, this.#runId, taskId, stats);
    this.#known.set(taskId, { mark, view });
    return {
      ...view,
      heartbeatAtMs: stats.get(TASK_FILES.heartbeat)?.mtimeMs ?? null,
      outputBytes: stats.get(TASK_FILES.output)?.size ?? 0,
      stderrBytes: stats.get(TASK_FILES.stderr)?.size ?? 0,
    };
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
    outcome: outcomeView(read(TASK_FILES.outcome, parseShownOutcome)),
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
  return isObject(value) ? { ok: true, value: { ...value } } : { ok: false, reason: 'it contains no object' };
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

function outcomeView(outcome: Outcome | EarlierOutcome | null): TaskFilesView['outcome'] {
  if (outcome === null) return null;
  const { by, result, exitCode, signal, head, startedAtMs, endedAtMs, turn } = outcome;
  const isEarlier = outcome.v === 1;
  const code = isEarlier ? outcome.code : (outcome.cause?.code ?? null);
  const message = isEarlier ? outcome.message : outcomeWords(outcome);
  const shown = { by, result, code, exitCode, signal, head, startedAtMs, endedAtMs, turn: turn ?? null };
  return { ...shown, message: sanitise(message, HUB_BOUNDS.textChars) };
}

function short(text: string): string {
  return sanitise(text, 200);
}
