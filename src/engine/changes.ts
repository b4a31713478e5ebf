/**
 * Announces changes: wakes all waiters, however many there are.
 *
 * Owns: the waiters, the order in which they are woken. Does not own: what has changed, which each waiter checks itself.
 *
 * Invariants: 1. A waiter is woken by the next announcement after it began to wait, or by its signal, and forgotten then. 2. A waiter
 * never displaces another one; the one that has waited longest is woken first.
 */

/** The waiters for the next change, in the order of waiting. */
export class Changes {
  #waiters: (() => void)[] = [];

  /** All current waiters check again. */
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
