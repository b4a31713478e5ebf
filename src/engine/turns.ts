/**
 * First come, first served, however long preparations take.
 *
 * Owns: the queue of waiters. Does not own: what they wait for (engine/slots, engine/leases).
 *
 * Invariant: whoever leaves wakes at most one other: the queue may be long.
 */

/** A place in the queue. */
export interface Place {
  /** Resolves to true once everyone ahead has left, to false when `signal` aborts first. */
  reached(signal: AbortSignal): Promise<boolean>;
  /** Lets the next one go. Idempotent. */
  leave(): void;
}

/** Someone in the queue, and what to call when everyone ahead has left. */
interface Waiter {
  reach: () => void;
}

/** A queue whose members go one after another. */
export class Turns {
  readonly #line = new Set<Waiter>();

  /** A place behind everyone who is in the queue now. */
  join(): Place {
    const waiter: Waiter = { reach: () => undefined };
    this.#line.add(waiter);
    return {
      reached: (signal) => this.#reached(waiter, signal),
      leave: () => {
        const wasFirst = this.#first === waiter;
        if (this.#line.delete(waiter) && wasFirst) this.#first?.reach();
      },
    };
  }

  get #first(): Waiter | undefined {
    return this.#line.values().next().value;
  }

  #reached(waiter: Waiter, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#first === waiter) return Promise.resolve(!signal.aborted);
    return new Promise((resolve) => {
      const settle = (): void => {
        signal.removeEventListener('abort', settle);
        waiter.reach = () => undefined;
        resolve(!signal.aborted);
      };
      waiter.reach = settle;
      signal.addEventListener('abort', settle, { once: true });
    });
  }
}
