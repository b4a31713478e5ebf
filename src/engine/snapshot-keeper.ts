/**
 * When the snapshot of a system is stored; snapshots are stored one after another.
 *
 * Owns: that order. Does not own: where a snapshot is kept (ports/journal), what it holds (kernel/image).
 *
 * Invariant: a snapshot that is stored is never older than one stored before (L7 makes it disposable, not wrong).
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

/** Keeps the snapshot of one system. */
export class SnapshotKeeper {
  readonly #system: System;
  readonly #snapshots: Snapshots;
  readonly #definitionHash: string;
  readonly #onFailure: (error: unknown) => void;
  readonly #queue = new SerialQueue();
  #storedSeq: number;

  /** `storedSeq`: sequence of the stored snapshot, 0 when there is none. `onFailure` is told before the next one is begun. */
  constructor(
    system: System,
    snapshots: Snapshots,
    definitionHash: string,
    storedSeq: number,
    onFailure: (error: unknown) => void,
  ) {
    this.#system = system;
    this.#snapshots = snapshots;
    this.#definitionHash = definitionHash;
    this.#storedSeq = storedSeq;
    this.#onFailure = onFailure;
  }

  /** A snapshot is due when the system comes to rest, and at least every BOUNDS.recordsPerSnapshot records. */
  isDueAt({ root, owed, seq }: AnyState): boolean {
    const isAtRest = root.status !== 'active' || owed.every(({ kind }) => this.#system.effects[kind]?.isRest === true);
    return isAtRest || seq - this.#storedSeq >= BOUNDS.recordsPerSnapshot;
  }

  /** Stores the snapshot of what `look` returns when its turn has come. Resolves also where that has failed. */
  save(look: () => Committed): Promise<void> {
    return this.#queue.add(async () => {
      const { state, sum } = look();
      if (state === null || state.seq === this.#storedSeq) return;
      try {
        await this.#snapshots.write(snapshotOf(this.#system, state, sum, this.#definitionHash));
        this.#storedSeq = state.seq;
      } catch (error) {
        this.#onFailure(error);
      }
    });
  }
}
