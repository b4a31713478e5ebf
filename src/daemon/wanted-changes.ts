/**
 * The changes that somebody wants of the feed.
 *
 * Owns: filters, waiting for a change of one run. Does not own: the feed (store/change-log), sending changes (daemon/change-stream, daemon/mux-channels).
 */
import type { Change } from '../model/change.ts';
import type { ApiDaemon } from './api/api-daemon.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';

/** Which changes a client wants. */
export type ChangeFilter = (change: Change) => boolean;

/** What a client says of the changes that it wants; what it does not say leaves all through. */
export interface WantedChanges {
  readonly project?: string | undefined;
  readonly system?: string | undefined;
  readonly types?: readonly string[] | undefined;
}

/** The filter that lets those changes through. */
export function filterOf({ project, system, types }: WantedChanges): ChangeFilter {
  return (change) =>
    (project === undefined || change.project === project) &&
    (system === undefined || change.system === system) &&
    (types === undefined || types.includes(change.type));
}

/** Resolves when the feed has told of the run again, to the place up to which it was read. */
export async function nextChange(
  { feed }: Pick<ApiDaemon, 'feed'>,
  { after, project, system }: { readonly after: number; readonly project: string; readonly system: string },
  signal: AbortSignal,
): Promise<number> {
  const filter = filterOf({ project, system });
  let at = after;
  let hasChanged = false;
  while (!signal.aborted) {
    const read = await feed.read(at, { limit: DAEMON_BOUNDS.changesAtOnce, filter });
    if (read.kind === 'resync') return read.cursor;
    hasChanged ||= read.changes.length > 0;
    // All that is there already is one change of the view.
    if (read.next === at && hasChanged) return at;
    if (read.next === at) await feed.next(at, signal);
    at = read.next;
  }
  return at;
}
