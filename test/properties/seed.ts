/**
 * How often a property is tried, and from which seed.
 *
 * Owns: that. Does not own: the seed (support/draw), the properties.
 */
import type { Parameters } from 'fast-check';
import { SEED } from '../support/draw.ts';

/** The parameters of one property: it is tried `numRuns` times; a failure is shrunk and told with its seed. */
export function seeded<T>(numRuns: number): Parameters<T> & { readonly seed: number } {
  return { seed: SEED, numRuns, endOnFailure: false };
}
