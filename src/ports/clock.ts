/**
 * Time and chance, from outside.
 *
 * Owns: the port. Does not own: when anything is due (engine/effects/timers).
 */

/** Time and chance. */
export interface ClockPort {
  /** Milliseconds since the epoch; may step either way. */
  nowMs(): number;
  /** Milliseconds since the machine's boot, the same for all its processes, on a clock that never steps and stops while the machine is suspended. */
  monotonicMs(): number;
  /** Calls `fire` once, `delayMs` from now. Returns a function that cancels it. */
  timer(delayMs: number, fire: () => void): () => void;
  /** 32 random hex digits. */
  nonce(): string;
}
