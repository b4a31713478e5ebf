/**
 * Telling the operator, outside the terminal, the outcome of a run.
 *
 * Owns: the port and the content of a notice. Does not own: when a notice is sent (engine/notices), how (adapters/processes/notifier).
 */

/** The outcomes of a run that its operator is notified of. */
export type NoticeEvent = 'done' | 'blocked' | 'failed' | 'quarantined';

/** One fact; every text in it is one line without hidden characters, with likely secrets masked. */
export interface Notice {
  readonly v: 1;
  readonly event: NoticeEvent;
  readonly runId: string;
  readonly taskId: string;
  readonly state: string;
  readonly branch: string;
  /** The last commit of the run; null before there is one. */
  readonly commit: string | null;
  /** The reasons, the cause first; empty for a run that is done. */
  readonly reasons: readonly { readonly code: string; readonly message: string }[];
  /** What can be run next, each a whole command. */
  readonly commands: readonly string[];
  /** Where the evidence is; null where there is none yet. */
  readonly evidence: string | null;
  readonly registry: string;
  readonly atMs: number;
}

/** A way to notify the operator. */
export interface NotifierPort {
  /** Null once the notice was sent, else why not. Ends within a bound. */
  tell(notice: Notice): Promise<string | null>;
}
