/**
 * The heap of a process that runs for weeks stays near what it holds.
 *
 * Owns: those bounds. Does not own: any other setting of V8.
 *
 * V8 trades memory for time as a program does that ends soon. It doubles the young generation up to 32 MiB while a start brings many short-lived objects, and does not
 * give it back: a quarter of what an idle daemon would hold. And it lets the old one, which holds 50 MB, grow by 120 MB before it is collected. Measured in
 * docs/benchmarks.md.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Smaller than that, what lives for a moment is moved among what lives long, and has to be collected there. */
const ENOUGH_BYTES = 4 * 1024 * 1024;
/** By how much the old generation grows between two collections, in per cent of what the first has left. */
const GROWTH = 60;

/** From now on the young generation does not grow, if it has what it needs; to be asked again while a process begins. */
export function keepYoungSpaceSmall(): void {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  if (young !== undefined && young.space_size >= ENOUGH_BYTES) setFlagsFromString('--semi-space-growth-factor=1');
}

/** From now on the old generation is collected before it has doubled: for a process that has begun. */
export function collectOldSpaceSooner(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
}
