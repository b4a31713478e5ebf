/**
 * Deeds that are done one after another.
 *
 * Owns: their order. Does not own: what they do.
 *
 * Invariant: a deed that fails fails for whoever added it, and the next one is done all the same.
 */

/** The line of those deeds. */
export class Line {
  #last: Promise<unknown> = Promise.resolve();

  /** Does `deed` once those before it are over; what it comes to. */
  add<T>(deed: () => Promise<T>): Promise<T> {
    const done = this.#last.then(deed);
    this.#last = Promise.allSettled([done]);
    return done;
  }

  /** Resolves when nothing is being done any more. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
