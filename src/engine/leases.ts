/**
 * Which run holds which surfaces: an index derived from the journals, rebuilt at every start, and what is reserved until a journal says so.
 *
 * Owns: the table of holders and reservations, conflicts over it. Does not own: the lease itself (an event in the run's journal), waking
 * (engine/changes).
 *
 * Invariants: 1. Two runs never hold overlapping surfaces; first come, first served. 2. What a run is about to lease is reserved for it from the
 * check that found it free until its record is durable or has failed: checking before a wait and leasing after it would be a race.
 */
import { locally, overlapping } from '../packets/surfaces.ts';
import { Changes } from './changes.ts';

/** What one run holds, and until when. */
export interface Hold {
  readonly runId: string;
  readonly surfaces: readonly string[];
  readonly expiresAtMs: number;
}

/** The run that is in the way, and where. */
export interface Conflict {
  readonly holder: Hold;
  /** What was asked for and overlaps. */
  readonly surfaces: readonly string[];
  /** What the holder has of it. */
  readonly held: readonly string[];
}

/** Which run holds which surfaces. */
export class LeaseTable {
  readonly #holds = new Map<string, Hold>();
  readonly #reserved = new Set<Hold>();
  readonly #changes = new Changes();

  /** Sets what the run holds, as its journal says; null: nothing. Waiters check again. */
  set(runId: string, hold: Omit<Hold, 'runId'> | null): void {
    const before = this.#holds.get(runId);
    if (hold === null) this.#holds.delete(runId);
    else this.#holds.set(runId, { runId, ...hold });
    if (before !== undefined && hold === null) this.wake();
  }

  /**
   * Reserves the surfaces, which are free, for the run until the returned function is called: by then its journal holds them, or they are free again. Throws where they
   * are not free: our bug.
   */
  reserve(runId: string, surfaces: readonly string[]): () => void {
    const conflict = this.conflict(runId, surfaces);
    if (conflict !== null)
      throw new Error(`bug: ${runId} reserves what ${conflict.holder.runId} holds: ${conflict.surfaces.join(', ')}`);
    // Together with what it holds, which shows how it names the repository.
    const held = this.#holds.get(runId)?.surfaces ?? [];
    const reservation: Hold = { runId, surfaces: [...held, ...surfaces], expiresAtMs: Number.POSITIVE_INFINITY };
    this.#reserved.add(reservation);
    return () => {
      if (this.#reserved.delete(reservation) && surfaces.length > 0) this.wake();
    };
  }

  /** The first hold of another run that overlaps, or null. */
  conflict(runId: string, surfaces: readonly string[]): Conflict | null {
    return this.conflicts(runId, surfaces)[0] ?? null;
  }

  /** Every hold, or reservation, of another run that overlaps, with those of `surfaces` that do. */
  conflicts(runId: string, surfaces: readonly string[]): readonly Conflict[] {
    const whole = [...surfaces, ...(this.#holds.get(runId)?.surfaces ?? [])];
    const asked = locally(surfaces, whole);
    return [...this.#holds.values(), ...this.#reserved]
      .filter((holder) => holder.runId !== runId)
      .map((holder) => {
        const held = locally(holder.surfaces);
        return { holder, surfaces: overlapping(asked, held), held: overlapping(held, asked) };
      })
      .filter((conflict) => conflict.surfaces.length > 0);
  }

  /** All waiters check again, in the order of waiting. */
  wake(): void {
    this.#changes.announce();
  }

  /** Resolves at the next change, or when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#changes.next(signal);
  }
}
