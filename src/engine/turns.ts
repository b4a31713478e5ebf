/**
 * First come, first served, however long preparations take.
 *
 * Owns: the queue of waiters. Does not own: what they wait for (engine/slots, engine/leases).
 */
import { Changes } from './changes.ts';

/** A place in the queue. */
export interface Place {
  /** Resolves to true once everyone ahead has left, to false when `signal` aborts first. */
  reached(signal: AbortSignal): Promise<boolean>;
  /** Lets the next one go. Idempotent. */
  leave(): void;
}

/** A queue whose members go one after another. */
export class Turns {
  readonly #line: symbol[] = [];
  readonly #changes = new Changes();

  /** A place behind everyone who is in the queue now. */
  join(): Place {
    const place = Symbol('place');
    this.#line.push(place);
    return {
      reached: async (signal) => {
        while (!signal.aborted && this.#line[0] !== place) await this.#changes.next(signal);
        return !signal.aborted;
      },
      leave: () => {
        const at = this.#line.indexOf(place);
        if (at < 0) return;
        this.#line.splice(at, 1);
        this.#changes.announce();
      },
    };
  }
}
