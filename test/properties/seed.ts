/**
 * The seed of property tests: by chance, or PAWL_TEST_SEED to do the same again; always printed.
 *
 * Owns: that. Does not own: the properties.
 */
import type { Parameters } from 'fast-check';

/** The parameters of one property: it is tried `numRuns` times; a failure is shrunk and told with its seed. */
export function seeded<T>(numRuns: number): Parameters<T> & { readonly seed: number } {
  const seed = Number(process.env.PAWL_TEST_SEED ?? Date.now() % 1_000_000);
  console.log(`PAWL_TEST_SEED=${seed}`);
  return { seed, numRuns, endOnFailure: false };
}
