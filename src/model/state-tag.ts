/**
 * What the states of the machines are to whoever looks from outside, without knowing the states.
 *
 * Owns: the tags and what each of them says. Does not own: which state has which (machines; as plain data: model/state-table).
 */

/** What a state of a run is. */
export type RunTag =
  /** Something is under way. */
  | 'working'
  /** Continues by itself, when the clock, a slot or another run lets it. */
  | 'waiting'
  /** Stands until a person decides. */
  | 'parked'
  /** Nothing of it moves or is held any more. */
  | 'ended'
  /** Left as soon as it is entered: no snapshot stands here. */
  | 'transient';

/** What a state of a task is. */
export type TaskTag =
  /** It has ended, and the end is accepted. */
  | 'settled'
  /** Whether its worker still lives cannot be told. */
  | 'doubtful';

/** A state as plain data. */
export interface StateFacts {
  /** Its own, and those of the states around it. */
  readonly tags: readonly (RunTag | TaskTag)[];
  /** One sentence for people. */
  readonly description: string;
}
