/**
 * How many runs are driven at once.
 *
 * Owns: the slots and who waits for one. Does not own: when a run lets go (engine/driver).
 */

/** The slots of runs that are driven at once; no run holds two. */
export class Slots {
  readonly #max: number;
  readonly #holders = new Set<string>();
  readonly #waiting: { readonly runId: string; readonly grant: () => void }[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Resolves to true once the run holds a slot (at once if it does already), to false when `signal` aborts first. */
  async take(runId: string, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#holders.has(runId)) return true;
    if (this.#holders.size < this.#max) {
      this.#holders.add(runId);
      return true;
    }
    return new Promise((resolve) => {
      const entry = { runId, grant: () => resolve(true) };
      this.#waiting.push(entry);
      signal.addEventListener(
        'abort',
        () => {
          const at = this.#waiting.indexOf(entry);
          if (at >= 0) this.#waiting.splice(at, 1);
          resolve(false);
        },
        { once: true },
      );
    });
  }

  /** The run's slot, if it holds one, goes to the run that has waited longest. */
  release(runId: string): void {
    if (!this.#holders.delete(runId)) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#holders.add(next.runId);
    next.grant();
  }
}
