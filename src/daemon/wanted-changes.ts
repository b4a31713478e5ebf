/**
 * The changes that somebody wants of the feed.
 *
 * Owns: filters, following the feed from a place in it, waiting for a change of one run. Does not own: the feed (store/change-log), sending changes (daemon/change-stream, daemon/mux-channels).
 */
import type { Change } from '../model/change.ts';
import type { ChangeLog, FeedReading } from '../store/change-log/change-log.ts';
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

/** What following the feed gives: changes that were read together, or that some are missing and it goes on behind them. */
export type FeedPart = Extract<FeedReading, { kind: 'changes' } | { kind: 'resync' }>;

/** The changes after that place that the filter lets through, and those to come, until `signal` aborts. The next are read when the last ones were taken. */
export async function* followed(
  feed: Pick<ChangeLog, 'read' | 'next'>,
  from: number,
  filter: ChangeFilter,
  signal: AbortSignal,
): AsyncGenerator<FeedPart> {
  let after = from;
  while (!signal.aborted) {
    const read = await feed.read(after, { limit: DAEMON_BOUNDS.changesAtOnce, filter });
    if (read.kind === 'resync' || read.changes.length > 0) yield read;
    const next = read.kind === 'resync' ? read.cursor : read.next;
    if (read.kind === 'changes' && next === after) await feed.next(after, signal);
    after = next;
  }
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
