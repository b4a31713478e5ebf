/**
 * Ends of runs that were disturbed, compared with one that nobody disturbed: what a host's death must leave.
 *
 * Owns: which attempts are left out of the comparison. Does not own: comparing (src/prove/real/compare).
 */
import { type Comparison, isTheSame, withoutRepeats } from '../../src/prove/real/compare.ts';

/**
 * The run ends in the same place, perhaps over more attempts: interrupted and lost ones are left out, and so are attempt numbers. What a host's
 * death must leave.
 */
export const endsAlike: Comparison = (end, undisturbed) =>
  isTheSame(withoutRepeats(end, / (interrupted|lost)$/), withoutRepeats(undisturbed, / (interrupted|lost)$/));

/** The same, where an attempt may also have failed. */
export const endsAlikeAfterFailures: Comparison = (end, undisturbed) =>
  isTheSame(withoutRepeats(end, / (interrupted|lost|failed)$/), withoutRepeats(undisturbed, / failed$/));
