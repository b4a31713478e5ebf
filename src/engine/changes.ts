/**
 * Something has changed: everyone who waits for that is woken, however many they are.
 *
 * Owns: who waits, the order in which they are woken. Does not own: what has changed: whoever is woken looks for itself.
 *
 * Invariants: 1. A waiter is woken by the next announcement after it began to wait, or by its signal, and forgotten then. 2. A waiter
 * never displaces another one; who has waited longest is woken first.
 */

/** Whoever waits for the next change, in the order of waiting. */
export class Changes {
  #waiters: (() => void)[] = [];

  /** Everyone who waits now looks again. */
  announce(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  /** Resolves at the next change, or when `signal` aborts. */
  next(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const wake = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiters = this.#waiters.filter((each) => each !== wake);
        wake();
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiters.push(wake);
    });
  }
}
