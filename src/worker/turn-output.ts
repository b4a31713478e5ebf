/**
 * A turn of a coding agent as its output files tell it: read in steps while it runs, and as a whole when it has ended.
 *
 * Owns: reading output.ndjson in steps and from its first byte. Does not own: cutting lines (turn/agent-lines), their meaning (adapters/agents), the fold (turn/turn).
 *
 * Invariants: 1. Reading in steps and reading as a whole give the same turn, except for a last line over the bound, which is read only once no other can follow. 2. Nothing here writes. 3. An adapter that throws, and output that is not a file, are reported as an UnreadableTurn.
 */
import { join } from 'node:path';
import { messageOf } from '../base/error-text.ts';
import { BOUNDS } from '../model/limits.ts';
import { TASK_FILES } from '../model/request.ts';
import type { TurnRequest } from '../model/turn.ts';
import type { AgentAdapter } from '../ports/agent-adapter.ts';
import type { Fd } from '../ports/fs.ts';
import type { WorkerExit } from '../ports/gate.ts';
import type { Files } from '../store/files.ts';
import {
  FIRST_LINE,
  type LineCursor,
  type OutputLine,
  readLastLine,
  readLines,
  readRest,
} from '../turn/agent-lines.ts';
import { foldEvent, foldLines, SILENT_TURN, type Turn } from '../turn/turn.ts';
import { readOutput, readOutputIfAllowed, UnreadableOutput } from './output-file.ts';

/** The output is not a file any more, or the adapter of this agent failed on it (our bug): no reason to let the worker continue. */
export class UnreadableTurn extends Error {}

const CHUNK_BYTES = 4 * BOUNDS.lineBytes;

/** Follows a turn while its agent writes. */
export class TurnFollower {
  readonly #files: Files;
  readonly #path: string;
  readonly #adapter: AgentAdapter;
  #cursor: LineCursor = FIRST_LINE;
  #turn: Turn = SILENT_TURN;

  constructor(files: Files, taskFolder: string, adapter: AgentAdapter) {
    this.#files = files;
    this.#path = join(taskFolder, TASK_FILES.output);
    this.#adapter = adapter;
  }

  /** The turn with what has been written since the last call, at most CHUNK_BYTES of it. Throws UnreadableTurn. */
  look(): Turn {
    const bytes = readAt(this.#files, this.#path, this.#cursor.offset, CHUNK_BYTES);
    if (bytes.length === 0) return this.#turn;
    const { lines, cursor } = readLines(this.#cursor, bytes);
    this.#turn = guarded(() => foldLines(this.#turn, lines, (line) => this.#adapter.read(line)));
    this.#cursor = cursor;
    return this.#turn;
  }

  /** The turn with everything written before this call. Throws UnreadableTurn. */
  catchUp(): Turn {
    const size = this.#files.fs.stat(this.#path)?.size ?? 0;
    for (;;) {
      const { offset } = this.#cursor;
      const turn = this.look();
      if (this.#cursor.offset === offset || this.#cursor.offset >= size) return turn;
    }
  }
}

/** The whole turn of an agent whose process tree is gone. Throws UnreadableTurn. */
export function readEndedTurn(
  files: Files,
  taskFolder: string,
  request: TurnRequest,
  adapter: AgentAdapter,
  exit: WorkerExit | null,
): Turn {
  const path = join(taskFolder, TASK_FILES.output);
  let cursor = FIRST_LINE;
  let turn = SILENT_TURN;
  let overlong: OutputLine | null = null;
  for (;;) {
    const bytes = readAt(files, path, cursor.offset, CHUNK_BYTES);
    const isLast = bytes.length < CHUNK_BYTES;
    const reading = (isLast ? readRest : readLines)(cursor, bytes);
    const lines: readonly OutputLine[] = overlong === null ? reading.lines : [overlong, ...reading.lines];
    // A line over the bound is held back: it may be the last, which has a wider bound.
    const last = lines.findLastIndex(({ content }) => content.kind !== 'blank');
    overlong = lines[last]?.content.kind === 'overlong' ? (lines[last] ?? null) : null;
    const known = overlong === null ? lines : lines.slice(0, last);
    turn = guarded(() => foldLines(turn, known, (line) => adapter.read(line)));
    cursor = reading.cursor;
    if (isLast) break;
  }
  if (overlong !== null) {
    const { offset } = overlong;
    const line = readLastLine(offset, readAt(files, path, offset, BOUNDS.lastLineBytes + 1));
    turn = guarded(() => foldLines(turn, [line], (value) => adapter.read(value)));
  }
  const stderrTail = tailOf(files, join(taskFolder, TASK_FILES.stderr));
  const events = guarded(() =>
    adapter.readExit({
      code: exit?.code ?? null,
      signal: exit?.signal ?? null,
      stderrTail,
      hasEnded: turn.ended !== null,
      hasCompleted: turn.ended?.how === 'completed',
      resumed: request.session.isResume ? request.session.id : null,
    }),
  );
  return events.reduce(foldEvent, turn);
}

function guarded<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw new UnreadableTurn(messageOf(error), { cause: error });
  }
}

function readAt(files: Files, path: string, offset: number, bytesMax: number): Uint8Array {
  try {
    return readOutput(files, path, (fd) => files.fs.read(fd, offset, bytesMax)) ?? new Uint8Array();
  } catch (error) {
    if (error instanceof UnreadableOutput) throw new UnreadableTurn(error.message, { cause: error });
    throw error;
  }
}

/** The end of the output at `path`, at most BOUNDS.stderrTailBytes of it; empty when there is none that can be read. */
export function tailOf(files: Files, path: string): string {
  const tail = (fd: Fd): Uint8Array => {
    const size = files.fs.size(fd);
    const start = Math.max(0, size - BOUNDS.stderrTailBytes);
    return files.fs.read(fd, start, size - start);
  };
  // The code that takes its digest reports that.
  const bytes = readOutputIfAllowed(files, path, tail, () => undefined);
  return bytes === null ? '' : new TextDecoder().decode(bytes);
}
