/**
 * When the snapshot of a system is stored; snapshots are stored one after another.
 *
 * Owns: that order. Does not own: where a snapshot is kept (ports/journal), what it holds (kernel/image).
 *
 * Invariants: 1. A snapshot that is stored is never older than one stored before (L7 makes it disposable, not wrong). 2. What its records say has to be kept
 * elsewhere, too, was kept there before.
 */
import { SerialQueue } from '../base/serial-queue.ts';
import { snapshotOf } from '../kernel/image.ts';
import type { AnyState, System } from '../kernel/system.ts';
import { BOUNDS } from '../model/limits.ts';
import type { Snapshots } from '../ports/journal.ts';

/** The committed state of a system. */
export interface Committed {
  /** Null before the first record. */
  readonly state: AnyState | null;
  /** `sum` of the last record. */
  readonly sum: string;
}

/** What records say and is kept elsewhere, too. What is missing there is always found in the records behind the snapshot. */
export interface Elsewhere {
  /** Resolves when everything that was committed before the call is kept there. */
  readonly settle: () => Promise<void>;
  /** Hurries nobody: resolves when somebody has done that, or has failed to. */
  readonly settled: () => Promise<void>;
}

/** What a keeper calls. `fail`: told of a failure before the next snapshot is begun. */
export type SnapshotCalls = Partial<Elsewhere> & { readonly fail: (error: unknown) => void };

/** Keeps the snapshot of one system. */
export class SnapshotKeeper {
  readonly #system: System;
  readonly #snapshots: Snapshots;
  readonly #definitionHash: string;
  readonly #calls: SnapshotCalls;
  readonly #queue = new SerialQueue();
  #storedSeq: number;

  /** `storedSeq`: sequence of the stored snapshot, 0 when there is none. */
  constructor(system: System, snapshots: Snapshots, definitionHash: string, storedSeq: number, calls: SnapshotCalls) {
    this.#system = system;
    this.#snapshots = snapshots;
    this.#definitionHash = definitionHash;
    this.#storedSeq = storedSeq;
    this.#calls = calls;
  }

  /** A snapshot is due when the system comes to rest, and at least every BOUNDS.recordsPerSnapshot records. */
  isDueAt({ root, owed, seq }: AnyState): boolean {
    const isAtRest = root.status !== 'active' || owed.every(({ kind }) => this.#system.effects[kind]?.isRest === true);
    return isAtRest || seq - this.#storedSeq >= BOUNDS.recordsPerSnapshot;
  }

  /** The same where nobody is held up by it: what is kept elsewhere may come there together with others'. */
  async saveLater(look: () => Committed): Promise<void> {
    await this.#calls.settled?.();
    await this.save(look);
  }

  /** Stores the snapshot of what `look` returns when its turn has come. Resolves also where that has failed. */
  save(look: () => Committed): Promise<void> {
    return this.#queue.add(async () => {
      const { state, sum } = look();
      if (state === null || state.seq === this.#storedSeq) return;
      try {
        await this.#calls.settle?.();
        await this.#snapshots.write(snapshotOf(this.#system, state, sum, this.#definitionHash));
        this.#storedSeq = state.seq;
      } catch (error) {
        this.#calls.fail(error);
      }
    });
  }
}
