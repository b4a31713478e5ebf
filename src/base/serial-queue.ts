/**
 * A queue that runs asynchronous functions one at a time.
 *
 * Owns: their order. Does not own: what they do.
 *
 * Invariant: a function that fails rejects only for whoever added it, and the next one still runs.
 */

/** Runs functions one after another, in the order in which they were added. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `body` once those before it have finished; resolves to its result. */
  add<T>(body: () => Promise<T>): Promise<T> {
    const done = this.#last.then(body);
    this.#last = Promise.allSettled([done]);
    return done;
  }

  /** Resolves when nothing is running any more. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
