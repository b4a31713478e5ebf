/**
 * Facts about the state of a run, without loading its machine.
 *
 * Owns: looking them up. Does not own: the table (model/state-table), the names of places (run/run-view).
 * Free of xstate and zod: `status` must start fast.
 */
import { RUN_STATES } from '../model/state-table.ts';
import type { RunTag } from '../model/state-tag.ts';

/** A place of a run: its top-level state, and the state inside that. */
export interface RunPlace {
  readonly state: string;
  readonly substate: string | null;
}

/** True when a run at that place has the tag; false for a place that no run has, such as that of a run that is set aside. */
export function isTagged({ state, substate }: RunPlace, tag: RunTag): boolean {
  const facts = RUN_STATES[substate === null ? state : `${state}.${substate}`];
  return facts?.tags.includes(tag) === true;
}
