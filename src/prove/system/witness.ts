/**
 * What was seen of an engine that is proven: the effects that it performed, what it acknowledged, what broke a law meanwhile.
 *
 * Owns: that, across the processes of one machine. Does not own: the machine (memory/memory-machine), when anything happens (played-process).
 *
 * Invariant: a copy shares nothing with its original: every stop continues with a witness of its own.
 */

/** What was seen of the performing of one effect. */
interface Witnessed {
  /** By which process it was performed last. */
  readonly pid: number;
  readonly isSettled: boolean;
}

/** The witness of one machine. */
export class Witness {
  /** Raised by every effect that is performed. */
  version = 0;
  /** Sums of the records that were acknowledged, in order. */
  acknowledged: readonly string[] = [];
  /** What broke a law while it happened; each a sentence. */
  faults: readonly string[] = [];
  readonly #performed = new Map<string, Witnessed>();

  copy(): Witness {
    const copy = new Witness();
    copy.version = this.version;
    copy.acknowledged = this.acknowledged;
    copy.faults = this.faults;
    for (const [key, witnessed] of this.#performed) copy.#performed.set(key, witnessed);
    return copy;
  }

  /** The keys under which effects were performed, sorted. */
  get keys(): readonly string[] {
    return [...this.#performed.keys()].sort();
  }

  /** The effect is performed by the process, which was told so much of its past. */
  perform({ key, kind }: { readonly key: string; readonly kind: string }, pid: number, mayBeRepeated: boolean): void {
    const before = this.#performed.get(key);
    if (before?.pid === pid) this.blame(`${kind} is performed twice by one process under one key`);
    if (before !== undefined && before.pid !== pid && !mayBeRepeated)
      this.blame(`${kind} is performed again, and its performer is not told that it may have been performed before`);
    if (before?.isSettled === true)
      this.blame(`${kind} is performed again after the fact that settles it was acknowledged`);
    this.#performed.set(key, { pid, isSettled: before?.isSettled ?? false });
    this.version += 1;
  }

  /** Whoever answered has been told that the answer is recorded. */
  settle(key: string): void {
    const before = this.#performed.get(key);
    if (before !== undefined) this.#performed.set(key, { ...before, isSettled: true });
  }

  blame(sentence: string): void {
    this.faults = [...this.faults, sentence];
  }
}
