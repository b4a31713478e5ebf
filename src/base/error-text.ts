/**
 * What was thrown, in words.
 *
 * Owns: that text. Does not own: what is told of an error of Pawl's own (model/error).
 */

/** The message of an error; of anything else that was thrown, its text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
