/**
 * The bounds of whoever waits for the daemon from outside (L9).
 *
 * Owns: these numbers. Does not own: the daemon's own bounds.
 */

/** Bounds of looking at the daemon, starting it and stopping it. */
export const CLIENT_BOUNDS = {
  /** Until the whole of an answer about its health must be there. */
  answerMs: 2_000,
  answerBytes: 64 * 1024,
  /** What it tells of runs and their output at a time. */
  lookBytes: 64 * 1024 * 1024,
  /** How long it is asked to wait for something new, before it says that there is nothing. */
  waitMs: 2_000,
  /** From taking the lock until it listens. */
  listenMs: 60_000,
  /** Between two looks of whoever waits. */
  pollMs: 50,
  startMs: 30_000,
  stopMs: 30_000,
  /** What is shown of the log of a daemon that did not become ready. */
  logBytes: 8 * 1024,
  logLines: 10,
  logChars: 2_000,
} as const;
