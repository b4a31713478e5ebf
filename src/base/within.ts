/**
 * Waiting for something no longer than a given time.
 *
 * Owns: that wait. Does not own: the clock, ending what takes too long.
 */

/** Calls back after so many milliseconds, unless what it returns is called before. */
export type Timer = (ms: number, callback: () => void) => () => void;

/** True when `work` has ended within that time. Rejects with what kept it from ending. */
export async function within(work: Promise<unknown>, timeoutMs: number, timer: Timer): Promise<boolean> {
  let callOff = (): void => undefined;
  const over = new Promise<'over'>((resolve) => {
    callOff = timer(timeoutMs, () => resolve('over'));
  });
  try {
    return (await Promise.race([work, over])) !== 'over';
  } finally {
    callOff();
  }
}
