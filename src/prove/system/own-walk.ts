/**
 * A walk that a system has for itself: it looks at what holds of no other system.
 *
 * Owns: what such a walk is and tells. Does not own: walking (the model of each system), the walk of every system (state-graph).
 */

/** What was walked, and what is wrong there. */
export interface Walked {
  readonly states: number;
  readonly steps: number;
  /** Each a sentence. */
  readonly faults: readonly string[];
}

/** A walk within bounds that its name tells. */
export interface OwnWalk {
  readonly name: string;
  readonly walk: () => Walked;
}
