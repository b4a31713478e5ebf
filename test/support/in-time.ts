/**
 * A promise that a test waits for, and not for ever.
 *
 * Owns: the deadline and what is said when it has passed. Does not own: waiting for facts (support/pawl-cli), the limit of a whole test.
 */

/** Far beyond what anything takes that waits for no other process, on a busy machine too. */
const DEADLINE_MS = 5_000;

/** Ends as `promise` does; rejects, naming `what`, where it has not ended in time. */
export function inTime<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} has not ended within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  const ended = Promise.race([promise, late]).finally(() => clearTimeout(timer));
  ended.catch(() => undefined); // Whoever awaits it gets the rejection; a test that has failed meanwhile does not.
  return ended;
}
