/**
 * Where a passed run is handed off to.
 *
 * Owns: the port. Does not own: the bundle's content (run/handoff/bundle).
 */

/** The evidence of a passed run, for programs and for people. */
export interface HandoffBundle {
  readonly runId: string;
  /** The evidence as canonical JSON text. */
  readonly json: string;
  /** The same for people. */
  readonly markdown: string;
}

/** Where the handoff is, once it is done. */
export interface HandoffResult {
  /** Relative to the run's folder. */
  readonly artifact: string;
  readonly sha256: string;
  /** What the operator opens: a path or an address. */
  readonly reference: string;
}

/** A target of handoffs. */
export interface ScmPort {
  readonly name: string;
  /** Idempotent: the same bundle handed off twice is one handoff. */
  project(bundle: HandoffBundle): Promise<HandoffResult>;
}
