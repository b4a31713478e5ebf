/**
 * What is known of the place at which a run stands, without loading its machine.
 *
 * Owns: looking that up. Does not own: the table (model/state-table), the places' names (run/run-view).
 * Free of xstate and zod: `status` must start fast.
 */
import { RUN_STATES } from '../model/state-table.ts';
import type { RunTag } from '../model/state-tag.ts';

/** A place of a run: its state at the top, and the state inside that. */
export interface RunPlace {
  readonly state: string;
  readonly substate: string | null;
}

/** True when a run that stands there has the tag; false of a place that no run has, as of one that is set aside. */
export function isTagged({ state, substate }: RunPlace, tag: RunTag): boolean {
  const facts = RUN_STATES[substate === null ? state : `${state}.${substate}`];
  return facts?.tags.includes(tag) === true;
}
