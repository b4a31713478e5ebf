/**
 * How a driver drives, and its callbacks.
 *
 * Owns: that shape. Does not own: driving (engine/driver).
 */
import type { JournalRecord } from '../model/record.ts';
import type { RunView } from '../run/run-view.ts';
import type { LiveRun } from './live-run.ts';

/** How a driver drives. */
export interface DriverOptions {
  readonly maxParallel: number;
  readonly agentOverride: string | null;
  /** Runs that end are kept as their views alone: for a process that drives on for weeks. */
  readonly letsEndedGo?: boolean;
  /** Called after every record, for a live view. */
  readonly onRecord?: (run: LiveRun, record: JournalRecord) => void;
  /** Called for every run that is loaded, before anything of it is settled. */
  readonly onBroughtBack?: (run: LiveRun) => void;
  /** Called for every run that is set aside, now or before. */
  readonly onAside?: (view: RunView) => void;
  /** Called for every run whose folder was removed while it was known here. */
  readonly onRemoved?: (runId: string) => void;
}
