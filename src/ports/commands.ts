/**
 * Commands that a program runs one after another, and whose output is its own.
 *
 * Owns: the port. Does not own: which commands, and what their ends mean (host/verification-command).
 *
 * Invariants: 1. No shell. 2. A command stays in the process group and the tree of who runs it: whoever ends that ends it too.
 */

/** What to run. */
export interface CommandStart {
  readonly argv: readonly [string, ...string[]];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a command came to its end. */
export type CommandEnd =
  /** Exactly one of the two is not null. */
  | { readonly kind: 'exited'; readonly exitCode: number | null; readonly signal: string | null }
  /** Nothing was executed; the system's code for why, null where it has told none. */
  | { readonly kind: 'notStarted'; readonly code: string | null };

/** Runs commands in the current folder. */
export interface CommandsPort {
  /**
   * Resolves when the command has exited and what it has written by then is read, never rejects for what it does. Standard input is empty; standard output and
   * standard error go to the caller's output as they come, no faster than that takes them, and to `hear` as text.
   */
  run(start: CommandStart, hear: (text: string) => void): Promise<CommandEnd>;
}
