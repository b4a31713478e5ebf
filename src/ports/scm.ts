/**
 * Where a passed run is handed off to.
 *
 * Owns: the port. Does not own: the bundle's content (core/handoff).
 */

export interface HandoffBundle {
  readonly runId: string;
  /** The evidence as canonical JSON text. */
  readonly json: string;
  /** The same for people. */
  readonly markdown: string;
}

export interface HandoffResult {
  /** Relative to the run's folder. */
  readonly artifact: string;
  readonly sha256: string;
  /** What the operator opens: a path or an address. */
  readonly reference: string;
}

export interface ScmPort {
  readonly name: string;
  /** Idempotent: the same bundle handed off twice is one handoff. */
  project(bundle: HandoffBundle): Promise<HandoffResult>;
}
