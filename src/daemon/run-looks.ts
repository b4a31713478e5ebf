/**
 * One run as it is shown over the API, by itself and once it has moved.
 *
 * Owns: what is told of a run beyond its view, waiting for its next record. Does not own: finding runs (daemon/runs-desk), the shapes (api/run-schema).
 */
import { failureNotes } from '../engine/failure-notes.ts';
import { recordsOf } from '../engine/run-look.ts';
import { rescueRefsOf } from '../run/attempts.ts';
import { decisionsOf } from '../run/run-story.ts';
import type { RunView } from '../run/run-view.ts';
import type { ApiDaemon } from './api/api-daemon.ts';
import { ApiError } from './api/problem.ts';
import type { RunStory, ShownRun } from './api/run-schema.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import type { Project } from './project-directory.ts';
import { type FoundRun, show } from './runs-desk.ts';
import { nextChange } from './wanted-changes.ts';

/** The run as it is shown. Throws PROJECT_UNAVAILABLE where its repository has gone. */
export function shownOne(project: Project, view: RunView): ShownRun {
  const [run] = show(project, [view]);
  if (run === undefined) throw unavailable(project);
  return run;
}

/** One run with what its journal and its files say beyond its state. Throws PROJECT_UNAVAILABLE where its repository has gone. */
export function storyOf(project: Project, view: RunView): RunStory {
  const run = shownOne(project, view);
  const place = project.place();
  if (place === null) throw unavailable(project);
  const failure = failureNotes(place, run);
  const records = recordsOf(place, view.runId);
  const notes = failure === null ? {} : { failure };
  return { ...run, ...notes, decisions: decisionsOf(records), rescueRefs: rescueRefsOf(records) };
}

function unavailable({ id }: Project): ApiError {
  return new ApiError('PROJECT_UNAVAILABLE', `The repository of ${id} has gone.`);
}

/** The run, as soon as it has a record after that one, has come to its end, or `waitMs` are over. */
export async function findMoved(
  daemon: ApiDaemon,
  { runId, project }: { readonly runId: string; readonly project: string | undefined },
  { after, waitMs }: { readonly after: number; readonly waitMs: number },
  signal: AbortSignal,
): Promise<FoundRun> {
  // Before the view: what changes it while it is being read is seen as a change.
  const place = { after: daemon.feed.head, system: runId };
  const found = await daemon.runs.find(runId, project);
  if (waitMs === 0 || found.view.seq > after || isOver(found.view)) return found;
  const waiting = daemon.streams.wait(Math.min(waitMs, DAEMON_BOUNDS.waitMs), signal);
  try {
    await nextChange(daemon, { ...place, project: found.project.id }, waiting.signal);
  } finally {
    waiting.end();
  }
  return daemon.runs.find(runId, found.project.id);
}

function isOver({ kind }: RunView): boolean {
  return kind === 'terminal' || kind === 'quarantined';
}
