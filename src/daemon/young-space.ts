/**
 * The young generation of the heap stays small.
 *
 * Owns: that bound. Does not own: any other setting of V8.
 *
 * V8 doubles it up to 32 MiB while a start brings many short-lived objects, and does not give it back: that is a quarter of what an idle daemon would hold. Measured
 * in docs/benchmarks.md.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Smaller than that, what lives for a moment is moved among what lives long, and has to be collected there. */
const ENOUGH_BYTES = 4 * 1024 * 1024;

/** From now on the young generation does not grow, if it has what it needs; to be asked again while a process begins. */
export function keepYoungSpaceSmall(): void {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  if (young !== undefined && young.space_size >= ENOUGH_BYTES) setFlagsFromString('--semi-space-growth-factor=1');
}
