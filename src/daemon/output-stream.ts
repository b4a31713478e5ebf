/**
 * A task's output over the API: a part of it as bytes, or all that is to come as events.
 *
 * Owns: the two forms of the answer. Does not own: reading (app/reading-output), characters (daemon/whole-characters), the pace of a client
 * (daemon/streams).
 *
 * Invariant: offsets are bytes of the file: whoever continues from `next` misses nothing and gets nothing twice.
 */
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import {
  hasTaskEnded,
  offsetOfLastLines,
  outputPieces,
  type ReadingPlace,
  type TaskName,
} from '../app/reading-output.ts';
import { PawlError } from '../model/error.ts';
import type { RunView } from '../run/run-view.ts';
import { UnreadableOutput } from '../worker/output-file.ts';
import type { ApiDaemon } from './api/api-daemon.ts';
import type { Asked } from './api/handlers.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import type { Door } from './guard.ts';
import type { EventStream } from './streams.ts';
import { WholeCharacters } from './whole-characters.ts';

type Pieces = ReturnType<typeof outputPieces>;

/** Answers with the output. Throws PAWL_TASK_UNKNOWN, PAWL_RUN_UNKNOWN, TOO_MANY_CLIENTS. */
export async function answerOutput(
  daemon: ApiDaemon,
  { params, query, signal }: Asked<'getOutput'>,
  env: HttpBindings,
  door: Door,
): Promise<Response> {
  const { project, view } = await daemon.runs.find(params.id ?? '', query.project);
  const task = { runId: view.runId, taskId: taskIn(view, params.task ?? '') };
  const place = project.places();
  const { last } = query;
  const from =
    last === undefined
      ? (query.from ?? lastEventId(env) ?? 0)
      : await readable(async () => offsetOfLastLines(place, task, query.stream, last));
  if (query.follow !== true) {
    if (query.wait !== undefined) await untilPrinted(daemon, { place, task, from, asked: query }, signal);
    // Looked at before the bytes are read: what is read then is all that there will be.
    const hasEnded = isSettled(view, task.taskId) || hasTaskEnded(place, task, true);
    const pieces = outputPieces(place, task, query.stream, { from });
    const { bytes, next } = await readable(() => firstPieces(pieces, from));
    return new Response(bytes as Uint8Array<ArrayBuffer>, {
      headers: {
        'Content-Type': 'application/octet-stream',
        'Pawl-From': String(from),
        'Pawl-Next': String(next),
        'Pawl-Ended': String(hasEnded),
      },
    });
  }
  const stream = daemon.streams.open(env.outgoing as never, door);
  const pieces = outputPieces(place, task, query.stream, { from, follow: true, signal: stream.signal });
  void send(stream, pieces).catch((error: unknown) => {
    daemon.log(`the output of ${task.taskId} of ${task.runId} cannot be followed: ${String(error)}`);
    stream.end();
  });
  return RESPONSE_ALREADY_SENT;
}

/** Resolves when something is printed from that byte on, when nothing more can be, or when the wait is over. */
async function untilPrinted(
  { streams }: ApiDaemon,
  {
    place,
    task,
    from,
    asked: { stream, wait = 0 },
  }: {
    readonly place: ReadingPlace;
    readonly task: TaskName;
    readonly from: number;
    readonly asked: Asked<'getOutput'>['query'];
  },
  gone: AbortSignal,
): Promise<void> {
  const { signal, end } = streams.wait(Math.min(wait, DAEMON_BOUNDS.waitMs), gone);
  try {
    await readable(async () => {
      for await (const _piece of outputPieces(place, task, stream, { from, follow: true, signal })) return;
    });
  } finally {
    end();
  }
}

/** What `read` gives. Throws PAWL_STORE_FAILED where something other than a file is in the place of the output. */
async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UnreadableOutput)) throw error;
    throw new PawlError({
      code: 'PAWL_STORE_FAILED',
      message: error.message,
      subject: 'output',
      hint: 'Look at what stands in its place: the worker, or somebody else, has put it there.',
      cause: error,
    });
  }
}

/** Every piece as an event, whose id is where to continue; then that it has ended. */
async function send(stream: EventStream, pieces: Pieces): Promise<void> {
  const whole = new WholeCharacters();
  for await (const { from, bytes } of pieces) {
    const { at, text, next } = whole.take(from, bytes);
    if (text !== '') await stream.send(outputEvent(at, next, text));
  }
  const { at, text, next } = whole.rest();
  if (text !== '') await stream.send(outputEvent(at, next, text));
  if (!stream.signal.aborted) await stream.send('event: ended\ndata: {}\n\n');
  stream.end();
}

function outputEvent(from: number, next: number, text: string): string {
  return `id: ${next}\nevent: output\ndata: ${JSON.stringify({ from, next, text })}\n\n`;
}

async function firstPieces(
  pieces: Pieces,
  from: number,
): Promise<{ readonly bytes: Uint8Array; readonly next: number }> {
  const found: Uint8Array[] = [];
  let next = from;
  for await (const piece of pieces) {
    found.push(piece.bytes);
    next = piece.next;
    if (next - from >= DAEMON_BOUNDS.outputBytes) break;
  }
  return { bytes: Buffer.concat(found), next };
}

/** The task of that id. Throws PAWL_TASK_UNKNOWN. */
export function taskIn({ runId, tasks }: RunView, taskId: string): string {
  if (tasks.some((task) => task.taskId === taskId)) return taskId;
  throw new PawlError({
    code: 'PAWL_TASK_UNKNOWN',
    message: `The run ${runId} has no task of that id.`,
    subject: taskId.slice(0, TASK_CHARS),
    hint: `Its tasks: ${tasks.map((task) => task.taskId).join(', ')}.`,
  });
}

const TASK_CHARS = 200;

function isSettled({ tasks }: RunView, taskId: string): boolean {
  return tasks.find((task) => task.taskId === taskId)?.state.startsWith('settled') === true;
}

function lastEventId({ incoming }: HttpBindings): number | undefined {
  const header = incoming.headers['last-event-id'];
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
