/**
 * What a worker has printed, byte by byte, and while it still prints.
 *
 * Owns: reading one stream of one task from any byte on, waiting for more, knowing when no more will come. Does not own: what the bytes mean
 * (app/task-log), making them safe to show (cli/log-lines).
 *
 * Invariants: 1. Read only, without a lock: whether anybody drives the registry makes no difference. 2. Every byte is given once, in order: `next` of a
 * piece is `from` of the following one. 3. Memory is bounded by one piece (L9). 4. A reader that follows waits for changes of the folder, which can be
 * missed, so it looks once a second too.
 */
import { join } from 'node:path';
import { quickView } from '../engine/run-look.ts';
import { systemCode } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import { TASK_FILES } from '../model/request.ts';
import type { Files } from '../store/files.ts';
import { parseClaim } from '../turn/task-files.ts';
import { readOutput } from '../worker/output-file.ts';
import type { Places } from './options.ts';

/** Where registries are read from. */
export type ReadingPlace = Pick<Places, 'files' | 'paths'>;

/** A task, by its run. */
export interface TaskName {
  readonly runId: string;
  readonly taskId: string;
}

/** The two streams of a worker. */
export type StreamName = 'stdout' | 'stderr';

/** A piece of a stream: its bytes, the offset of the first of them, and the offset after the last. */
export interface OutputPiece {
  readonly from: number;
  readonly next: number;
  readonly bytes: Uint8Array;
}

/** From where a stream is read, and whether the reader stays. */
export interface StreamReading {
  /** The first byte; default 0. */
  readonly from?: number;
  /** Begins where the last so many lines begin, instead of at a byte. */
  readonly lastLines?: number;
  /** Goes on until the task has ended and all of its output has been given. */
  readonly follow?: boolean;
  /** Ends the reading at the next piece. */
  readonly signal?: AbortSignal;
}

const PIECE_BYTES = 256 * 1024;
const LINE_FEED = 10;
const FILES = { stdout: TASK_FILES.output, stderr: TASK_FILES.stderr } as const;

/**
 * The bytes of one stream of the task: those that are there, and with `follow` those to come. Nothing where there is no such file (yet).
 * Throws UnreadableOutput when something other than a file is in its place, and PawlError for what the system refuses.
 */
export async function* outputPieces(
  { files, paths }: ReadingPlace,
  task: TaskName,
  stream: StreamName,
  { from = 0, lastLines, follow = false, signal }: StreamReading = {},
): AsyncGenerator<OutputPiece, void, void> {
  const folder = paths.task(task.runId, task.taskId);
  const changes = follow ? new FolderChanges(files, folder) : null;
  let isQuiet = false;
  try {
    let at = lastLines === undefined ? from : offsetOfLastLines({ files, paths }, task, stream, lastLines);
    for (;;) {
      // Looked at before the bytes are read: what is read then is all that there will be.
      const isLast = changes === null || hasTaskEnded({ files, paths }, task, isQuiet);
      const before = at;
      for (;;) {
        if (signal?.aborted === true) return;
        const bytes = bytesAt(files, join(folder, FILES[stream]), at);
        if (bytes.length === 0) break;
        yield { from: at, next: at + bytes.length, bytes };
        at += bytes.length;
      }
      if (isLast) return;
      isQuiet = at === before;
      await changes.next(signal);
    }
  } finally {
    changes?.close();
  }
}

/**
 * True when no worker will print for this task any more: it has its outcome, was given up before its start, or its run is over. `isQuiet`: nothing has
 * come lately, so that the run itself is worth a look.
 */
export function hasTaskEnded(place: ReadingPlace, { runId, taskId }: TaskName, isQuiet: boolean): boolean {
  const { files, paths } = place;
  const folder = paths.task(runId, taskId);
  if (files.exists(join(folder, TASK_FILES.outcome)) || files.exists(paths.quarantined(runId))) return true;
  if (isRevoked(files, folder) || !files.exists(folder)) return true;
  return isQuiet && quickView(place, runId)?.kind === 'terminal';
}

/** True when the task of that folder was given up before any worker was started for it. */
export function isRevoked(files: Files, taskFolder: string): boolean {
  const bytes = files.readBytes(join(taskFolder, TASK_FILES.claim), BOUNDS.registerBytes);
  const claim = bytes === null ? null : parseClaim(bytes);
  return claim?.ok === true && claim.value.kind === 'revoked';
}

/** The offset at which the last `count` lines of the stream begin; 0 when there are no more than that. Throws as `outputPieces` does. */
export function offsetOfLastLines(
  { files, paths }: ReadingPlace,
  task: TaskName,
  stream: StreamName,
  count: number,
): number {
  const path = join(paths.task(task.runId, task.taskId), FILES[stream]);
  const offset = readOutput(files, path, (fd) => {
    const size = files.fs.size(fd);
    let found = 0;
    for (let end = size; end > 0; end = Math.max(0, end - PIECE_BYTES)) {
      const start = Math.max(0, end - PIECE_BYTES);
      const bytes = files.fs.read(fd, start, end - start);
      // The line feed at the very end begins no line.
      let before = end === size ? bytes.subarray(0, -1) : bytes;
      for (let at = before.lastIndexOf(LINE_FEED); at !== -1; at = before.lastIndexOf(LINE_FEED)) {
        found += 1;
        if (found === count) return start + at + 1;
        before = before.subarray(0, at);
      }
    }
    return 0;
  });
  return offset ?? 0;
}

function bytesAt(files: Files, path: string, offset: number): Uint8Array {
  return readOutput(files, path, (fd) => files.fs.read(fd, offset, PIECE_BYTES)) ?? new Uint8Array();
}

/** Changes in one folder, none of them lost between two waits. */
export class FolderChanges {
  readonly #files: Files;
  readonly #endWatch: () => void;
  #hasChanged = false;
  #wake: () => void = () => undefined;

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#endWatch = watching(files, folder, () => {
      this.#hasChanged = true;
      this.#wake();
    });
  }

  /** Resolves when something has changed since the last call, after a second at the latest, or when `signal` aborts. */
  async next(signal?: AbortSignal): Promise<void> {
    if (!this.#hasChanged && signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        const endTimer = this.#files.clock.timer(BOUNDS.watchPollMs, () => this.#wake());
        const wake = (): void => {
          endTimer();
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        this.#wake = wake;
        signal?.addEventListener('abort', wake, { once: true });
      });
    }
    this.#hasChanged = false;
  }

  close(): void {
    this.#endWatch();
  }
}

/** A folder that is not there (any more) cannot be watched: looking once a second remains. */
function watching(files: Files, folder: string, onChange: () => void): () => void {
  try {
    return files.fs.watch(folder, onChange);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return () => undefined;
  }
}
