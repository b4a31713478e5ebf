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
import { outputPieces } from '../app/reading-output.ts';
import { PawlError } from '../model/error.ts';
import type { RunView } from '../run/run-view.ts';
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
  { params, query }: Asked<'getOutput'>,
  env: HttpBindings,
  door: Door,
): Promise<Response> {
  const { project, view } = await daemon.runs.find(params.id ?? '', query.project);
  const task = { runId: view.runId, taskId: taskIn(view, params.task ?? '') };
  const from = query.from ?? lastEventId(env) ?? 0;
  if (query.follow !== true) {
    const { bytes, next } = await firstPieces(outputPieces(project.places(), task, query.stream, { from }), from);
    return new Response(bytes as Uint8Array<ArrayBuffer>, {
      headers: {
        'Content-Type': 'application/octet-stream',
        'Pawl-From': String(from),
        'Pawl-Next': String(next),
        'Pawl-Ended': String(isSettled(view, task.taskId)),
      },
    });
  }
  const stream = daemon.streams.open(env.outgoing as never, door);
  const pieces = outputPieces(project.places(), task, query.stream, { from, follow: true, signal: stream.signal });
  void send(stream, pieces).catch((error: unknown) => {
    daemon.log(`the output of ${task.taskId} of ${task.runId} cannot be followed: ${String(error)}`);
    stream.end();
  });
  return RESPONSE_ALREADY_SENT;
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
