/**
 * Processor time, for tests that something costs no more than it must: other work on the machine does not count.
 *
 * Owns: that clock. Does not own: what is too much.
 */

/** Milliseconds of the processor, of this process and all of its threads, that `deed` takes. */
export function cpuMsOf(deed: () => void): number {
  const before = process.cpuUsage();
  deed();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
