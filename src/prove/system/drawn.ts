/**
 * A part of what would be too much to try.
 *
 * Owns: drawing it. Does not own: how large it is.
 */
import { random } from '../memory/memory-nodes.ts';

/** At most `max` of them, drawn by the seed; all of them in their order where there are no more. */
export function drawn<T>(all: readonly T[], max: number, seed: number): readonly T[] {
  if (all.length <= max) return all;
  const chance = random(seed);
  return all
    .map((each) => ({ each, rank: chance() }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, max)
    .map(({ each }) => each);
}
