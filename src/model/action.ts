/**
 * What somebody can do next, as data.
 *
 * Owns: the shape. Does not own: which actions there are (run/next-actions), quoting (base/shell-words).
 */

/** What an action is for; programs choose by it. */
export type ActionKind =
  | 'none'
  /** The run is driven, or waits for what is driven: nothing to do. */
  | 'driven'
  | 'waitForSurface'
  | 'waitForAgent'
  | 'run'
  | 'configureAgent'
  | 'retry'
  | 'accept'
  | 'abandon'
  | 'cancel'
  | 'review'
  | 'inspect'
  | 'intakeAgain'
  | 'completePacket'
  /** Another version of Pawl has to do it. */
  | 'otherVersion'
  | 'replacePacket'
  | 'moveBranch'
  | 'takeOver'
  | 'look';

/** One thing to do. */
export interface Action {
  readonly kind: ActionKind;
  /** What it does or what it waits for, in a few words. */
  readonly label: string;
  /** The command, complete; null where there is none to run. */
  readonly argv: readonly string[] | null;
  /** `argv` quoted for a POSIX shell: it can be pasted as it stands. */
  readonly command: string | null;
}
