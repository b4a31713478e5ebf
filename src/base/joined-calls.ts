/**
 * One answer for all who ask at the same time.
 *
 * Owns: which call answers whom. Does not own: what is asked.
 *
 * Invariant: an answer is never older than its question: whoever asks while a call is under way gets the next one, together with all others who ask meanwhile.
 */

/** `ask`, of which at most one call is under way at a time. What a call fails with, all who share it are told. */
export function joinedCalls<T>(ask: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  let next: Promise<T> | null = null;
  const begin = (): Promise<T> => {
    const call = ask();
    running = call;
    const over = (): void => {
      if (running === call) running = null;
    };
    call.then(over, over);
    return call;
  };
  const afterwards = async (call: Promise<T>): Promise<T> => {
    await Promise.allSettled([call]);
    next = null;
    return begin();
  };
  return () => {
    if (next !== null) return next;
    if (running === null) return begin();
    next = afterwards(running);
    return next;
  };
}
