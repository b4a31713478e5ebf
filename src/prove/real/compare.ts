/**
 * Comparing the end of a run that was killed with that of one that nobody killed.
 *
 * Owns: what must be equal after which treatment. Does not own: reading an end (verdict).
 */
import type { SiteEnd } from './verdict.ts';

/** Compares an end with the one of a run that nobody killed. Returns what differs, each a sentence. */
export type Comparison = (end: SiteEnd, undisturbed: SiteEnd) => readonly string[];

/** Every part must be the same: what a kill of the runner alone must leave. */
export const isTheSame: Comparison = (end, undisturbed) =>
  (Object.keys(undisturbed) as (keyof SiteEnd)[])
    .filter((part) => JSON.stringify(sorted(end[part])) !== JSON.stringify(sorted(undisturbed[part])))
    .map((part) => `differs: ${part} is ${JSON.stringify(end[part])}, not ${JSON.stringify(undisturbed[part])}`);

/** The run ends in the same place, perhaps over more attempts, of which some were interrupted, lost, failed or out of time. */
export const endsAlikeAfterTrouble: Comparison = (end, undisturbed) => {
  const repeated = / (interrupted|lost|failed|timedOut)$/;
  return isTheSame(withoutRepeats(end, repeated), withoutRepeats(undisturbed, repeated));
};

/** An end without the attempts that were repeated, and without the numbers of the others. */
export function withoutRepeats(end: SiteEnd, repeated: RegExp): SiteEnd {
  const tasks = end.tasks.filter((task) => !repeated.test(task)).map((task) => task.replace(/-a\d+ /, ' '));
  // What a dead attempt left is kept under a ref of Pawl's own.
  return { ...end, tasks, witnessed: {}, refs: end.refs.filter((ref) => !ref.startsWith('refs/pawl/')) };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
