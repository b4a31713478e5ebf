/**
 * Which process may write a registry: one at a time.
 *
 * Owns: the port. Does not own: taking it (store/registry-lock), refusing what a former owner still writes (ports/journal: every append is fenced).
 *
 * Invariant (L6): a generation has one owner for ever; whoever takes the next one proves, or a person asserts, that the former owner is gone.
 */

/** A registry, as this process owns it. */
export interface Ownership {
  /** In every record that this process writes. */
  readonly generation: number;
  /** The next owner need not prove anything. Idempotent. */
  release(): Promise<void>;
}
