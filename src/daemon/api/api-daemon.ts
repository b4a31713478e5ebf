/**
 * The daemon as its API sees it.
 *
 * Owns: that shape. Does not own: making it (daemon/core).
 */
import type { ChangeLog } from '../../store/change-log/change-log.ts';
import type { ProjectStore } from '../../store/home/projects.ts';
import type { Guards } from '../guards.ts';
import type { ProjectDirectory } from '../project-directory.ts';
import type { RequestCounts } from '../request-counts.ts';
import type { RunsDesk } from '../runs-desk.ts';
import type { Streams } from '../streams.ts';

/** What the handlers of the API work with. */
export interface ApiDaemon {
  readonly version: string;
  readonly startedAt: string;
  readonly generation: number;
  readonly projects: ProjectDirectory;
  readonly projectStore: ProjectStore;
  readonly runs: RunsDesk;
  readonly feed: ChangeLog;
  readonly guards: Pick<Guards, 'list'>;
  readonly streams: Streams;
  readonly requests: RequestCounts;
  readonly state: () => 'recovering' | 'ready' | 'stopping';
  /** Throws DAEMON_STARTING until it is known which projects there are: before that nothing can be said of them. */
  readonly assertStarted: () => void;
  /** Throws DAEMON_STOPPING when no new work is taken any more. */
  readonly assertAccepting: () => void;
  /** Begins the end; it goes on by itself. */
  readonly shutDown: () => void;
  readonly isToken: (given: string | null) => boolean;
  readonly log: (line: string) => void;
}
