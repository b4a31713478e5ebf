/**
 * How a program ended, in two words.
 *
 * Owns: those words. Does not own: what an end means (turn/conclusion).
 */

/** How a program ended. */
export function exitWords({ exitCode, signal }: { readonly exitCode: number | null; readonly signal: string | null }) {
  return signal === null ? `exit ${exitCode ?? 'unknown'}` : `signal ${signal}`;
}
