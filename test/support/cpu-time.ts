/**
 * Processor time, for tests that something costs no more than it must: other work on the machine does not count.
 *
 * Owns: that clock. Does not own: what is too much.
 */

/** Milliseconds of the processor, of this process and all of its threads, that `body` uses. */
export function cpuMsOf(body: () => void): number {
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
