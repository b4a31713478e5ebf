/**
 * Reading the runs of one registry: what the commands that only look are written against.
 *
 * Owns: that port, and the shapes of what is read. Does not own: reading files (app/reading/file-run-reader), asking a daemon (client/daemon-run-reader), which of
 * the two it is (cli/present-reader). Free of zod and xstate: `status` starts with it.
 *
 * Invariant: of the same registry every reader gives the same; one contract holds for all of them.
 */
import type { JournalRecord } from '../../model/record.ts';
import type { DriverFacts } from '../../run/next-actions.ts';
import type { MadeDecision } from '../../run/run-story.ts';
import type { RunView } from '../../run/run-view.ts';
import type { OutputPiece, StreamName, StreamReading, TaskName } from '../reading-output.ts';
import type { LoggedTask, LoggedTasks } from '../tasks-of-run.ts';

/** All runs of a registry as they are shown, by their ids, and who drives it. */
export interface ShownRegistry {
  readonly driver: DriverFacts;
  readonly runs: readonly RunView[];
}

/** One run as it is shown, with what its journal says beyond its state. */
export interface ShownStory {
  readonly driver: DriverFacts;
  /** With why it has stopped, where it has; null where the folder of that name holds no run. */
  readonly run: RunView | null;
  readonly decisions: readonly MadeDecision[];
  /** The refs that keep what was found in the place of its work, oldest first. */
  readonly rescueRefs: readonly string[];
}

/** A record of a journal as it is told. */
export interface ToldRecord extends Pick<JournalRecord, 'seq' | 'atMs' | 'actor' | 'event'> {
  readonly effects: readonly { readonly key: string; readonly kind: string }[];
}

/** Reads the runs of one registry. */
export interface RunReader {
  /** All runs. */
  registry(): Promise<ShownRegistry>;
  /** One run. */
  story(runId: string): Promise<ShownStory>;
  /** What the run has come to; null where that cannot be told cheaply. */
  standing(runId: string): Promise<RunView | null>;
  /** The records that there are. */
  records(runId: string): Promise<readonly ToldRecord[]>;
  /** Every record after `after`, once and in order, until the run has ended or is set aside and all of them were given. */
  follow(runId: string, after: number): AsyncGenerator<ToldRecord, void, void>;
  /** Its tasks. */
  tasks(runId: string): Promise<LoggedTasks>;
  /** The same, and again whenever the run may have moved, until it is over. */
  followTasks(runId: string, signal: AbortSignal): AsyncGenerator<LoggedTasks, void, void>;
  /** One task. */
  task(name: TaskName): Promise<LoggedTask>;
  /** What it has printed, as `outputPieces` gives it. */
  output(name: TaskName, stream: StreamName, reading: StreamReading): AsyncGenerator<OutputPiece, void, void>;
}
