/**
 * Waiting for an agent, never for ever.
 *
 * Owns: the deadline of a promise. Does not own: what is said when it passes (acp-client).
 */

/** The promise's value; rejected with what `late` makes when it takes longer. */
export async function within<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, refuse) => {
    timer = setTimeout(() => refuse(late()), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
