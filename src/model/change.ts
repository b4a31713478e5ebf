/**
 * What has changed on this machine, as clients follow it.
 *
 * Owns: those shapes. Does not own: keeping them (store/change-log), which changes a record comes to (run/run-changes). Free of zod.
 */
import type { JsonObject } from '../base/canonical-json.ts';

/** Types of changes. More will come, for sessions, messages and pull requests: a client passes over what it does not know. */
const CHANGE_TYPES = [
  'project_added',
  'project_updated',
  'project_removed',
  'run_created',
  'run_updated',
  'run_removed',
  'task_requested',
  'task_started',
  'task_settled',
  'gate_judged',
  'command_decided',
  'guard_changed',
] as const;
/** One of them. */
export type ChangeType = (typeof CHANGE_TYPES)[number];

/** A change that has no place in the feed yet. */
export interface ChangeDraft {
  readonly type: ChangeType;
  /** The id of its project; empty for what concerns the daemon itself. */
  readonly project: string;
  /** The id of its run; null where it concerns none. */
  readonly system: string | null;
  readonly atMs: number;
  /** What has changed, by type. */
  readonly data: JsonObject;
}

/** A change with its place in the feed: one more than that of the change before it. */
export interface Change extends ChangeDraft {
  readonly seq: number;
}

/** The record that changes come from. */
export interface ChangeSourceRecord {
  readonly project: string;
  /**
   * The run. Empty: that the project is registered, told before its runs are followed. `asideOf` a run: the registers that set it aside (1) and end that (2), which
   * its journal does not hold.
   */
  readonly system: string;
  /** Its sequence in its journal; 0: no record, but that the run is gone and everything that was taken of it is over. */
  readonly seq: number;
}

const ASIDE = '/aside';

/** In the place of a run in the source of a change: what sets it aside. No run has such an id. */
export function asideOf(runId: string): string {
  return `${runId}${ASIDE}`;
}

/** True for what `asideOf` gives. */
export function isAside(system: string): boolean {
  return system.endsWith(ASIDE);
}

/** Changes that come together: all of them are in the feed, or none. */
export interface ChangeBatch {
  /** Null: no record of a run. */
  readonly source: ChangeSourceRecord | null;
  readonly changes: readonly ChangeDraft[];
}
