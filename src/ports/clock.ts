/**
 * Time and chance, from outside.
 *
 * Owns: the port. Does not own: when anything is due (engine/effects/timers).
 */

/** Time and chance. */
export interface ClockPort {
  /** Milliseconds since the epoch; may step either way. */
  nowMs(): number;
  /** Milliseconds since the machine's boot, the same for all its processes: of a clock that never steps and does not count a suspended machine. */
  monotonicMs(): number;
  /** Calls `fire` once, `delayMs` from now. Returns the way to call it off. */
  timer(delayMs: number, fire: () => void): () => void;
  /** 32 random hex digits. */
  nonce(): string;
}
