/**
 * The effects of one system that are being performed in this process.
 *
 * Owns: beginning them, calling them off, waiting for their ends. Does not own: what is owed (engine/live-system), what an effect does (its performer).
 *
 * Invariant: an effect is performed once at a time, and one that has ended, however it ended, is no longer under way.
 */
import type { PlainEffect } from '../model/system-record.ts';

/** Performs one effect to its settlement, committing what it finds. Ends early when `signal` aborts. */
export type EffectPerformer<Effect> = (effect: Effect, signal: AbortSignal) => Promise<void>;

/** One effect while it is performed. */
interface Performance {
  readonly kind: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** Selects effects of a system. */
export type KindFilter = (kind: string) => boolean;

/** What `abort` makes by itself, but once: that takes as long as much of a record does. */
const CALLED_OFF = new DOMException('the effect is not wanted any more', 'AbortError');

/** The effects under way. */
export class UnderWay<Effect extends PlainEffect> {
  readonly #performances = new Map<string, Performance>();
  readonly #onFailure: (error: unknown) => void;
  readonly #onRest: () => void;

  /** `onFailure` takes what a performer throws; `onRest` is called after the end of each. */
  constructor(onFailure: (error: unknown) => void, onRest: () => void) {
    this.#onFailure = onFailure;
    this.#onRest = onRest;
  }

  get isEmpty(): boolean {
    return this.#performances.size === 0;
  }

  has(key: string): boolean {
    return this.#performances.has(key);
  }

  hasAny(isMeant: KindFilter): boolean {
    return this.#those(isMeant).length > 0;
  }

  begin(effect: Effect, perform: EffectPerformer<Effect>): void {
    const abort = new AbortController();
    const done = Promise.resolve()
      .then(() => (abort.signal.aborted ? undefined : perform(effect, abort.signal)))
      .catch(this.#onFailure)
      .finally(() => {
        this.#performances.delete(effect.key);
        this.#onRest();
      });
    this.#performances.set(effect.key, { kind: effect.kind, abort, done });
  }

  /** Cancels those for which `isWanted` is false. */
  callOff(isWanted: (key: string) => boolean = () => false): void {
    for (const [key, { abort }] of this.#performances) if (!isWanted(key)) abort.abort(CALLED_OFF);
  }

  /** Resolves when those have ended. */
  async ended(isMeant: KindFilter = () => true): Promise<void> {
    await Promise.all(this.#those(isMeant).map(({ done }) => done));
  }

  #those(isMeant: KindFilter): readonly Performance[] {
    return [...this.#performances.values()].filter(({ kind }) => isMeant(kind));
  }
}
