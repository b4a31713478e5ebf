/**
 * Telling the operator, outside of the terminal, what became of a run.
 *
 * Owns: the port and what is told. Does not own: when something is told (engine/notices), how (adapters/processes/notifier).
 */

/** What can become of a run that its operator wants to hear of. */
export type NoticeEvent = 'done' | 'blocked' | 'failed' | 'quarantined';

/** One fact, every text in it on one line and with nothing hidden, likely secrets masked. */
export interface Notice {
  readonly v: 1;
  readonly event: NoticeEvent;
  readonly runId: string;
  readonly taskId: string;
  readonly state: string;
  readonly branch: string;
  /** The last commit of the run; null before there is one. */
  readonly commit: string | null;
  /** Why, the cause first; none of a run that is done. */
  readonly reasons: readonly { readonly code: string; readonly message: string }[];
  /** What can be run next, each a whole command. */
  readonly commands: readonly string[];
  /** Where the evidence is; null where there is none yet. */
  readonly evidence: string | null;
  readonly registry: string;
  readonly atMs: number;
}

/** A way to tell. */
export interface NotifierPort {
  /** Null once it was told, else why not. Ends within a bound. */
  tell(notice: Notice): Promise<string | null>;
}
