/**
 * The newest changes of the feed in memory, each with its text.
 *
 * Owns: which are kept. Does not own: the others (store/change-log/segment-folder reads them from their files).
 *
 * Invariant (L9): bounded in number and length; what is kept is without a gap.
 */
import type { Change } from '../../model/change.ts';

/** A change and its JSON text. */
export interface TextChange {
  readonly change: Change;
  readonly text: string;
}

/** Keeps the newest changes. */
export class RecentChanges {
  readonly #countMax: number;
  readonly #charsMax: number;
  #kept: TextChange[] = [];
  /** What is before it is no longer kept; it is cut off when it is half of all, not one by one. */
  #from = 0;
  #chars = 0;

  constructor(countMax: number, charsMax: number) {
    this.#countMax = countMax;
    this.#charsMax = charsMax;
  }

  push(change: TextChange): void {
    this.#kept.push(change);
    this.#chars += change.text.length;
    while (
      this.#kept.length - this.#from > 1 &&
      (this.#kept.length - this.#from > this.#countMax || this.#chars > this.#charsMax)
    ) {
      this.#chars -= this.#kept[this.#from]?.text.length ?? 0;
      this.#from += 1;
    }
    if (this.#from * 2 < this.#kept.length) return;
    this.#kept = this.#kept.slice(this.#from);
    this.#from = 0;
  }

  /** Those after `after`, at most so many; null where the first of them is no longer kept. */
  after(after: number, countMax: number): readonly TextChange[] | null {
    const first = this.#kept[this.#from]?.change.seq;
    if (first === undefined || after + 1 < first) return null;
    const at = this.#from + (after + 1 - first);
    return this.#kept.slice(at, at + countMax);
  }
}
