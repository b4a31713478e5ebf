/**
 * fsync and fdatasync: in the thread pool, or at once where the disk is faster than the way to the pool and back.
 *
 * Owns: that choice. Does not own: the calls themselves (adapters/node-fs), what a failed sync means (store).
 *
 * Invariants: 1. Syncs that are asked for together, or while another one is under way, overlap in the pool. 2. A sync blocks this thread only while the disk is
 * known to be fast; the first slow one ends that.
 */
import { spanMs } from '../base/elapsed.ts';

/** A sync that is shorter costs less than its way through the pool: 50 to 100 µs, as measured (docs/benchmarks.md). */
export const SHORT_MS = 0.5;
/** The disk counts as fast after so many short syncs in a row. */
export const SHORT_IN_A_ROW = 32;

/** A system call on a descriptor. */
export type SyncCall = 'fsync' | 'fdatasync';

/** How a sync is done. */
export interface SyncWays {
  /** In the thread pool. */
  inPool(call: SyncCall, fd: number, done: (error: Error | null) => void): void;
  /** On the calling thread. */
  atOnce(call: SyncCall, fd: number): void;
  /** Milliseconds, with fractions, of a clock that is never set. */
  nowMs(): number;
}

interface Waiting {
  readonly call: SyncCall;
  readonly fd: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The syncs of one process. */
export class DiskSyncs {
  readonly #ways: SyncWays;
  #waiting: Waiting[] = [];
  #inPool = 0;
  #shortInARow = 0;

  constructor(ways: SyncWays) {
    this.#ways = ways;
  }

  /** Resolves when the call has returned; rejects with its error. */
  sync(call: SyncCall, fd: number): Promise<void> {
    return new Promise((resolve, reject) => {
      // After everything else that can go on now: it may ask for a sync as well, and the two are to overlap.
      if (this.#waiting.length === 0) process.nextTick(() => this.#begin());
      this.#waiting.push({ call, fd, resolve, reject });
    });
  }

  #begin(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const isAlone = waiting.length === 1 && this.#inPool === 0;
    const isAtOnce = isAlone && this.#shortInARow >= SHORT_IN_A_ROW;
    for (const each of waiting) {
      if (isAtOnce) this.#doAtOnce(each);
      else this.#doInPool(each);
    }
  }

  #doAtOnce({ call, fd, resolve, reject }: Waiting): void {
    const startMs = this.#ways.nowMs();
    try {
      this.#ways.atOnce(call, fd);
    } catch (error) {
      reject(error);
      return;
    }
    this.#note(startMs);
    resolve();
  }

  #doInPool({ call, fd, resolve, reject }: Waiting): void {
    const startMs = this.#ways.nowMs();
    this.#inPool += 1;
    this.#ways.inPool(call, fd, (error) => {
      this.#inPool -= 1;
      this.#note(startMs);
      if (error === null) resolve();
      else reject(error);
    });
  }

  #note(startMs: number): void {
    this.#shortInARow = spanMs(startMs, this.#ways.nowMs()) < SHORT_MS ? this.#shortInARow + 1 : 0;
  }
}
