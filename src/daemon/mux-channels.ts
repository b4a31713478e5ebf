/**
 * What each kind of channel of `/mux` tells, message by message.
 *
 * Owns: following the feed, a run's view, a task's output for one channel. Does not own: the socket and its pace (daemon/mux-session), the feed
 * (store/change-log), runs (daemon/runs-desk), reading output (app/reading-output).
 *
 * Invariants: 1. The next message is made when the last one was taken: nothing is queued for a client. 2. Whoever opens a channel again with the last `cursor` or
 * `next` misses nothing and gets nothing twice. 3. A view is told again when the feed says that it has changed; views in between may be passed over, the last one is not.
 */
import { outputPieces } from '../app/reading-output.ts';
import type { ApiDaemon } from './api/api-daemon.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import type { Told, WantedChannel } from './mux-messages.ts';
import { taskIn } from './output-stream.ts';
import type { FoundRun } from './runs-desk.ts';
import { show } from './runs-desk.ts';
import { filterOf, followed, nextChange } from './wanted-changes.ts';
import { WholeCharacters } from './whole-characters.ts';

type Wanted<Kind extends WantedChannel['kind']> = Extract<WantedChannel, { kind: Kind }>;

/** What the channel tells; ends by itself or when `signal` aborts. Throws what keeps it from being opened or from going on. */
export function toldBy(daemon: ApiDaemon, wanted: WantedChannel, signal: AbortSignal): AsyncGenerator<Told> {
  switch (wanted.kind) {
    case 'changes':
      return changes(daemon, wanted, signal);
    case 'run':
      return views(daemon, wanted, signal);
    case 'output':
      return output(daemon, wanted, signal);
  }
}

async function* changes({ feed }: ApiDaemon, wanted: Wanted<'changes'>, signal: AbortSignal): AsyncGenerator<Told> {
  const after = wanted.after ?? feed.head;
  yield { type: 'opened', cursor: after };
  for await (const part of followed(feed, after, filterOf(wanted), signal)) {
    if (part.kind === 'resync') yield { type: 'resync', cursor: part.cursor, reason: part.reason };
    else for (const { change } of part.changes) yield { type: 'change', cursor: change.seq, change };
  }
}

async function* views(daemon: ApiDaemon, wanted: Wanted<'run'>, signal: AbortSignal): AsyncGenerator<Told> {
  const { feed } = daemon;
  // Before the view: what changes it while it is being read is seen as a change.
  let after = feed.head;
  let found = await daemon.runs.find(wanted.run, wanted.project);
  const system = found.view.runId;
  const project = found.project.id;
  yield { type: 'opened' };
  while (!signal.aborted) {
    yield* shown(found);
    after = await nextChange(daemon, { after, project, system }, signal);
    if (!signal.aborted) found = await daemon.runs.find(system, project);
  }
}

function* shown({ project, view }: FoundRun): Generator<Told> {
  for (const run of show(project, [view])) yield { type: 'run', run };
}

async function* output(daemon: ApiDaemon, wanted: Wanted<'output'>, signal: AbortSignal): AsyncGenerator<Told> {
  const { from, stream } = wanted;
  const { project, view } = await daemon.runs.find(wanted.run, wanted.project);
  const task = { runId: view.runId, taskId: taskIn(view, wanted.task) };
  yield { type: 'opened', from };
  const whole = new WholeCharacters();
  const told = ({ at, text, next }: ReturnType<WholeCharacters['take']>): Told[] =>
    text === '' ? [] : [{ type: 'output', from: at, next, text }];
  for await (const piece of outputPieces(project.places(), task, stream, { from, follow: true, signal })) {
    for (let at = 0; at < piece.bytes.length; at += DAEMON_BOUNDS.muxOutputBytes)
      yield* told(whole.take(piece.from + at, piece.bytes.subarray(at, at + DAEMON_BOUNDS.muxOutputBytes)));
  }
  yield* told(whole.rest());
}
