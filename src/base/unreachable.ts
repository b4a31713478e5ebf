/**
 * The end of every switch over a closed union.
 *
 * Owns: the assertion. Does not own: anything else.
 */

/** Throws: a value outside of its type has arrived, which is our bug (exit 1). */
export function unreachable(value: never): never {
  throw new Error(`bug: a case that cannot exist: ${JSON.stringify(value)}`);
}
