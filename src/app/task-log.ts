/**
 * What a worker has printed, as entries that mean something: the events of a coding agent, the lines of any other program.
 *
 * Owns: making entries of bytes, what the end of the task adds to them. Does not own: the bytes (app/reading/run-reader), the meaning of an agent's line
 * (adapters/agents), rendering (cli/log-lines).
 *
 * Invariants: 1. An entry is made of a whole line; what is incomplete is held until it is whole, or until nothing more will come. 2. Memory is bounded
 * by one line (L9): a line over the bound is given in pieces, or for an agent left out. 3. Output that cannot be read any further ends with an entry
 * that says so, never with an error in the middle.
 */
import { adapterOf } from '../adapters/agents/adapters.ts';
import type { AgentEvent } from '../model/agent-event.ts';
import { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import type { AgentKind } from '../model/turn.ts';
import type { AgentAdapter } from '../ports/agent-adapter.ts';
import {
  FIRST_LINE,
  type LineCursor,
  type OutputLine,
  readLastLine,
  readLines,
  readRest,
} from '../turn/agent-lines.ts';
import { foldEvent, SILENT_TURN, type Turn } from '../turn/turn.ts';
import { usedSoFar } from '../turn/turn-report.ts';
import { isForbidden, UnreadableOutput } from '../worker/output-file.ts';
import { OutputLines } from './output-lines.ts';
import type { RunReader } from './reading/run-reader.ts';
import type { StreamName, StreamReading } from './reading-output.ts';
import type { Charge, LoggedOutcome, LoggedRequest, LoggedTask } from './tasks-of-run.ts';

/** Why a line of an agent's output gives no event: its adapter does not know it, it is no JSON, it is longer than any line may be. */
export type UnreadLine = 'unknown' | 'malformed' | 'overlong';

/** One entry of a task's log. Texts are as the worker wrote them: whoever shows one makes it safe. */
export type LogEntry =
  | AgentEvent
  /** A line of a worker that is not a coding agent, without its line feed. */
  | { readonly type: 'line'; readonly text: string }
  /** A line of an agent's output that gives no event; the text is empty for one that is too long. */
  | { readonly type: 'unread'; readonly why: UnreadLine; readonly text: string }
  | { readonly type: 'stderr'; readonly text: string }
  /** At the end of an agent's output: what it has reported that it used, and what it is charged with beyond that (null: nothing). */
  | { readonly type: 'used'; readonly tokens: number; readonly usd: number; readonly estimated: Charge | null }
  /** The stream cannot be read any further. */
  | { readonly type: 'unreadable'; readonly stream: StreamName; readonly message: string };

/** What is known of a task when its output has been read. */
export interface LogEnd extends Pick<LoggedTask, 'outcome' | 'isRevoked'> {
  /** A stream could not be read to its end. */
  readonly isUnreadable: boolean;
}

/** How a log is read. */
export interface LogReading {
  /** Goes on until the task has ended and all of its output has been given; stdout and stderr come as they are written, else one after the other. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  /** Of what is not an agent's events, only so many lines of each stream, and what follows them. */
  readonly lastLines?: number | null;
}

type AgentTurn = NonNullable<LoggedRequest['turn']>;

/** Takes one entry; the next one is read when it has settled. */
export type TakeEntry = (entry: LogEntry) => Promise<void>;

/** Where the tasks of a run are read. */
type TaskReader = Pick<RunReader, 'task' | 'output'>;

/** The kind of coding agent whose output it is; null for any other worker. */
export function kindOf({ request }: LoggedTask): AgentKind | null {
  return request?.turn?.kind ?? null;
}

/** Gives every entry of the task's log to `take`, in order. Resolves with what is known at its end. */
export async function readLog(
  reader: TaskReader,
  task: LoggedTask,
  reading: LogReading,
  take: TakeEntry,
): Promise<LogEnd> {
  const log = new TaskLog(reader, task, reading, take);
  const turn = task.request?.turn ?? null;
  const stdout = (): Promise<void> => (turn === null ? log.lines('stdout', 'line') : log.events(turn));
  const stderr = (): Promise<void> => log.lines('stderr', 'stderr');
  let last = task;
  if (reading.follow === true) {
    await Promise.all([stdout(), stderr()]);
    last = await reader.task(task);
    await log.end(last);
  } else {
    await stdout();
    await log.end(task);
    await stderr();
  }
  return { outcome: last.outcome, isRevoked: last.isRevoked, isUnreadable: log.isUnreadable };
}

/** The state of reading one task's log. */
class TaskLog {
  readonly #reader: TaskReader;
  readonly #task: LoggedTask;
  readonly #reading: LogReading;
  readonly #take: TakeEntry;
  #cursor: LineCursor = FIRST_LINE;
  /** What follows the cursor. */
  #held: Uint8Array = new Uint8Array();
  /** A line over the bound; it may be the last one, which may be longer. */
  #overlong: OutputLine | null = null;
  #turn: Turn = SILENT_TURN;
  isUnreadable = false;

  constructor(reader: TaskReader, task: LoggedTask, reading: LogReading, take: TakeEntry) {
    this.#reader = reader;
    this.#task = task;
    this.#reading = reading;
    this.#take = take;
  }

  /** The lines of a stream. */
  async lines(stream: StreamName, type: 'line' | 'stderr'): Promise<void> {
    const { lastLines = null } = this.#reading;
    await this.#readable(stream, async () => {
      const lines = new OutputLines();
      const give = async (texts: readonly string[]): Promise<void> => {
        for (const text of texts) await this.#take({ type, text });
      };
      for await (const { bytes } of this.#pieces(stream, lastLines === null ? {} : { lastLines }))
        await give(lines.take(bytes));
      await give(lines.rest());
    });
  }

  /** The events of a coding agent's stdout. */
  async events({ kind }: AgentTurn): Promise<void> {
    const adapter = adapterOf(kind);
    await this.#readable('stdout', async () => {
      for await (const { bytes } of this.#pieces('stdout', {})) {
        this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
        await this.#agentLines(adapter, readLines(this.#cursor, this.#held));
      }
    });
  }

  /** What the end of the task adds for an agent: a last line without its line feed, what exit and standard error tell, what was used. */
  async end({ outcome, bytes }: LoggedTask): Promise<void> {
    const request = this.#task.request?.turn ?? null;
    if (request === null) return;
    if (outcome !== null) await this.#lastWords(request, outcome, bytes.stderr);
    const estimated = outcome?.estimated ?? null;
    await this.#take({ type: 'used', ...usedSoFar(this.#turn, request), estimated });
  }

  async #lastWords({ kind, session }: AgentTurn, outcome: LoggedOutcome, stderrBytes: number): Promise<void> {
    const adapter = adapterOf(kind);
    await this.#readable('stdout', async () => {
      await this.#agentLines(adapter, readRest(this.#cursor, this.#held));
      const last = this.#overlong;
      if (last === null) return;
      const bytes = await this.#bytes('stdout', last.offset, BOUNDS.lastLineBytes + 1);
      await this.#agentLine(adapter, readLastLine(last.offset, bytes), '');
    });
    const { ended } = this.#turn;
    const events = adapter.readExit({
      code: outcome.exitCode,
      signal: outcome.signal,
      stderrTail: await this.#tail('stderr', stderrBytes),
      hasEnded: ended !== null,
      hasCompleted: ended?.how === 'completed',
      resumed: session.isResume ? session.id : null,
    });
    for (const event of events) await this.#event(event);
  }

  #pieces(stream: StreamName, where: StreamReading): ReturnType<TaskReader['output']> {
    const { follow = false, signal } = this.#reading;
    const reading = { ...where, follow, ...(signal === undefined ? {} : { signal }) };
    return this.#reader.output(this.#task, stream, reading);
  }

  /** The bytes from there on that are there, at most so many. */
  async #bytes(stream: StreamName, from: number, bytesMax: number): Promise<Uint8Array> {
    const found: Uint8Array[] = [];
    for await (const { bytes, next } of this.#reader.output(this.#task, stream, { from })) {
      found.push(bytes);
      if (next - from >= bytesMax) break;
    }
    return Buffer.concat(found).subarray(0, bytesMax);
  }

  /** The end of a stream of that size; empty where it may not be read: reading it from its beginning tells that. */
  async #tail(stream: StreamName, size: number): Promise<string> {
    try {
      const from = Math.max(0, size - BOUNDS.stderrTailBytes);
      return new TextDecoder().decode(await this.#bytes(stream, from, size - from));
    } catch (error) {
      if (error instanceof UnreadableOutput || isForbidden(error)) return '';
      throw error;
    }
  }

  async #agentLines(adapter: AgentAdapter, { lines, cursor }: ReturnType<typeof readLines>): Promise<void> {
    const start = this.#cursor.offset;
    for (const line of lines) {
      if (line.content.kind === 'blank') continue;
      if (this.#overlong !== null) await this.#take({ type: 'unread', why: 'overlong', text: '' });
      this.#overlong = line.content.kind === 'overlong' ? line : null;
      if (this.#overlong === null) await this.#agentLine(adapter, line, this.#textAt(line.offset - start));
    }
    this.#held = this.#held.subarray(cursor.offset - start);
    this.#cursor = cursor;
  }

  async #agentLine(adapter: AgentAdapter, { content }: OutputLine, text: string): Promise<void> {
    if (content.kind === 'blank') return;
    if (content.kind !== 'json') return this.#take({ type: 'unread', why: content.kind, text });
    const events = adapter.read(content.value);
    if (events === null) return this.#take({ type: 'unread', why: 'unknown', text });
    for (const event of events) await this.#event(event);
  }

  async #event(event: AgentEvent): Promise<void> {
    this.#turn = foldEvent(this.#turn, event);
    await this.#take(event);
  }

  /** The line that begins there in what is held. */
  #textAt(start: number): string {
    const line = this.#held.subarray(start);
    const end = line.indexOf(LINE_FEED);
    return new TextDecoder().decode(end === -1 ? line : line.subarray(0, end));
  }

  /** Does `body`; output that cannot be read becomes an entry. */
  async #readable(stream: StreamName, body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      if (!(error instanceof UnreadableOutput || error instanceof PawlError)) throw error;
      this.isUnreadable = true;
      await this.#take({ type: 'unreadable', stream, message: error.message });
    }
  }
}

const LINE_FEED = 10;
