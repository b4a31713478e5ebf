/**
 * Where a process is to die, be frozen or fail: the plan that the preloaded program follows.
 *
 * Owns: the plan's shape and the variable that carries it. Does not own: following it (preload/kill-point), making one (points).
 */

/** The variable that carries the plan as JSON; the process it is meant for takes it out, so that nobody inherits it. */
export const PLAN_VARIABLE = 'PAWL_PROVE_PLAN';

/** One operation, told by what it does. */
export interface Place {
  /** As Node names it: `writeSync`, `spawn`, … */
  readonly operation: string;
  /** What the description of the operation holds: a path below the run's folder, arguments. */
  readonly about: string;
  /** For a write, and a sync after it: texts that are all in the bytes. */
  readonly bytes?: readonly string[];
}

/** What happens to which process at which of its file operations and starts of children. */
export interface Plan {
  /** `smallFiles`: the daemon whose change feed has small files; every other daemon is a `runner`, the command line itself. */
  readonly role: 'runner' | 'host' | 'smallFiles';
  /** Which of the counted operations, from 1, what its description ends with, or the first that is at that place. */
  readonly at: number | string | Place;
  /** `partial`: half of the write is done. `fail`: once; `failOn`: from there on. `resume`: nothing, the first effect after a recovery is noted. */
  readonly when: 'count' | 'before' | 'after' | 'partial' | 'fail' | 'failOn' | 'resume';
  /** Killed at once (the default), or stopped until somebody decides. */
  readonly action?: 'kill' | 'stop';
  /** The system's code, for `fail` and `failOn`. */
  readonly error?: string;
  /** The host of this task alone. */
  readonly task?: string;
  /** A file that is made by the first process that is hit: no second one is. */
  readonly once?: string;
  /** A host takes the runner that started it with it. */
  readonly withParent?: boolean;
  /** Takes what was counted, and what was hit. */
  readonly log?: string;
  /** The folder around everything, left out of descriptions. */
  readonly root?: string;
}
